"""Every bound of the policy holds at the tools, whoever calls: a refusal names its rule in policy.toml and what is allowed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline.diagnosis.diagnosis import Action, Diagnosis
from pipeline.diagnosis.finding import Cause
from pipeline.errors import Refusal, TrainingError
from pipeline.families import family_named
from pipeline.record.cases import Call, Case, Challenger, Override, RuledCause
from pipeline.record.opened_workspace import Opened
from pipeline.words import action_name, cause_name
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tests.conftest import NOON, Clock
from tests.tools.desk import case_of, desk, diagnosis_of, metrics_of, train_on_record, training_result, under
from tools.guard import check_action, check_budget, check_hyperparameters, check_mode, check_training

pytestmark = pytest.mark.anyio

# An argument the last check of all refuses: who gets that far has passed the others, and nothing is trained.
LAST = {"n_estimators": 1}
LAST_RULE = "Rule `hyperparameters.random_forest.n_estimators` in policy.toml: 200 to 300"


def move(opened: Opened, **span: float) -> None:
    """Let time pass in the workspace."""
    assert isinstance(opened.clock, Clock)
    opened.clock.advance(**span)


async def refused_training(opened: Opened, case: Case, **arguments: Any) -> str:
    """What `run_training` said; nothing may have been trained."""
    before = opened.cases.trainings(case.case_id)
    async with desk(opened) as client:
        said = await client.refused("run_training", case_id=case.case_id, **arguments)
    assert opened.cases.trainings(case.case_id) == before
    return said


@pytest.mark.parametrize(
    ("facts", "rule", "words"),
    [
        ({"share": None, "rows": 199}, "drift.min_rows", ("199 rows", "below 200")),
        ({"labelled": 199}, "training.min_labelled_rows", ("199 rows", "at least 200", "collect_labels")),
        ({"labelled": 0, "churners": 0}, "training.min_labelled_rows", ("0 rows", "at least 200", "collect_labels")),
        ({"churners": 39}, "training.min_labelled_churners", ("39", "at least 40", "collect_labels")),
        ({"labelled": 400, "churners": 361}, "training.min_labelled_churners", ("39", "at least 40", "collect_labels")),
    ],
)
async def test_a_window_that_does_not_allow_training(trained: Opened, facts: dict[str, Any], rule: str, words: tuple[str, ...]) -> None:
    said = await refused_training(trained, case_of(trained, **facts))
    for word in (f"Rule `{rule}` in policy.toml", *words):
        assert word in said


@pytest.mark.parametrize(
    "facts", [{"share": 0.0}, {"share": 0.2}, {"share": 0.95}, {"rows": 200}, {"labelled": 200}, {"churners": 40}, {"churners": 360}]
)
async def test_a_window_just_inside_every_bound_is_let_through_to_the_last_check(trained: Opened, facts: dict[str, Any]) -> None:
    assert LAST_RULE in await refused_training(trained, case_of(trained, **facts), **LAST)


async def test_a_case_without_a_measured_drift_cannot_train(trained: Opened) -> None:
    said = await refused_training(trained, case_of(trained, drift=None, window=None))
    assert "Rule `bands` in policy.toml" in said
    assert "get_drift_summary" in said


@pytest.mark.parametrize("lacking", ["drift", "window"])
def test_of_a_window_and_its_drift_neither_is_enough_alone(trained: Opened, lacking: str) -> None:
    with pytest.raises(Refusal, match="Drift is not measured yet"):
        check_training(case_of(trained, **{lacking: None}), (), None, trained.clock(), trained.policy)


@pytest.mark.parametrize(("seconds", "spent"), [(0.5, False), (0.0, True), (-0.5, True)])
def test_a_budget_of_seconds_is_spent_when_none_is_left(trained: Opened, seconds: float, spent: bool) -> None:
    case, limit = case_of(trained), trained.policy.limits.seconds
    took = [limit / 2, limit / 2 - seconds]
    calls = [Call(number=1, at=NOON, tool="diagnose", arguments={}, outcome="ok", seconds=one, result={}) for one in took]
    if not spent:
        check_budget(case, calls, trained.policy)
        return
    with pytest.raises(Refusal) as refused:
        check_budget(case, calls, trained.policy)
    assert refused.value.rule == "limits.seconds"


def test_a_family_whose_package_is_not_installed_is_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = replace(family_named("random_forest"), packages=("no-such-package",))
    monkeypatch.setattr("pipeline.models.unfitted_model.family_named", lambda _: lacking)
    with pytest.raises(TrainingError, match="random_forest needs no-such-package, which is not installed"):
        check_hyperparameters("random_forest", {}, load_policy(policy_text(), {}))


FAULTS: tuple[Cause, ...] = ("data_fault", "label_fault")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
@pytest.mark.parametrize("cause", ["none", "covariate_benign", *FAULTS])
async def test_no_training_where_the_diagnosis_does_not_ask_for_it_whatever_the_share(trained: Opened, cause: Cause, share: float) -> None:
    said = await refused_training(trained, case_of(trained, share=share, diagnosis=diagnosis_of(cause)), **LAST)
    assert f"The diagnosis is {cause_name(cause)} (confidence 0.87)" in said
    assert "Rule `diagnosis` in policy.toml" in said
    assert "churnops case override" in said


@pytest.mark.parametrize("cause", FAULTS)
@pytest.mark.parametrize("action", ["retrain", "recalibrate"])
async def test_faults_are_not_trained_on_even_where_the_action_would(trained: Opened, cause: Cause, action: Action) -> None:
    assert "`diagnosis`" in await refused_training(trained, case_of(trained, diagnosis=diagnosis_of(cause, action)), **LAST)


@pytest.mark.parametrize("action", ["monitor", "collect_labels"])
async def test_a_harmful_change_that_no_other_model_answers_is_not_trained_on(trained: Opened, action: Action) -> None:
    case = case_of(trained, diagnosis=diagnosis_of("concept_drift", action))
    assert f"asks for: {action_name(action)}" in await refused_training(trained, case, **LAST)


@pytest.mark.parametrize(("share", "allowed"), [(0.1, False), (0.3, False), (0.41, True)])
async def test_an_unsure_diagnosis_leaves_it_to_the_retrain_band(trained: Opened, share: float, allowed: bool) -> None:
    said = await refused_training(trained, case_of(trained, share=share, diagnosis=diagnosis_of("unsure")), **LAST)
    assert (LAST_RULE if allowed else "`diagnosis`") in said


@pytest.mark.parametrize(("share", "refused"), [(0.0, True), (0.1999, True), (0.2, False), (0.95, False)])
def test_without_a_diagnosis_the_bands_decide(trained: Opened, share: float, refused: bool) -> None:
    case = case_of(trained, share=share, diagnosis=None)
    if not refused:
        check_training(case, (), None, trained.clock(), trained.policy)
        return
    with pytest.raises(Refusal, match=r"Rule `bands.monitor_below` in policy.toml: training from 0.2 upwards"):
        check_training(case, (), None, trained.clock(), trained.policy)


@pytest.mark.parametrize("cause", ["concept_drift", "covariate_harmful", "prior_shift"])
@pytest.mark.parametrize("diagnosis", [diagnosis_of("data_fault"), diagnosis_of("none"), None])
def test_a_persons_word_opens_the_guard_for_that_case_alone(trained: Opened, cause: RuledCause, diagnosis: Diagnosis | None) -> None:
    one = case_of(trained, "one", share=0.05, diagnosis=diagnosis, override=override_of(trained, cause))
    check_training(one, (), None, trained.clock(), trained.policy)
    with pytest.raises(Refusal):
        check_training(case_of(trained, "another", share=0.05, diagnosis=diagnosis), (), None, trained.clock(), trained.policy)


@pytest.mark.parametrize("cause", ["none", "covariate_benign", *FAULTS])
def test_a_persons_word_closes_it_too(trained: Opened, cause: RuledCause) -> None:
    case = case_of(trained, share=0.95, override=override_of(trained, cause))
    with pytest.raises(Refusal, match=f"The diagnosis is {cause_name(cause)}"):
        check_training(case, (), None, trained.clock(), trained.policy)


def test_a_persons_word_does_not_stand_in_for_outcomes_retries_or_cooldown(trained: Opened) -> None:
    word = override_of(trained, "concept_drift")
    for facts, last, rule in (
        ({"labelled": 199}, None, "training.min_labelled_rows"),
        ({"share": None, "rows": 199}, None, "drift.min_rows"),
        ({}, NOON, "training.cooldown_hours"),
    ):
        case = case_of(trained, rule, override=word, **facts)
        with pytest.raises(Refusal) as refused:
            check_training(case, (), last, trained.clock(), trained.policy)
        assert refused.value.rule == rule


def test_to_recalibrate_without_any_choice_is_let_through_and_so_is_a_choice_in_another_mode() -> None:
    check_mode("recalibrate", None, {})
    check_mode("combined", "random_forest", {"n_estimators": 250})


@pytest.mark.parametrize("given", [{"estimator": "random_forest"}, {"n_estimators": 250}, {"C": 1.0}])
async def test_to_recalibrate_there_is_nothing_to_choose(trained: Opened, given: dict[str, Any]) -> None:
    said = await refused_training(trained, case_of(trained), mode="recalibrate", **given)
    assert "Rule `hyperparameters` in policy.toml: leave out" in said


async def test_three_failed_trainings_are_all_there_are(trained: Opened) -> None:
    case = case_of(trained)
    for n_estimators in (200, 250, 300):
        assert LAST_RULE in await refused_training(trained, case, **LAST)
        train_on_record(trained, case, n_estimators=n_estimators)
    said = await refused_training(trained, case, n_estimators=220)
    assert "3 trainings used" in said
    assert "Rule `training.retries` in policy.toml: 1 + 2 a case" in said


async def test_a_training_that_was_cut_off_uses_up_no_retry_of_its_own_case(trained: Opened) -> None:
    case = case_of(trained)
    for _ in range(3):
        train_on_record(trained, case, finished=False)
    assert LAST_RULE in await refused_training(trained, case, **LAST)


async def test_a_case_whose_challenger_waits_trains_no_further(trained: Opened) -> None:
    said = await refused_training(trained, with_challenger(trained), n_estimators=220)
    assert "Rule `training.retries` in policy.toml" in said
    assert "a person decides" in said


@pytest.mark.parametrize("finished", [True, False], ids=["finished", "cut off"])
async def test_another_cases_training_cools_down_for_a_day_even_when_it_was_cut_off(trained: Opened, finished: bool) -> None:
    train_on_record(trained, case_of(trained, "another"), finished=finished)
    case = case_of(trained, "this one")
    move(trained, hours=23, minutes=59, seconds=59)
    said = await refused_training(trained, case, **LAST)
    assert "Rule `training.cooldown_hours` in policy.toml" in said
    assert "2026-11-21 12:00 UTC" in said
    assert "from 2026-11-22 12:00 UTC on" in said
    move(trained, seconds=1)
    assert LAST_RULE in await refused_training(trained, case, **LAST)


async def test_the_latest_training_of_any_other_case_is_the_one_that_counts(trained: Opened) -> None:
    train_on_record(trained, case_of(trained, "the first"))
    move(trained, hours=20)
    train_on_record(trained, case_of(trained, "the second"), finished=False)
    move(trained, hours=5)
    assert "`training.cooldown_hours`" in await refused_training(trained, case_of(trained, "the third"), **LAST)


async def test_a_cases_own_training_does_not_cool_it_down(trained: Opened) -> None:
    case = case_of(trained)
    train_on_record(trained, case)
    assert LAST_RULE in await refused_training(trained, case, **LAST)


async def test_a_clock_set_back_does_not_end_the_cooldown(trained: Opened) -> None:
    train_on_record(trained, case_of(trained, "another"))
    move(trained, days=-30)
    assert "`training.cooldown_hours`" in await refused_training(trained, case_of(trained, "this one"), **LAST)


async def test_a_workspaces_own_bounds_are_the_ones_enforced(trained: Opened) -> None:
    strict = under(trained, training={"min_labelled_rows": 500})
    assert "at least 500" in await refused_training(strict, case_of(strict, "strict"))
    cool = under(trained, training={"cooldown_hours": 1})
    train_on_record(cool, case_of(cool, "another"))
    move(trained, hours=1)
    assert LAST_RULE in await refused_training(cool, case_of(cool, "cool"), **LAST)


@pytest.mark.parametrize(
    ("given", "rule", "allowed"),
    [
        ({"n_estimators": 199}, "hyperparameters.random_forest.n_estimators", "200 to 300"),
        ({"n_estimators": 301}, "hyperparameters.random_forest.n_estimators", "200 to 300"),
        ({"n_estimators": -1}, "hyperparameters.random_forest.n_estimators", "200 to 300"),
        ({"n_estimators": 10**400}, "hyperparameters.random_forest.n_estimators", "200 to 300"),
        ({"max_depth": 9}, "hyperparameters.random_forest.max_depth", "10 to 12"),
        ({"max_depth": 13}, "hyperparameters.random_forest.max_depth", "10 to 12"),
        ({"n_estimators": 250, "max_depth": 0}, "hyperparameters.random_forest.max_depth", "10 to 12"),
        ({"estimator": "logistic_regression", "C": 0.0099}, "hyperparameters.logistic_regression.C", "0.01 to 10"),
        ({"estimator": "logistic_regression", "C": 10.001}, "hyperparameters.logistic_regression.C", "0.01 to 10"),
        ({"C": 1.0}, "hyperparameters.random_forest", "it takes n_estimators, max_depth"),
        ({"estimator": "logistic_regression", "max_depth": 11}, "hyperparameters.logistic_regression", "it takes C"),
    ],
)
async def test_hyperparameters_stay_in_their_ranges_and_with_their_estimator(
    trained: Opened, given: dict[str, Any], rule: str, allowed: str
) -> None:
    said = await refused_training(trained, case_of(trained), **given)
    assert f"Rule `{rule}` in policy.toml" in said
    assert allowed in said
    assert len(said) < 300


def test_both_ends_of_a_range_belong_to_it_and_no_number_is_not_in_it() -> None:
    policy = load_policy(policy_text(), {})
    check_hyperparameters("random_forest", {"n_estimators": 200, "max_depth": 12}, policy)
    check_hyperparameters("random_forest", {"n_estimators": 300, "max_depth": 10}, policy)
    check_hyperparameters("logistic_regression", {"C": 0.01}, policy)
    for value in (float("nan"), float("inf")):
        with pytest.raises(Refusal):
            check_hyperparameters("logistic_regression", {"C": value}, policy)


@pytest.mark.parametrize("action", ["retrain", "recalibrate"])
async def test_no_case_without_a_challenger_ends_in_a_deployment(trained: Opened, action: str) -> None:
    case = case_of(trained)
    train_on_record(trained, case)
    async with desk(trained) as client:
        said = await client.refused("save_remediation_report", case_id=case.case_id, action=action, summary="s", reasoning="r")
    assert "Rule `gate` in policy.toml" in said
    assert "monitor, fix_data, collect_labels, wait_for_outcomes or rollback" in said
    assert trained.cases.get(case.case_id).status == "open"


@pytest.mark.parametrize("action", ["monitor", "fix_data", "collect_labels"])
async def test_a_case_with_a_challenger_cannot_hide_it(trained: Opened, action: str) -> None:
    case = with_challenger(trained)
    async with desk(trained) as client:
        said = await client.refused("save_remediation_report", case_id=case.case_id, action=action, summary="s", reasoning="r")
        assert "Rule `gate` in policy.toml: close it with action retrain" in said
        assert "version 7" in said
        assert (await client.close(case.case_id, "retrain"))["status"] == "pending_approval"


@pytest.mark.parametrize(("mode", "action"), [("recalibrate", "recalibrate"), ("recent", "retrain"), ("combined", "retrain")])
def test_a_challenger_is_reported_as_what_it_is(trained: Opened, mode: str, action: Action) -> None:
    case = with_challenger(trained)
    check_action(case, action, mode)
    other: Action = "retrain" if action == "recalibrate" else "recalibrate"
    with pytest.raises(Refusal, match=f"close it with action {action}"):
        check_action(case, other, mode)


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["run_training", "save_remediation_report"])
async def test_a_closed_case_is_neither_trained_nor_closed_again(trained: Opened, tool: str) -> None:
    case = case_of(trained, share=0.1, diagnosis=diagnosis_of("none"))
    rest = {"action": "monitor", "summary": "s", "reasoning": "r"} if tool == "save_remediation_report" else {}
    async with desk(trained) as client:
        closed = await client.close(case.case_id)
        said = await client.refused(tool, case_id=case.case_id, **rest)
    assert "is closed (nothing to deploy)" in said
    assert "a window has one case" in said
    assert trained.cases.get(case.case_id).report is not None
    assert closed["report"]["sha256"] == trained.cases.get(case.case_id).report.sha256  # type: ignore[union-attr]


async def test_every_refusal_is_on_record_with_its_rule_in_case_and_ledger(trained: Opened) -> None:
    case = case_of(trained, share=0.1, diagnosis=diagnosis_of("none"))
    async with desk(trained) as client:
        for tool, rest in (
            ("run_training", {}),
            ("save_remediation_report", {"action": "retrain", "summary": "s", "reasoning": "r"}),
        ):
            await client.refused(tool, case_id=case.case_id, **rest)
    calls = trained.cases.calls(case.case_id)
    assert [(call.tool, call.outcome) for call in calls] == [("run_training", "refused"), ("save_remediation_report", "refused")]
    assert "`diagnosis`" in calls[0].result["said"]
    assert refusals(trained, case.case_id) == [("run_training", "diagnosis"), ("save_remediation_report", "gate")]
    assert all(call.at - NOON < timedelta(seconds=1) and call.seconds >= 0 for call in calls)


def refusals(opened: Opened, case_id: str) -> list[tuple[str, str]]:
    """Tool and rule of every refusal the ledger holds of a case."""
    return [(entry.body["tool"], entry.body["rule"]) for entry in opened.ledger.entries(case_id) if entry.kind == "refused"]


def override_of(opened: Opened, cause: RuledCause) -> Override:
    """A person's word."""
    return Override(cause=cause, reason="I know what happened.", by="anna", at=opened.clock())


def with_challenger(opened: Opened) -> Case:
    """An open case whose candidate passed the gate."""
    result = training_result(passed=True)
    return case_of(opened, challenger=Challenger(version="7", digest="d" * 64, gate=result.gate, metrics=metrics_of(0.81)))
