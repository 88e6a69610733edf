"""A case seen through its tools: opened once, every call on record and citable, within a budget, closed once, and never deployed."""

import json
import time
from dataclasses import replace
from typing import Any

import anyio
import pytest

from pipeline.atomic_files import digest_of_file
from pipeline.intake.windows import logged_window
from pipeline.record.champion import Champion, require_champion
from pipeline.record.opened_workspace import Opened
from pipeline.windows.baseline import Baseline
from pipeline.windows.window import Window
from pipeline.worlds.simulation import simulate
from reports.filing import file_report, report_path
from reports.verdict import Narrative, Verdict
from tests.conftest import Clock
from tests.tools.desk import case_of, desk, diagnosis_of, under

pytestmark = pytest.mark.anyio


def outcomes(opened: Opened, case_id: str) -> list[tuple[int, str, str]]:
    """Number, tool and outcome of every call on record."""
    return [(call.number, call.tool, call.outcome) for call in opened.cases.calls(case_id)]


def as_text(value: Any) -> str:
    """One spelling of a JSON value."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.slow
async def test_the_same_window_continues_the_same_case_whichever_server_asks(drifted: Opened) -> None:
    async with desk(drifted) as one, desk(drifted) as other:
        first = await one.ok("get_drift_summary")
        again = await one.ok("get_drift_summary")
        elsewhere = await other.ok("get_drift_summary")
    assert {first["case_id"]} == {again["case_id"], elsewhere["case_id"]}
    assert [first["call"], again["call"], elsewhere["call"]] == [1, 2, 3]
    assert first["drift"] == again["drift"]
    assert len(drifted.cases.all()) == 1


@pytest.mark.slow
async def test_whoever_began_a_case_is_on_record_though_another_person_ends_it(drifted: Opened) -> None:
    ann, otto = "Ann <ann@example.org>", "Otto <otto@example.org>"
    async with desk(replace(drifted, person=ann)) as client:
        case_id = (await client.ok("get_drift_summary"))["case_id"]
    async with desk(replace(drifted, person=otto)) as client:
        await client.close(case_id, "fix_data")
    (reported,) = drifted.ledger.of_kind("reported")
    assert reported.body["people"] == [ann, otto]  # neither is a second person then


@pytest.mark.slow
async def test_two_servers_opening_at_once_share_one_case(drifted: Opened) -> None:
    found: list[str] = []

    async def opening() -> None:
        async with desk(drifted) as client:
            found.append((await client.ok("get_drift_summary"))["case_id"])

    async with anyio.create_task_group() as group:
        group.start_soon(opening)
        group.start_soon(opening)
    assert len(set(found)) == 1
    assert len(drifted.cases.all()) == 1


@pytest.mark.slow
async def test_a_closed_window_shows_its_case_when_it_is_asked_about_again(drifted: Opened) -> None:
    async with desk(drifted) as client:
        first = (await client.ok("get_drift_summary"))["case_id"]
        await client.close(first)
        second = (await client.ok("get_drift_summary"))["case_id"]
    assert second == first
    assert len(drifted.cases.all()) == 1


@pytest.mark.slow
async def test_new_predictions_are_a_new_window_with_a_case_of_its_own(drifted: Opened) -> None:
    async with desk(drifted) as client:
        first = await client.ok("get_drift_summary")
        simulate(drifted, "none", 300, labelled_share=0.0, seed=2)
        second = await client.ok("get_drift_summary")
    assert second["case_id"] != first["case_id"]


@pytest.mark.slow
async def test_another_server_refuses_a_case_whose_window_is_gone(drifted: Opened) -> None:
    async with desk(drifted) as client:
        case_id = (await client.ok("get_drift_summary"))["case_id"]
    simulate(drifted, "none", 300, labelled_share=0.0, seed=2)
    async with desk(drifted) as later:
        said = await later.refused("get_current_model_metrics", case_id=case_id)
    assert said == f"The window changed since case {case_id} was opened. Call get_drift_summary to open a case for it."


async def test_every_answer_is_on_record_word_for_word_under_the_number_it_is_cited_by(drifted: Opened) -> None:
    async with desk(drifted) as client:
        drift = await client.ok("get_drift_summary")
        metrics = await client.ok("get_current_model_metrics", case_id=drift["case_id"])
        closed = await client.close(drift["case_id"], "monitor")
    calls = {call.number: call for call in drifted.cases.calls(drift["case_id"])}
    for answer in (drift, metrics, closed):
        assert as_text(calls[answer["call"]].result) == as_text(answer)
    assert list(calls) == [1, 2, 3]


async def test_every_call_is_on_record_with_number_outcome_and_seconds(trained: Opened) -> None:
    case = case_of(trained, share=0.1, diagnosis=diagnosis_of("none"))
    async with desk(trained) as client:
        await client.refused("get_current_model_metrics", case_id=case.case_id)  # no window is logged
        await client.refused("run_training", case_id=case.case_id, estimator="logistic_regression", C=1.5)
        await client.close(case.case_id)
        await client.refused("run_training", case_id=case.case_id)
    assert outcomes(trained, case.case_id) == [
        (1, "get_current_model_metrics", "failed"),
        (2, "run_training", "refused"),
        (3, "save_remediation_report", "ok"),
        (4, "run_training", "refused"),
    ]
    calls = trained.cases.calls(case.case_id)
    assert all(call.seconds >= 0 for call in calls)
    assert calls[1].arguments == {"case_id": case.case_id, "mode": "combined", "estimator": "logistic_regression", "C": 1.5}
    assert "No predictions are logged yet" in calls[0].result["said"]
    assert [call.result["call"] for call in calls] == [1, 2, 3, 4]


@pytest.mark.slow
async def test_measuring_drift_counts_with_the_seconds_it_took(drifted: Opened) -> None:
    def slow_window(champion: Champion, baseline: Baseline) -> Window:
        time.sleep(0.2)
        return logged_window(drifted, champion, baseline)

    async with desk(drifted, slow_window) as client:
        case_id = (await client.ok("get_drift_summary"))["case_id"]
    assert drifted.cases.calls(case_id)[0].seconds >= 0.2


async def test_a_case_of_a_champion_that_no_longer_serves_is_refused(trained: Opened) -> None:
    champion = require_champion(trained.workspace, trained.ledger)
    case = case_of(trained, share=0.1, diagnosis=diagnosis_of("none"), champion={"version": "0", "digest": "0" * 64})
    assert champion.digest != case.champion.digest
    async with desk(trained) as client:
        for tool in ("get_current_model_metrics", "run_training"):
            said = await client.refused(tool, case_id=case.case_id)
            assert said == f"The champion moved since case {case.case_id} was opened. Call get_drift_summary to open a new case."
        assert (await client.close(case.case_id))["status"] == "no_deploy_needed"
    assert trained.cases.trainings(case.case_id) == ()


async def test_a_policy_loosened_within_a_case_does_not_help_it(trained: Opened) -> None:
    case = case_of(trained, share=0.1)
    loose = under(trained, bands={"monitor_below": 0.0, "retrain_above": 0.05}, gate={"min_roc_auc": 0.5})
    async with desk(loose) as client:
        said = await client.refused("run_training", case_id=case.case_id)
    assert said == f"The policy changed since case {case.case_id} was opened. Call get_drift_summary to open a new case."
    assert trained.cases.trainings(case.case_id) == ()


@pytest.mark.slow
async def test_a_spent_call_budget_stops_everything_but_the_report(drifted: Opened) -> None:
    tight = under(drifted, limits={"tool_calls": 2})
    async with desk(tight) as client:
        case_id = (await client.ok("get_drift_summary"))["case_id"]
        await client.ok("get_current_model_metrics", case_id=case_id)
        for tool, arguments in (
            ("get_drift_summary", {}),
            ("get_current_model_metrics", {"case_id": case_id}),
            ("run_training", {"case_id": case_id}),
        ):
            said = await client.refused(tool, **arguments)
            assert "Rule `limits.tool_calls` in policy.toml: 2 a case; close it with save_remediation_report." in said
        await client.close(case_id)
    assert [outcome for _, _, outcome in outcomes(drifted, case_id)] == ["ok", "ok", "refused", "refused", "refused", "ok"]
    rules = [entry.body["rule"] for entry in drifted.ledger.entries(case_id) if entry.kind == "refused"]
    assert rules == ["limits.tool_calls"] * 3


async def test_spent_seconds_stop_everything_but_the_report(trained: Opened) -> None:
    case = case_of(trained)
    trained.cases.record_call(case.case_id, trained.clock(), "run_training", {}, "ok", 299.9, {})
    async with desk(trained) as client:
        assert "No predictions" in await client.refused("get_current_model_metrics", case_id=case.case_id)
        trained.cases.record_call(case.case_id, trained.clock(), "run_training", {}, "failed", 0.1, {})
        said = await client.refused("get_current_model_metrics", case_id=case.case_id)
        assert "Tools have run for 300 s. Rule `limits.seconds` in policy.toml: 300 a case; close it with save_remediation_report." in said
        await client.close(case.case_id)


@pytest.mark.slow
async def test_a_case_resumed_after_a_partial_report_gets_a_fresh_budget_of_calls_and_seconds(drifted: Opened) -> None:
    tight = under(drifted, limits={"tool_calls": 2})
    assert isinstance(drifted.clock, Clock)
    async with desk(tight) as client:
        case_id = (await client.ok("get_drift_summary"))["case_id"]
        drifted.cases.record_call(case_id, drifted.clock(), "run_training", {}, "failed", 400.0, {})
        await client.refused("get_current_model_metrics", case_id=case_id)
        verdict = Verdict(status="partial", action=None, mode=None, operator="a test", stopped="tool_limit", partial="The calls ran out.")
        file_report(tight, drifted.cases.get(case_id), verdict, Narrative("", ""))
        drifted.clock.advance(seconds=1)
        assert (await client.ok("get_drift_summary"))["case_id"] == case_id
        await client.ok("get_current_model_metrics", case_id=case_id)
        assert "`limits.tool_calls`" in await client.refused("get_current_model_metrics", case_id=case_id)
        assert (await client.close(case_id, "fix_data"))["status"] == "needs_people"


async def test_of_two_reports_at_once_one_closes_the_case_and_the_other_leaves_no_trace_on_disk(trained: Opened) -> None:
    case = case_of(trained)
    results: list[Any] = []

    async def closing(action: str) -> None:
        async with desk(trained) as client:
            given = {"case_id": case.case_id, "action": action, "summary": f"Said by {action}.", "reasoning": ""}
            results.append(await client.client.call_tool("save_remediation_report", given))

    async with anyio.create_task_group() as group:
        group.start_soon(closing, "monitor")
        group.start_soon(closing, "fix_data")
    assert sorted(result.is_error for result in results) == [False, True]
    closed = trained.cases.get(case.case_id)
    assert closed.report is not None
    assert digest_of_file(report_path(trained.workspace, case.case_id)) == closed.report.sha256
    reported = [entry.body for entry in trained.ledger.entries(case.case_id) if entry.kind == "reported"]
    assert [(body["report"], body["action"]) for body in reported] == [(closed.report.sha256, closed.action)]


async def test_the_report_names_the_command_a_person_runs_only_when_something_waits(trained: Opened) -> None:
    case = case_of(trained)
    async with desk(trained) as client:
        closed = await client.close(case.case_id, "collect_labels")
    assert closed["next_command"] is None
    assert closed["status"] == "needs_people"


async def test_without_predictions_the_answer_is_the_next_step(trained: Opened) -> None:
    async with desk(trained) as client:
        said = await client.refused("get_drift_summary")
    assert "No predictions are logged yet" in said
    assert "churnops simulate" in said


async def test_without_a_champion_the_answer_is_the_next_step(fresh: Opened) -> None:
    async with desk(fresh) as client:
        assert "Run `churnops train` first" in await client.refused("get_drift_summary")


@pytest.mark.slow
async def test_the_column_that_a_diagnosis_names_is_kept_as_a_picture_for_people_alone(drifted: Opened) -> None:
    async with desk(drifted) as client:
        drift = await client.ok("get_drift_summary")
        found = await client.ok("diagnose", case_id=drift["case_id"])
    seen = drifted.cases.get(drift["case_id"]).picture
    assert seen is not None
    assert seen.feature == found["diagnosis"]["column"]
    for side in ("reference", "window"):
        assert sum(getattr(part, side) for part in seen.parts) == pytest.approx(1.0, abs=1e-6)
    assert seen.parts[0].label not in as_text(found)
