"""The tool `get_history`: what has been going on, without a case as with one, within bounds, its texts shown plainly."""

from datetime import timedelta

import pytest

from pipeline.record.opened_workspace import Opened
from reports.decisions.rulings import note_event
from reports.workspace_history import MOST, workspace_history
from tests.reports.conftest import pending_workspace, waiting  # noqa: F401
from tests.reports.waiting import DECISION, Waiting, approve_case
from tests.tools.desk import case_of, desk

pytestmark = pytest.mark.anyio


async def test_without_a_case_it_tells_of_the_first_model(trained: Opened) -> None:
    async with desk(trained) as client:
        found = await client.ok("get_history")
    assert (found["case_id"], found["call"]) == ("", 0)
    history = found["history"]
    assert (history["served"][0]["how"], history["waiting"], history["open_cases"]) == ("first model", None, [])
    assert history["predictions"]["rows"] == 0


async def test_it_counts_what_was_logged_and_its_call_can_be_cited(drifted: Opened) -> None:
    case = case_of(drifted)
    async with desk(drifted) as client:
        found = await client.ok("get_history", case_id=case.case_id)
    assert (found["case_id"], found["call"]) == (case.case_id, 1)
    logged = found["history"]["predictions"]
    assert logged["rows"] == 1500 == sum(logged["per_day"].values())
    assert 850 <= found["history"]["outcomes"]["customers"] <= 950
    assert [one["case_id"] for one in found["history"]["open_cases"]] == [case.case_id]


async def test_it_names_who_approved_and_what_waits(waiting: Waiting) -> None:  # noqa: F811
    async with desk(waiting.opened) as client:
        before = (await client.ok("get_history"))["history"]
        approve_case(waiting.opened, waiting.ours)
        after = (await client.ok("get_history"))["history"]
    assert before["waiting"]["case_id"] in {waiting.ours, waiting.other}
    assert after["waiting"] is None
    assert (after["served"][0]["by"], after["served"][0]["reason"]) == (DECISION.reviewer, DECISION.reason)
    assert after["decisions"][0]["decided_by"] == "Ada"
    assert [one["passed"] for one in after["trainings"]] == [True, True]


async def test_lists_are_bounded_and_texts_are_shown_plainly(trained: Opened) -> None:
    for number in range(MOST + 4):
        case_of(trained, f"window {number}")
        at = trained.clock() - timedelta(days=number + 1)
        note_event(trained, "prices\x1b[2J up\n" + "x" * 90, at, at + timedelta(hours=1))
    async with desk(trained) as client:
        history = (await client.ok("get_history"))["history"]
    assert len(history["open_cases"]) == len(history["told"]) == MOST
    assert all(one["said"].isprintable() and len(one["said"]) <= 201 for one in history["told"])
    assert len(workspace_history(trained).model_dump_json()) < 12_000
