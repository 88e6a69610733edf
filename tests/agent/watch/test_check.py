"""A check opens a case where the policy asks for one, and one alone, whoever checks when; what goes wrong is on record and is tried again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from agent.operators.rulebook import Rulebook
from agent.watch.check import Checked, _close_left_cases, _outcomes_in, check
from agent.watch.look import Look, resting_on
from agent.watch.rounds import Rounds
from agent.watch.stopping import Stopping
from pipeline.diagnosis.data_faults.fault import fault
from pipeline.diagnosis.diagnosis import Action
from pipeline.diagnosis.finding import Cause, Finding
from pipeline.drift.summary import DriftSummary
from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.alerts import newest_alerts
from pipeline.state.checks import check_history
from pipeline.state.leases import held
from pipeline.state.predictions import newest_prediction
from pipeline.state.watch_tables import leases
from pipeline.workspace.outcome_settings import OutcomeSettings
from pipeline.workspace.watch_settings import WatchSettings
from prompts import policy_text
from tests.agent.watch.standing_cases import diagnosis, put_case, put_open_case
from tests.conftest import NOON, Clock, Simulated, copied


def checked(opened: Opened) -> Checked:
    return check(opened, lambda here: (Rulebook(here.policy), None), Stopping())


def with_watch(opened: Opened, **watch: str) -> Opened:
    return replace(opened, settings=opened.settings.model_copy(update={"watch": WatchSettings.model_validate(watch)}))


@pytest.fixture
def broken(simulated: Simulated, tmp_path: Path) -> Iterator[Opened]:
    """A workspace whose newest week has a broken column."""
    with copied(simulated("unit_change", 1200, 0.3, 5), tmp_path / "unit") as opened:
        yield opened


@pytest.fixture
def well(simulated: Simulated, tmp_path: Path) -> Iterator[Opened]:
    """A workspace in which nothing happened."""
    with copied(simulated("none", 1200, 0.3, 5), tmp_path / "well") as opened:
        yield opened


def triages(opened: Opened) -> list[str]:
    return [case.case_id for case in opened.cases.all() if case.kind == "triage"]


@pytest.mark.slow
def test_where_nothing_asks_for_a_case_none_is_opened_and_outcomes_come_in_on_the_way(well: Opened) -> None:
    (well.workspace.root / "known.csv").write_text("id,Churn\nC1,Yes\nC2,No\n")
    opened = replace(well, settings=well.settings.model_copy(update={"outcomes": OutcomeSettings(file="known.csv", id="id")}))
    found = checked(opened)
    assert (found.status, found.case_id, found.exit_code) == ("no_deploy_needed", None, 0)
    assert found.said.startswith("2 outcomes came in. Nothing asks for a case.")
    assert triages(well) == []
    done = check_history(well.state).done
    assert done is not None and done.newest_prediction == newest_prediction(well.state)
    with well.state.read() as connection:
        assert connection.execute(select(leases)).all() == []


def test_whoever_waits_for_a_person_is_named_though_nothing_else_asks(fresh: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    case = put_case(fresh, "pending_approval")
    monkeypatch.setattr("agent.watch.look.look", lambda _: looked(asks="no_deploy_needed"))
    found = checked(fresh)
    assert (found.status, found.exit_code) == ("no_deploy_needed", 20)
    assert found.said.endswith(f"A challenger waits for approval in case {case.case_id}.")


def test_a_check_that_fails_is_on_record_and_so_is_a_place_of_outcomes_that_cannot_be_read(fresh: Opened) -> None:
    found = checked(fresh)
    assert (found.status, found.exit_code) == ("failed", 1)
    assert "no champion yet" in found.said
    assert [one.status for one in check_history(fresh.state).undone] == ["failed"]
    settings = fresh.settings.model_copy(update={"outcomes": OutcomeSettings(file="gone.csv", id="id")})
    said, problem = _outcomes_in(replace(fresh, settings=settings))
    assert said == "Outcomes could not be taken in. " and "gone.csv" in (problem or "")


def test_one_workspace_is_checked_by_one_process_at_a_time(fresh: Opened) -> None:
    with held(fresh.state, "watch", "another host", on_lost=lambda: None):
        assert (checked(fresh).status, check_history(fresh.state).first_at) == ("busy", None)
    assert checked(fresh).status == "failed"


def test_in_quiet_hours_nothing_begins(fresh: Opened) -> None:
    found = checked(with_watch(fresh, quiet="11:00-13:00"))
    assert (found.status, found.exit_code, check_history(fresh.state).first_at) == ("quiet", 0, None)


def looked(**more: Any) -> Look:
    told = {"key": "another window", "champion": "d" * 64, "newest_prediction": NOON, "asks": "needs_people"}
    return Look(**{**told, "drift": DriftSummary.model_construct(share=0.1), "diagnosis": diagnosis(), **more})


@pytest.mark.parametrize(
    ("hours", "look", "rests"),
    [
        (11, looked(), True),
        (13, looked(), False),
        (1, looked(diagnosis=diagnosis(column="Contract")), False),
        (1, looked(diagnosis=diagnosis(cause="concept_drift")), False),
        (1, looked(champion="e" * 64), False),
        (1, looked(asks="not_enough_data"), False),
        (500, looked(key=f"{NOON}"), True),
    ],
    ids=["in the cooldown", "after it", "another column", "another cause", "another champion", "no verdict", "the same window"],
)
def test_what_a_case_says_already_opens_no_other(fresh: Opened, hours: int, look: Look, rests: bool) -> None:
    opened = with_watch(fresh, cooldown="12h", remind="12h")
    case = put_case(opened, "needs_people")
    assert isinstance(fresh.clock, Clock)
    fresh.clock.advance(hours=hours)
    assert resting_on(opened, look, opened.cases.newest(9), go_on=False) == (case if rests else None)


@pytest.mark.parametrize(
    ("cause", "then", "days", "rests"),
    [
        ("data_fault", {}, 29, True),
        ("data_fault", {}, 31, False),
        ("data_fault", {"also": "concept_drift", "action": "retrain"}, 2, False),
        ("covariate_harmful", {}, 2, True),
    ],
    ids=["a fault that stands", "until people are reminded", "something else can be done by now", "outcomes that were asked for"],
)
def test_what_people_were_asked_for_opens_no_case_a_day(fresh: Opened, cause: Cause, then: dict[str, Any], days: int, rests: bool) -> None:
    case = put_case(fresh, "needs_people", found=diagnosis(cause=cause))
    assert isinstance(fresh.clock, Clock)
    fresh.clock.advance(days=days)
    look = looked(diagnosis=diagnosis(cause=cause, **then))
    assert resting_on(fresh, look, fresh.cases.newest(9), go_on=False) == (case if rests else None)


@pytest.mark.parametrize(
    ("action", "harmed"), [("retrain", False), ("collect_labels", True)], ids=["a training", "harm that nobody was told of"]
)
def test_what_may_come_out_otherwise_is_looked_at_again_after_the_cooldown(fresh: Opened, action: Action, harmed: bool) -> None:
    put_case(fresh, "needs_people", found=diagnosis(cause="concept_drift", action=action))
    assert isinstance(fresh.clock, Clock)
    fresh.clock.advance(days=2)
    look = looked(diagnosis=diagnosis(cause="concept_drift", action=action), harmed=harmed)
    assert resting_on(fresh, look, fresh.cases.newest(9), go_on=False) is None


def told_of(column: str, **more: Any) -> Finding:
    return fault("unit_change", f"`{column}` is in another unit.", 0.5, 900, column=column).model_copy(update=more)


@pytest.mark.parametrize(
    ("others", "rests"),
    [((), True), ((told_of("tenure"),), True), ((told_of("MonthlyCharges", notable=False),), True), ((told_of("MonthlyCharges"),), False)],
    ids=["none", "the same", "one that is none", "another"],
)
def test_a_fault_in_another_column_is_news_behind_one_that_stands(fresh: Opened, others: tuple[Finding, ...], rests: bool) -> None:
    case = put_case(fresh, "needs_people", found=diagnosis(findings=(told_of("tenure"),)))
    look = looked(diagnosis=diagnosis(findings=(told_of("tenure"), *others)))
    assert resting_on(fresh, look, fresh.cases.newest(9), go_on=False) == (case if rests else None)


@pytest.mark.parametrize(("cause", "rests"), [("prior_shift", True), ("label_fault", False)], ids=["another change", "wrong outcomes"])
def test_until_outcomes_tell_another_guess_of_the_change_opens_no_case(fresh: Opened, cause: Cause, rests: bool) -> None:
    case = put_case(fresh, "needs_people", found=diagnosis(cause="concept_drift", action="collect_labels"))
    assert isinstance(fresh.clock, Clock)
    fresh.clock.advance(days=2)
    look = looked(diagnosis=diagnosis(cause=cause, column=None, action="collect_labels"))
    assert resting_on(fresh, look, fresh.cases.newest(9), go_on=False) == (case if rests else None)


def test_while_a_challenger_waits_the_same_cause_opens_no_case(fresh: Opened) -> None:
    case = put_case(fresh, "pending_approval")
    assert isinstance(fresh.clock, Clock)
    fresh.clock.advance(hours=60)
    assert resting_on(fresh, looked(asks="pending_approval"), fresh.cases.newest(9), go_on=False) == case


@pytest.mark.parametrize("go_on", [True, False])
def test_a_case_that_hit_a_bound_is_not_tried_again_and_one_that_was_cut_off_is(fresh: Opened, go_on: bool) -> None:
    case = put_case(fresh, "partial")
    found = resting_on(fresh, looked(key=case.key), fresh.cases.newest(9), go_on=go_on)
    assert found == (None if go_on else case)


def test_a_case_that_a_killed_watch_left_is_reported_where_nothing_can_go_on_with_it(fresh: Opened) -> None:
    assert isinstance(fresh.clock, Clock)
    left, ours = put_open_case(fresh, started_by="watch"), put_open_case(fresh, started_by="watch")
    assert left == ours  # one window, one case
    fresh.clock.advance(hours=1)
    by_a_person = put_open_case(fresh, started_by="chat")
    fresh.clock.advance(hours=1)
    of_now = put_open_case(fresh, started_by="watch")
    _close_left_cases(fresh, of_now.key)
    assert [fresh.cases.get(case.case_id).status for case in (left, by_a_person, of_now)] == ["partial", "open", "open"]
    report = fresh.cases.get(left.case_id).report
    assert report is not None and "the window is another by now" in Path(report.path).read_text()
    _close_left_cases(fresh, of_now.key)
    assert [entry.kind for entry in fresh.ledger.entries(left.case_id)] == ["reported"]


@pytest.mark.slow
def test_told_to_end_it_parks_the_case_and_the_next_check_goes_on_with_it_and_then_it_rests(broken: Opened) -> None:
    stopping = Stopping()

    def asked_to_end_when_the_operator_works(here: Opened) -> tuple[Any, None]:
        class Ending(Rulebook):
            async def ask(self, *arguments: Any) -> Any:
                stopping.request()
                return await super().ask(*arguments)

        return Ending(here.policy), None

    parked = check(broken, asked_to_end_when_the_operator_works, stopping)
    assert (parked.status, parked.exit_code) == ("parked", 130)
    (case_id,) = triages(broken)
    assert broken.cases.get(case_id).status == "partial"
    after = checked(broken)
    assert (after.status, after.case_id, after.exit_code) == ("needs_people", case_id, 10)
    assert isinstance(broken.clock, Clock)
    broken.clock.advance(days=3)  # past any cooldown: the window is the same
    again = checked(broken)
    assert (again.status, again.case_id, triages(broken)) == ("needs_people", case_id, [case_id])


def rounds(*workspaces: Path, said: list[str]) -> Rounds:
    def opened(place: Path) -> Opened:
        if place.name == "broken":
            raise ChurnopsError("This one cannot be opened.")
        return open_workspace(place, policy_text(), Clock())

    return Rounds(workspaces, opened, opened, lambda here: (Rulebook(here.policy), None), Stopping(), said.append)


def test_one_workspace_that_fails_stops_no_other(fresh: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNOPS_ALERTS__DESTINATIONS", '["${NOBODY_SET_THIS}"]')
    said: list[str] = []
    quiet = fresh.workspace.settings_file.read_text().replace('\nquiet = ""', '\nquiet = "11:00-13:00"')
    fresh.workspace.settings_file.write_text(quiet)
    visits = rounds(tmp_path / "broken", fresh.workspace.root, tmp_path / "nowhere", said=said).once()
    assert [visit.checked.status for visit in visits] == ["failed", "quiet", "failed"]
    assert any("This one cannot be opened." in line for line in said)
    assert any("A destination needs the variable NOBODY_SET_THIS." in line for line in said)  # though no message is due


def test_a_record_that_was_changed_is_told(trained: Opened) -> None:
    with trained.state.write() as connection:
        connection.exec_driver_sql("update ledger set body = '{}' where kind = 'deployed'")
    said: list[str] = []

    def refused(_: Path) -> Opened:
        raise IntegrityError("The ledger does not verify.")

    (visit,) = replace(rounds(trained.workspace.root, said=said), opened_by_person=refused).once()
    assert (visit.checked.status, visit.checked.said) == ("failed", "The ledger does not verify.")
    (visit,) = replace(rounds(trained.workspace.root, said=said), opened_by_person=refused).once()
    assert {alert.condition.title for alert in newest_alerts(trained.state, 9, over=False)} == {
        "The check of the model failed",
        "The record of this workspace was changed",
    }


def test_a_watch_checks_when_it_is_due_and_not_before(fresh: Opened) -> None:
    said: list[str] = []
    watch = rounds(fresh.workspace.root, said=said)
    ticks = []

    def say(line: str) -> None:
        said.append(line)

    class Ticking(Stopping):
        def tick(self) -> None:
            ticks.append(1)
            if len(ticks) == 8:
                self.request()

    stopping = Ticking()
    waiting = stopping.requested.wait
    stopping.requested.wait = lambda seconds=None: (stopping.tick(), waiting(0.01))[1]  # type: ignore[method-assign]
    replace(watch, stopping=stopping, say=say).forever(tick_seconds=0.01)
    assert len(said) == 1 and "no champion yet" in said[0]
    failed = check_history(fresh.state).undone
    assert [one.status for one in failed] == ["failed"]
    with fresh.state.read() as connection:
        assert connection.execute(select(leases)).all() == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_a_watch_that_is_ended_while_it_works_leaves_a_check_that_is_due(broken: Opened, number: signal.Signals) -> None:
    watch = subprocess.Popen(
        [sys.executable, "-m", "churnops", "watch", str(broken.workspace.root), "--operator", "rulebook"],
        stderr=subprocess.PIPE,
        env={**os.environ, "CHURNOPS_WATCH__SILENCE": ""},
    )
    while not triages(broken):
        assert watch.poll() is None
        time.sleep(0.05)
    watch.send_signal(number)
    _, said = watch.communicate(timeout=60)
    assert watch.returncode in {0, 143, -signal.SIGKILL}, said.decode()
    history = check_history(broken.state)
    assert history.done is None
    (case_id,) = triages(broken)
    assert broken.cases.get(case_id).status in {"open", "partial"}
    with broken.state.write() as connection:  # its turn is over at the latest after a minute
        connection.execute(leases.update().values(until=f"{NOON - timedelta(days=1):%Y-%m-%dT%H:%M:%S}+00:00"))
    after = checked(broken)
    assert (after.status, after.case_id) == ("needs_people", case_id)
