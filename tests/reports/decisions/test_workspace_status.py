"""The status of a workspace: is the champion well, what waits, what changed since the same person last asked."""

from datetime import timedelta

from agent.views.status_view import status_lines
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from reports.decisions.approval import reject
from reports.decisions.workspace_status import workspace_status
from tests.agent.watch.standing_cases import put_case, put_check
from tests.conftest import Clock
from tests.end_to_end.command_line import CommandLine
from tests.reports.waiting import DECISION, LATER, Waiting, approve_case


def test_it_names_champion_and_what_waits_and_remembers_who_looked(waiting: Waiting) -> None:
    opened = waiting.opened
    assert isinstance(opened.clock, Clock)
    first = workspace_status(opened)
    serving = require_champion(opened.workspace, opened.ledger)
    assert first.champion is not None
    assert (first.champion.version, first.well, first.looked) == (serving.version, None, None)
    assert first.waiting is not None
    assert {first.waiting.case_id, *(case.case_id for case in first.open_cases)} == {waiting.ours, waiting.other}
    opened.clock.advance(hours=1)
    reject(opened, waiting.ours, DECISION.model_copy(update={"at": opened.clock()}))
    opened.clock.advance(hours=1)
    again = workspace_status(opened)
    assert again.looked == LATER
    assert again.changed == (f"case {waiting.ours} rejected",)
    assert again.waiting is not None
    assert again.waiting.case_id == waiting.other
    assert workspace_status(opened).changed == ()


def test_five_lines_and_json_say_the_same(waiting: Waiting, churnops: CommandLine) -> None:
    said = churnops("status")
    assert said.code == 0
    assert len(said.out.splitlines()) == 5
    assert f"churnops reports approve {said.out.split('reports approve ')[1].splitlines()[0]}" in said.out
    told = churnops("status", "--json").json
    assert {"champion", "waiting", "well", "why", "newest_prediction", "newest_outcome", "open_cases"} <= set(told)
    assert told["champion"].keys() == {"version", "digest", "since"}


def test_an_approval_is_told_with_who_gave_it(waiting: Waiting) -> None:
    opened = waiting.opened
    assert isinstance(opened.clock, Clock)
    workspace_status(opened)
    opened.clock.advance(hours=1)
    decision = DECISION.model_copy(update={"at": LATER + timedelta(hours=1)})
    deployed = approve_case(opened, waiting.ours, decision)
    found = workspace_status(opened)
    assert found.champion is not None
    assert found.champion.version == deployed.version
    assert found.waiting is None  # the other one spoke of the champion that was replaced
    assert found.open_cases == ()
    assert f"version {deployed.version} serves (deployed by Ada)" in found.changed
    assert "Nothing waits for approval." in status_lines(found)


def test_what_is_open_is_listed_first(waiting: Waiting, churnops: CommandLine) -> None:
    reject(waiting.opened, waiting.other, DECISION)
    assert waiting.opened.cases.all()[0].case_id == waiting.other
    listed = churnops("reports", "list", "--json").json["cases"]
    assert [(case["case_id"], case["open"]) for case in listed] == [(waiting.ours, True), (waiting.other, False)]


def test_a_quiet_check_of_the_watch_says_that_it_is_well_until_a_later_case_says_otherwise(waiting: Waiting) -> None:
    opened = waiting.opened
    assert isinstance(opened.clock, Clock)
    opened.clock.advance(minutes=5)
    put_check(opened, "no_deploy_needed")
    found = workspace_status(opened)
    assert (found.well, found.why[:13]) == (True, "The check of ")
    opened.clock.advance(hours=1)
    put_case(opened, "needs_people", champion=require_champion(opened.workspace, opened.ledger).digest)
    assert workspace_status(opened).well is False


def test_a_case_whose_trouble_a_later_check_does_not_find_asks_no_more(fresh: Opened) -> None:
    assert isinstance(fresh.clock, Clock)
    case = put_case(fresh, "needs_people")
    assert [one.case_id for one in workspace_status(fresh).open_cases] == [case.case_id]
    fresh.clock.advance(hours=24)
    put_check(fresh, "no_deploy_needed")
    assert workspace_status(fresh).open_cases == ()
