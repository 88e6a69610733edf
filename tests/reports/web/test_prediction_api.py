"""The API over a real champion and a real database: what it answers, logs and refuses, and that drift reads what it logged."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from pipeline.errors import WorkspaceError
from pipeline.intake.window_rows import window_rows
from pipeline.intake.windows import logged_window
from pipeline.measures.risk_tiers import tier_of
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.serving.customer_input import customer_input
from pipeline.serving.known_fields import known_in
from pipeline.serving.prediction_service import PredictionService
from pipeline.state.database import outcomes, predictions
from pipeline.state.offers import read_offers
from pipeline.state.predictions import read_labelled
from pipeline.windows.baseline import baseline_of
from reports.decisions.rulings import hold
from reports.web.api_keys import ApiKeys
from reports.web.body_door import LARGEST_BODY
from reports.web.prediction_api import api_router
from tests.conftest import NOON
from tests.pipeline.serving.swaps import another_model, deploy


def customer(opened: Opened, **changes: object) -> dict[str, Any]:
    columns = opened.settings.data.columns
    usual = {
        "gender": "Female",
        "SeniorCitizen": 0,
        "Partner": "Yes",
        "Contract": "Month-to-month",
        "InternetService": "Fiber optic",
        "PaymentMethod": "Electronic check",
        "tenure": 2,
        "MonthlyCharges": 89.5,
        "TotalCharges": None,
    }
    return {"customerID": "C-1", **dict.fromkeys(columns.categorical, "No"), **usual, **changes}


@pytest.fixture
def api(trained: Opened) -> Iterator[TestClient]:
    with client_of(trained) as client:
        yield client


def client_of(opened: Opened) -> TestClient:
    desk = PredictionService(opened)
    app = FastAPI(lifespan=lambda _app: desk.staffed())
    app.include_router(api_router(desk, customer_input(known_in(opened, desk.fields)), ApiKeys()))
    return TestClient(app)


def logged(opened: Opened) -> list[Any]:
    with opened.state.read() as connection:
        return list(connection.execute(select(predictions).order_by(predictions.c.seq)))


def test_an_answer_says_all_that_is_needed_and_its_row_is_what_drift_reads(trained: Opened, api: TestClient) -> None:
    champion, artifact = open_champion(trained)
    sent = customer(trained)
    said = api.post("/predict", json=sent)
    assert said.status_code == 200, said.text
    answer = said.json()
    assert answer.keys() == {
        "id",
        "probability",
        "label",
        "threshold",
        "risk_category",
        "action",
        "expected_value",
        "reasons",
        "model_version",
        "model_digest",
        "predicted_at",
    }
    assert (answer["id"], answer["model_version"], answer["model_digest"]) == ("C-1", champion.version, champion.digest)
    assert answer["label"] == ("Churned" if answer["probability"] >= answer["threshold"] else "Retained")
    assert answer["risk_category"] == tier_of(answer["probability"])
    assert 1 <= len(answer["reasons"]) <= 3
    assert datetime.fromisoformat(answer["predicted_at"]) == NOON
    (row,) = logged(trained)
    assert (row.id, row.model_version, row.score) == ("C-1", champion.version, answer["probability"])
    assert row.features == {name: sent[name] if name != "SeniorCitizen" else "0" for name in trained.settings.data.columns.features}

    trained.clock.advance(hours=1)  # type: ignore[attr-defined]
    batch = api.post("/predict/batch", json={"customers": [customer(trained, customerID=f"B-{n}", tenure=n) for n in range(40)]}).json()
    assert [one["id"] for one in batch["predictions"]] == [f"B-{n}" for n in range(40)]
    window = logged_window(trained, champion, baseline_of(artifact))
    assert window.rows == 41
    frame = window_rows(window)
    assert artifact.scores(frame).tolist() == [row.score for row in logged(trained)]


def test_one_customer_alone_and_in_a_batch_get_the_same_answer(trained: Opened, api: TestClient) -> None:
    sent = customer(trained, tenure=31, Contract="never seen", TotalCharges=1e30)
    alone = api.post("/predict", json=sent).json()
    (among,) = api.post("/predict/batch", json={"customers": [sent]}).json()["predictions"]
    assert alone == among


def test_a_list_waits_for_people_and_a_single_answer_does_not(trained: Opened, api: TestClient) -> None:
    hold(trained, "2026-11-21-abc123")
    sent = customer(trained)
    assert api.post("/predict", json=sent).status_code == 200
    refused = api.post("/predict/batch", json={"customers": [sent]})
    assert (refused.status_code, refused.json()["cases"]) == (409, ["2026-11-21-abc123"])
    assert "case 2026-11-21-abc123" in refused.json()["detail"]
    assert len(logged(trained)) == 1, "what is refused is not logged"
    assert api.post("/predict/batch?despite=2026-11-21-abc123", json={"customers": [sent]}).status_code == 200
    entry = trained.ledger.last(("went_on",))
    assert entry is not None
    assert (entry.case_id, entry.body["rows"]) == ("2026-11-21-abc123", 1)


def test_what_is_not_taken_leaves_no_row(trained: Opened, api: TestClient) -> None:
    wrong = customer(trained, tenure="two", new=1)
    said = api.post("/predict", json=wrong)
    assert said.status_code == 422
    assert {(one["field"], one["rule"]) for one in said.json()["detail"]} == {("tenure", "float_type"), ("new", "unknown_field")}
    said = api.post("/predict/batch", json={"customers": [customer(trained), wrong]})
    assert said.status_code == 422
    assert {one["row"] for one in said.json()["detail"]} == {1}
    assert api.post("/predict", content=json.dumps(customer(trained))).status_code == 415
    assert api.post("/predict", content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    json_type = {"content-type": "application/json"}
    assert api.post("/predict", content=b" " * (LARGEST_BODY + 1), headers=json_type).status_code == 413
    pieces = (b" " * 1_000_000 for _ in range(6))
    assert api.post("/predict", content=pieces, headers=json_type).status_code == 413
    assert api.get("/predict").status_code == 405
    assert logged(trained) == []


def test_an_answer_that_can_not_be_written_down_is_not_given(trained: Opened, api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise WorkspaceError("The state database does not answer.", "Look after it.")

    monkeypatch.setattr(trained.state, "write", away)
    said = api.post("/predict", json=customer(trained))
    assert (said.status_code, said.json()) == (503, {"detail": "The state database does not answer. Look after it."})
    assert api.post("/outcomes", json={"outcomes": [{"id": "C-1", "churned": True}]}).status_code == 503


def test_a_failure_nobody_thought_of_is_counted_and_tells_no_secret(
    trained: Opened, api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(trained.state, "write", fail)
    said = api.post("/predict", json=customer(trained))
    assert (said.status_code, "secret" in said.text) == (500, False)
    assert 'churnops_requests_total{route="/predict",status="500"} 1.0' in api.get("/metrics").text


def test_after_a_deploy_the_next_answer_is_the_new_champions(trained: Opened, api: TestClient) -> None:
    assert api.post("/predict", json=customer(trained)).json()["model_version"] == "1"
    deploy(trained, another_model(trained, 1), "2")
    assert api.post("/predict", json=customer(trained)).json()["model_version"] == "2"
    assert api.get("/readyz").json()["model_version"] == "2"
    assert [row.model_version for row in logged(trained)] == ["1", "2"]


def test_a_pointer_that_is_not_believed_is_said_while_the_verified_champion_answers(trained: Opened, api: TestClient) -> None:
    trained.workspace.champion_pointer.write_text("{}")
    assert api.post("/predict", json=customer(trained)).json()["model_version"] == "1"
    ready = api.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert "is not a champion pointer" in ready.json()["problem"]
    assert "churnops_champion_problem 1.0" in api.get("/metrics").text


def test_without_a_champion_there_is_no_answer_but_the_next_step(fresh: Opened) -> None:
    with client_of(fresh) as api:
        assert api.get("/healthz").json() == {"status": "ok"}
        for said in (api.get("/readyz"), api.post("/predict", json=customer(fresh))):
            assert said.status_code == 503
            assert "churnops train" in said.text


def test_outcomes_are_taken_once_for_customers_that_were_predicted(trained: Opened, api: TestClient) -> None:
    at = api.post("/predict", json=customer(trained)).json()["predicted_at"]
    api.post("/predict", json=customer(trained, customerID=77))

    def say(*told: dict[str, object]) -> tuple[int, list[str]]:
        said = api.post("/outcomes", json={"outcomes": told})
        return said.status_code, [one["result"] for one in said.json()["outcomes"]]

    first = {"id": "C-1", "churned": "Yes", "predicted_at": at, "observed_at": "2026-11-21T13:00:00+01:00"}
    assert say(first, {"id": 77, "churned": False}, {"id": "C-2", "churned": True}) == (200, ["added", "added", "unknown"])
    assert say(first, {"id": "77", "churned": "Retained"}) == (200, ["known", "known"])
    assert say({**first, "churned": "Retained"}, {**first, "churned": "Retained"}) == (200, ["corrected", "known"])
    assert say({**first, "predicted_at": "2026-11-20T11:00:00Z"}) == (404, ["unknown"])
    with trained.state.read() as connection:
        rows = connection.execute(select(outcomes.c.id, outcomes.c.churned).order_by(outcomes.c.seq)).all()
    assert rows == [("C-1", 1), ("77", 0), ("C-1", 0)]
    day = timedelta(days=1)
    known = read_labelled(trained.state, trained.settings.data.columns, NOON - day, NOON + day, NOON)
    assert dict(zip(known["_id"], known["_churned"], strict=True)) == {"C-1": 0, "77": 0}


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("churned", "Perhaps", "unknown_word"),
        ("churned", "No", "unknown_word"),
        ("churned", 2, "unknown_word"),
        ("churned", 1.0, "unknown_word"),
        ("churned", None, "unknown_word"),
        ("observed_at", "2026-11-21T11:00:00", "timezone_aware"),
        ("observed_at", 5, "datetime_type"),
        ("id", "", "too_short"),
        ("more", 1, "unknown_field"),
    ],
)
def test_an_outcome_that_can_not_be_read_is_named(trained: Opened, api: TestClient, field: str, value: object, rule: str) -> None:
    told = {"id": "C-1", "churned": True, "observed_at": datetime(2026, 11, 1, tzinfo=UTC).isoformat(), field: value}
    said = api.post("/outcomes", json={"outcomes": [told]})
    assert said.status_code == 422
    (wrong,) = said.json()["detail"]  # one mistake, one finding
    assert (wrong["row"], wrong["field"], wrong["rule"]) == (0, field, rule)
    if field == "churned":
        assert wrong["allowed"] == 'true or false, 1 or 0, or one of the words "Retained", "Churned", "Yes"'


def test_a_wrong_time_of_observation_is_corrected_and_an_impossible_one_refused(trained: Opened, api: TestClient) -> None:
    at = api.post("/predict", json=customer(trained)).json()["predicted_at"]
    trained.clock.advance(days=40)  # type: ignore[attr-defined]
    now = trained.clock()

    def say(observed: datetime, **named: object) -> Any:
        told = {"id": "C-1", "churned": True, "observed_at": observed.isoformat(), **named}
        said = api.post("/outcomes", json={"outcomes": [{"id": "C-1", "churned": True, "predicted_at": at}, told]})
        return said.json()["outcomes"][1]["result"] if said.status_code == 200 else said.json()["detail"]

    week = timedelta(days=7)
    assert say(NOON + week, predicted_at=at) == "corrected"
    assert say(NOON + 2 * week, predicted_at=at) == "corrected"
    assert say(NOON + 2 * week, predicted_at=at) == "known"
    columns, day = trained.settings.data.columns, timedelta(days=1)
    for known_at, labelled in ((NOON + week, 0), (NOON + 2 * week, 1)):
        assert len(read_labelled(trained.state, columns, NOON - day, NOON + day, known_at)) == labelled
    for observed, named, rule, allowed in (
        (now + timedelta(minutes=6), {}, "in_the_future", "a time that has passed, or null for now"),
        (
            NOON - timedelta(minutes=6),
            {"predicted_at": at},
            "before_the_prediction",
            "a time not before that of the prediction, or null for now",
        ),
        (NOON - day, {}, "before_the_prediction", "a time not before that of the first prediction of this id, or null for now"),
    ):
        assert say(observed, **named) == [{"row": 1, "field": "observed_at", "rule": rule, "allowed": allowed}]
    assert say(now + timedelta(minutes=4)) == "added", "clocks differ by minutes"


@pytest.mark.parametrize(("churned", "kept"), [(True, 1), (False, 0), (1, 1), (0, 0), ("Yes", 1), ("Churned", 1), ("Retained", 0)])
def test_an_outcome_is_said_in_several_forms(trained: Opened, api: TestClient, churned: object, kept: int) -> None:
    api.post("/predict", json=customer(trained))
    assert api.post("/outcomes", json={"outcomes": [{"id": "C-1", "churned": churned}]}).status_code == 200
    with trained.state.read() as connection:
        assert connection.execute(select(outcomes.c.churned)).scalars().all() == [kept]


def test_where_customers_have_no_id_each_answer_gets_one_of_its_own(trained: Opened) -> None:
    data = trained.settings.data.model_copy(update={"id": ""})
    nameless = replace(trained, settings=trained.settings.model_copy(update={"data": data}))
    deploy(trained, another_model(trained, 1, columns=data.columns.model_dump()), "2")
    sent = {name: value for name, value in customer(trained).items() if name != "customerID"}
    with client_of(nameless) as api:
        ids = [api.post("/predict", json=sent).json()["id"] for _ in range(2)]
        told = [{"id": id_, "churned": True} for id_ in ids]
        assert [one["result"] for one in api.post("/outcomes", json={"outcomes": told}).json()["outcomes"]] == ["added"] * 2
    assert len(set(ids)) == 2
    assert [row.id for row in logged(trained)] == ids


def test_the_counters_count(trained: Opened, api: TestClient) -> None:
    api.post("/predict/batch", json={"customers": [customer(trained), customer(trained)]})
    api.post("/predict", json={})
    text = api.get("/metrics").text
    assert 'churnops_requests_total{route="/predict/batch",status="200"} 1.0' in text
    assert 'churnops_requests_total{route="/predict",status="422"} 1.0' in text
    assert "churnops_committed_rows_total 2.0" in text
    assert "churnops_champion_ledger_row " in text


def test_the_description_names_every_column(trained: Opened, api: TestClient) -> None:
    described = api.get("/openapi.json").json()
    schema = described["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["properties"]) == {"customerID", *trained.settings.data.columns.features} == set(schema["required"])
    assert schema["additionalProperties"] is False
    many = described["paths"]["/predict/batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert many["properties"]["customers"]["items"] == schema
    assert "$defs" not in json.dumps(described)


def test_offers_are_taken_once_for_customers_that_were_predicted(trained: Opened, api: TestClient) -> None:
    api.post("/predict", json=customer(trained))
    told = [{"id": "C-1", "offered_at": NOON.isoformat(), "kind": "call"}, {"id": "C-1", "held_out": True}, {"id": "C-2"}]

    def said() -> tuple[int, list[str]]:
        answer = api.post("/offers", json={"offers": told})
        return answer.status_code, [one["result"] for one in answer.json()["offers"]]

    assert said() == (200, ["added", "added", "unknown"])
    assert said() == (200, ["known", "known", "unknown"])
    assert api.post("/offers", json={"offers": told[2:]}).status_code == 404
    found = read_offers(trained.state, NOON - timedelta(days=1), NOON + timedelta(days=1))
    assert sorted(zip(found["kind"], found["held_out"], strict=True)) == [("", True), ("call", False)]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"id": "C-1", "offered_at": (NOON + timedelta(days=1)).isoformat()}, "offered_at"),
        ({"id": "C-1", "offered_at": "2026-01-31T10:00:00"}, "offered_at"),
        ({"id": "C-1", "held_out": "yes"}, "held_out"),
        ({"id": "C-1", "price": 3}, "price"),
        ({}, "id"),
    ],
)
def test_an_offer_that_cannot_be_is_refused_by_its_field(trained: Opened, api: TestClient, told: dict[str, Any], field: str) -> None:
    api.post("/predict", json=customer(trained))
    answer = api.post("/offers", json={"offers": [told]})
    assert (answer.status_code, [one["field"].split(".")[-1] for one in answer.json()["detail"]]) == (422, [field])
    assert read_offers(trained.state, NOON - timedelta(days=9), NOON + timedelta(days=9)).empty


def test_an_explanation_that_cannot_be_given_is_said_and_nothing_is_logged(
    api: TestClient, trained: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.explanation.explainer.find_spec", lambda _name: None)
    asked = api.post("/predict?explain=true", json=customer(trained))
    assert asked.status_code == 501
    assert "churnops[explain]" in asked.json()["detail"]
    assert api.post("/predict?explain=perhaps", json=customer(trained)).status_code == 422
    with trained.state.read() as connection:
        assert connection.execute(select(predictions.c.id)).all() == []
    assert "explanation" not in api.post("/predict?explain=false", json=customer(trained)).json()


@pytest.mark.slow
def test_an_explanation_adds_up_to_the_answer_and_says_how_others_agree(api: TestClient, trained: Opened) -> None:
    pytest.importorskip("shap", reason="the extra explain is not installed")
    answer = api.post("/predict?explain=true", json=customer(trained)).json()
    told = answer["explanation"]
    assert told["probability"] == answer["probability"]
    assert told["base"] + sum(one["effect"] for one in told["contributions"]) == pytest.approx(told["response"], abs=1e-9)
    assert {one["feature"] for one in told["contributions"]} == set(trained.settings.data.columns.features)
    assert told["reasons_agree"]["rank_correlation"] > 0.5
    assert told["second_agrees"]["rank_correlation"] > 0.5


def test_what_any_model_of_the_workspace_takes_is_taken_and_what_the_champion_lacks_is_named(trained: Opened, api: TestClient) -> None:
    known = open_champion(trained)[1].manifest.columns
    sent = customer(trained)
    fewer = {name: value for name, value in sent.items() if name != "gender"}
    more = {**fewer, "SupportCalls": 3}
    assert api.post("/predict", json=sent).json().keys() & {"missing_fields"} == set()
    assert {(wrong["field"], wrong["rule"]) for wrong in api.post("/predict", json=more).json()["detail"]} == {
        ("gender", "missing"),
        ("SupportCalls", "unknown_field"),
    }
    columns = known.without(["gender"]).model_copy(update={"numerical": (*known.numerical, "SupportCalls")})
    another_model(trained, 1, columns=columns.model_dump(mode="json"))
    answer = api.post("/predict", json=more)
    assert (answer.status_code, answer.json()["missing_fields"], answer.json()["model_version"]) == (200, ["gender"], "1")
    assert api.post("/predict", json=sent).status_code == 200
    assert logged(trained)[-2].features["SupportCalls"] == 3
    batch = api.post("/predict/batch", json={"customers": [sent, more]}).json()["predictions"]
    assert [one.get("missing_fields") for one in batch] == [None, ["gender"]]
    still = {name: value for name, value in sent.items() if name != "tenure"}
    assert api.post("/predict", json=still).json()["detail"][0]["field"] == "tenure"


def test_unknown_fields_are_passed_over_where_the_workspace_says_so(trained: Opened) -> None:
    serving = trained.settings.serving.model_copy(update={"unknown_fields": "ignore"})
    settings = trained.settings.model_copy(update={"serving": serving})
    with client_of(replace(trained, settings=settings)) as client:
        assert client.post("/predict", json=customer(trained, campaign="spring")).status_code == 200
    assert "campaign" not in logged(trained)[-1].features
