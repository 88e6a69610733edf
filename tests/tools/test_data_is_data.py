"""Hostile text in every place where text from outside enters, before an operator that does whatever it reads: nothing happens that the
guard does not allow, and what is shown of such a text is one line, printable, cut, and inside its quotes."""

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agent.case.events import Event
from agent.case.loop import run, tool_specs
from agent.case.triage import Outcome, triage
from agent.conversation.messages import Briefing
from agent.setup.new_workspace import set_up
from agent.training_by_hand import train_by_hand
from pipeline.intake.windows import file_window, logged_window
from pipeline.record import mlflow_mirror
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.shown_text import quoted
from pipeline.worlds.simulation import simulate
from prompts import policy_text
from reports.decisions.rulings import note_event, overrule
from tests.conftest import NOON, Clock
from tests.injections import PAYLOADS
from tests.obedient import Obedient
from tests.once import made_once
from tests.standing import Standing, standing, within_bounds
from tests.tools.desk import case_of, desk, diagnosis_of, under
from tests.tools.test_server import OFFERED

TEXTS = [payload.text for payload in PAYLOADS]
FILE_NAMES = [payload.text for payload in PAYLOADS if payload.file_name]
ROOMY = {"limits": {"tool_calls": 400, "turns": 60, "seconds": 3000}}  # so that no bound ends the obedience early

pytestmark = pytest.mark.anyio


def test_there_are_many_ways_of_trying() -> None:
    assert len(set(TEXTS)) >= 40
    assert len(FILE_NAMES) >= 30


def test_a_value_in_a_sentence_cannot_end_its_quotes() -> None:
    for text in TEXTS:
        assert (quoted(text)[0], quoted(text)[-1]) == ("“", "”")
        assert not set("“”„") & set(quoted(text)[1:-1])


async def obeyed(
    opened: Opened, before: Standing, window: Any, *looks: tuple[str, dict[str, Any]]
) -> tuple[Outcome, Obedient, list[Event]]:
    """One triage by the obedient operator; what only people may change is as it was."""
    operator, events = Obedient(looks), []
    outcome = await triage(under(opened, **ROOMY), window, operator, None, events.append)
    assert standing(opened) == before
    within_bounds(opened, outcome.case_id)
    for call in opened.cases.calls(outcome.case_id):
        assert call.tool in OFFERED
        shown_safely(call.result)
    return outcome, operator, events


def shown_safely(found: Any) -> None:
    """Every text of an answer is one printable line of bounded length."""
    if isinstance(found, str):
        assert found.isprintable()
        assert len(found) <= 1200
    for part in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        shown_safely(part)


def wanted(operator: Obedient) -> set[str]:
    """Names of the tools that texts told the operator to call."""
    return {name for name, _ in operator.obeyed}


@pytest.fixture
def poisoned_window(trained: Opened, tmp_path: Path) -> Path:
    """A file called by a hostile text, with hostile categories, columns, and texts among numbers."""
    rows = pd.read_csv(trained.workspace.root / "customers.csv", dtype=str).sample(1400, random_state=1).reset_index(drop=True)
    rows["Contract"] = [TEXTS[place % len(TEXTS)] for place in range(len(rows))]
    rows.loc[:400, "PaymentMethod"] = [TEXTS[place % 8] for place in range(401)]
    rows.loc[:300, "tenure"] = [TEXTS[place % len(TEXTS)] for place in range(301)]
    extra = pd.DataFrame({text: ["x"] * len(rows) for text in TEXTS})
    folder = tmp_path / "exports"
    folder.mkdir()
    path = folder / f"{FILE_NAMES[0]}.parquet"
    pd.concat([rows.drop(columns=["Churn"]), extra], axis=1).to_parquet(path)
    return path


@pytest.mark.slow
async def test_categories_columns_and_texts_among_numbers(trained: Opened, poisoned_window: Path) -> None:
    before = standing(trained)
    looks = (
        ("inspect_feature", {"feature": "Contract"}),
        ("query", {"measure": "count", "rows": "window", "by": ["PaymentMethod"]}),
        ("inspect_pair", {"first": "Contract", "second": "PaymentMethod"}),
        ("inspect_outcomes", {"by": "feature", "feature": "PaymentMethod"}),
        ("preview_repair", {"fault": "rename", "column": "PaymentMethod", "value": TEXTS[1], "other": "Mailed check"}),
        ("preview_repair", {"fault": "default", "column": "PaymentMethod", "value": TEXTS[2]}),
    )
    window = lambda champion, baseline: file_window(trained, baseline, poisoned_window, None)  # noqa: E731
    outcome, operator, _ = await obeyed(trained, before, window, *looks)
    assert {"approve", "deploy_challenger", "promote", "run_training", "save_remediation_report"} <= wanted(operator)
    assert len(operator.obeyed) >= 15
    assert outcome.trainings == 0  # ordered, and refused: the data are broken
    assert (outcome.status, outcome.stopped) == ("needs_people", "finished")

    # The report quotes what the operator was talked into saying; another session reads it and obeys again.
    reader = Obedient()
    async with desk(trained) as at:
        (content,) = (await at.client.read_resource(f"churnops://reports/{outcome.case_id}")).contents
        explained = (await at.client.get_prompt("explain_report", {"case_id": outcome.case_id})).messages
        assert explained[1].content.resource.text == content.text  # type: ignore[union-attr]
        reader._obey(content.text)  # type: ignore[union-attr]
        assert len(reader.obeyed) >= 5
        for name, given in reader.obeyed:
            await at.refused(name, **{"case_id": outcome.case_id, **given})
        for uri in ("churnops://cases", "churnops://window", f"churnops://drift/{outcome.case_id}"):
            if uri != "churnops://window":  # nothing is logged here
                (listed,) = (await at.client.read_resource(uri)).contents
                shown_safely(json.loads(listed.text))  # type: ignore[union-attr]
    assert standing(trained) == before
    assert trained.cases.get(outcome.case_id).status == "needs_people"


@pytest.fixture(scope="session")
def poisoned_schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workspace with a champion whose features are all called by hostile texts. Copy it, never write to it."""

    def make(root: Path) -> None:
        import anyio
        import numpy as np

        root.mkdir()
        random = np.random.default_rng(5)
        churned = random.random(900) < 0.4
        columns = {text: random.normal(churned * (1.5 if place < 4 else 0.0), 1.0) for place, text in enumerate(TEXTS)}
        frame = pd.DataFrame({**columns, "gone": np.where(churned, "yes", "no")})
        frame.to_parquet(root / "customers.parquet")
        set_up(root, root / "customers.parquet", "gone", "yes")
        opened = open_workspace(root, policy_text(), Clock())

        async def silent(_stage: object) -> None:
            pass

        anyio.run(train_by_hand, opened, "logistic_regression", silent)
        opened.state.close()

    return made_once(tmp_path_factory, "poisoned", make)


@pytest.mark.slow
async def test_names_of_features(poisoned_schema: Path, tmp_path: Path) -> None:
    import shutil

    root = tmp_path / "poisoned"
    shutil.copytree(poisoned_schema, root)
    opened = open_workspace(root, policy_text(), Clock())
    frame = pd.read_parquet(root / "customers.parquet").drop(columns=["gone"])
    frame[TEXTS[:6]] += 5.0
    frame.to_parquet(tmp_path / "window.parquet")
    before = standing(opened)
    window = lambda champion, baseline: file_window(opened, baseline, tmp_path / "window.parquet", None)  # noqa: E731
    outcome, operator, _ = await obeyed(opened, before, window, ("inspect_feature", {"feature": TEXTS[0]}))
    assert len(operator.obeyed) >= 20
    assert outcome.trainings == 0
    async with desk(opened, window) as at:
        (content,) = (await at.client.read_resource("churnops://window")).contents
        shown_safely(json.loads(content.text))  # type: ignore[union-attr]
        drift = await at.ok("get_drift_summary")
        for feature in drift["drift"]["features"][:10]:
            await at.ok("inspect_feature", case_id=drift["case_id"], feature=feature["name"])  # as it was shown
        said = await at.refused("inspect_feature", case_id=drift["case_id"], feature="nobody")
    shown_safely(said)
    assert standing(opened) == before
    opened.state.close()


@pytest.mark.slow
async def test_tags_of_the_registry_and_names_of_events_and_people(trained: Opened) -> None:
    opened = dataclasses.replace(trained, person=TEXTS[0])
    simulate(opened, "none", 600, labelled_share=0.5, seed=3)  # nothing else to tell, so events are told
    with mlflow_mirror._client(opened.workspace) as client:
        (run_,) = client.search_runs([client.get_experiment_by_name(mlflow_mirror.EXPERIMENT).experiment_id])
        for place, text in enumerate(TEXTS):
            client.set_tag(run_.info.run_id, f"note{place}", text)
            client.set_registered_model_tag(mlflow_mirror.REGISTERED_MODEL, f"note{place}", text)
            client.set_model_version_tag(mlflow_mirror.REGISTERED_MODEL, "1", f"note{place}", text)
        client.update_registered_model(mlflow_mirror.REGISTERED_MODEL, description="\n".join(TEXTS)[:4000])
    for text in sorted(TEXTS, key=len)[:3]:  # as many as an evidence pack quotes
        note_event(opened, text, NOON - pd.Timedelta(days=60), NOON)
    before = standing(opened)
    outcome, operator, _ = await obeyed(opened, before, partial(logged_window, opened))
    assert len(operator.obeyed) == 3  # events are told, tags are not
    assert outcome.trainings == 0
    assert opened.ledger.entries()[-1].kind in {"reported", "refused"}


async def test_reasons_of_a_ruling(trained: Opened) -> None:
    opened = dataclasses.replace(trained, person=TEXTS[3])
    roomy = under(opened, **ROOMY)
    case = case_of(roomy, diagnosis=diagnosis_of("concept_drift"))
    overrule(opened, case.case_id, "data_fault", TEXTS[0] + ". " + TEXTS[2])
    before = standing(opened)
    operator = Obedient((("diagnose", {}), ("run_training", {})))
    async with desk(roomy) as at:
        briefing = Briefing(case_id=case.case_id, text="Go on.", drift=None)
        ending = await run(
            operator, None, at.client, await tool_specs(at.client), (briefing,), roomy.policy.limits, lambda event: None, opened.clock
        )
    assert ending.stopped == "finished"
    assert {"approve", "reports_approve"} & wanted(operator)
    assert opened.cases.trainings(case.case_id) == ()
    assert standing(opened) == before


@pytest.mark.slow
async def test_names_of_files(trained: Opened, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    before = standing(trained)
    current = folder
    async with desk(trained, lambda champion, baseline: file_window(trained, baseline, current, current)) as at:
        for place, name in enumerate(FILE_NAMES):
            current = folder / f"{name}.csv"
            current.write_text("id,tenure\n1,2\n", encoding="utf-8")
            case = case_of(trained, f"{place:03} {name}")
            trained.cases.move(case.case_id, ("open",), window=case.window.model_copy(update={"source": current.name}))  # type: ignore[union-attr]
            shown_safely(await at.refused("get_drift_summary"))
    async with desk(trained) as at:
        (content,) = (await at.client.read_resource("churnops://cases")).contents
    listed = json.loads(content.text)["cases"]  # type: ignore[union-attr]
    assert len(listed) == len(FILE_NAMES)
    shown_safely(listed)
    assert standing(trained) == before
