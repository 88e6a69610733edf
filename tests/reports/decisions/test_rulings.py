"""What people rule is on record with who and when, in the database and in the ledger, or not at all."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.errors import ChurnopsError
from pipeline.record.cases import Challenger, ReportRef, concluded
from pipeline.record.entry import Entry
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.acknowledgements import recorded_acknowledgements, shift_of
from pipeline.rulings.exclusions import recorded_exclusions
from pipeline.rulings.imported_events import ImportedEvent
from pipeline.rulings.noted_events import LONGEST_NAME, happenings, known_events, recorded_events
from reports.decisions.rulings import LONGEST_REASON, acknowledge, exclude, import_events, include, note_event, overrule
from tests.conftest import NOON
from tests.tools.desk import case_of, diagnosis_of, metrics_of, training_result

DAY = timedelta(days=1)
REPORT = ReportRef(path="r.md", sha256="0" * 64)


@pytest.fixture
def opened(trained: Opened) -> Opened:
    object.__setattr__(trained, "person", "anna <anna@example.com>")
    return trained


def last_row(opened: Opened) -> Entry:
    return opened.ledger.entries()[-1]


@pytest.mark.parametrize("status", ["open", "partial", "needs_people", "no_deploy_needed"])
def test_a_word_over_a_diagnosis_lets_the_case_go_on(opened: Opened, status: str) -> None:
    case = case_of(opened, diagnosis=diagnosis_of("data_fault"), status=status)
    after = overrule(opened, case.case_id, "concept_drift", "The column was renamed on purpose.")
    assert (after.status, after.diagnosis) == ("open", case.diagnosis)
    assert after.override is not None
    assert (after.override.by, after.override.at) == (opened.person, NOON)
    found = concluded(after)
    assert found is not None
    assert (found.cause, found.action, found.mode, found.rule) == ("concept_drift", "retrain", "combined", "overruled")
    assert "The column was renamed on purpose." in found.said
    row = last_row(opened)
    assert (row.kind, row.case_id) == ("overruled", case.case_id)
    assert row.body == {
        "cause": "concept_drift", "overruled": "data_fault", "reason": "The column was renamed on purpose.", "by": opened.person,
    }  # fmt: skip
    assert opened.cases.of_key(case.key) == after


def test_it_holds_where_there_is_no_diagnosis_yet(opened: Opened) -> None:
    found = concluded(overrule(opened, case_of(opened, diagnosis=None).case_id, "prior_shift", "A tax came."))
    assert found is not None
    assert (found.action, found.mode, found.findings) == ("recalibrate", "recalibrate", ())


@pytest.mark.parametrize("facts", [{"status": "approved"}, {"status": "rejected"}, {"kind": "manual"}, {"challenger": True}])
def test_what_was_decided_or_waits_for_a_decision_is_not_overruled(opened: Opened, facts: dict[str, Any]) -> None:
    if "challenger" in facts:
        facts = {"challenger": Challenger(version="7", digest="d" * 64, gate=training_result(passed=True).gate, metrics=metrics_of(0.8))}
    case, rows = case_of(opened, **facts), len(opened.ledger.entries())
    with pytest.raises(ChurnopsError):
        overrule(opened, case.case_id, "none", "Because.")
    assert opened.cases.get(case.case_id) == case
    assert len(opened.ledger.entries()) == rows


def test_an_acknowledgement_is_kept_with_the_shift(opened: Opened) -> None:
    case = case_of(opened, status="needs_people", report=REPORT)
    assert case.drift is not None
    shift = shift_of(case.drift, harmed=False)
    known = acknowledge(opened, case, shift, NOON + 30 * DAY, "A campaign for old customers.")
    assert recorded_acknowledgements(opened.state) == (known,)
    assert (known.champion, known.shift, known.by, known.until) == (case.champion.digest, shift, opened.person, NOON + 30 * DAY)
    assert (last_row(opened).kind, last_row(opened).body["reason"]) == ("acknowledged", "A campaign for old customers.")


@pytest.mark.parametrize(
    "facts", [{"status": "open"}, {"status": "pending_approval"}, {"status": "partial"}, {"report": None}, {"share": None, "rows": 150}]
)
def test_what_has_no_finding_cannot_be_acknowledged(opened: Opened, facts: dict[str, Any]) -> None:
    case = case_of(opened, **{"status": "needs_people", "report": REPORT, **facts})
    assert case.drift is not None
    with pytest.raises(ChurnopsError, match="no finding to acknowledge"):
        acknowledge(opened, case, shift_of(case.drift, harmed=False), None, "Because.")
    assert recorded_acknowledgements(opened.state) == ()


def test_an_end_that_has_passed_is_refused(opened: Opened) -> None:
    case = case_of(opened, status="needs_people", report=REPORT)
    assert case.drift is not None
    with pytest.raises(ChurnopsError, match="has passed"):
        acknowledge(opened, case, shift_of(case.drift, harmed=False), NOON, "Because.")


def test_events_and_exclusions_are_in_the_ledger(opened: Opened) -> None:
    event = note_event(opened, "  price\nlist  ", NOON, NOON + DAY)
    assert (event.name, event.by) == ("price list", opened.person)
    assert recorded_events(opened.state) == (event,)
    feature = opened.settings.data.columns.categorical[0]
    made = exclude(opened, NOON, NOON + DAY, (feature, "x"), "Broken.")
    ended = include(opened, made.number)
    assert (ended.ended_at, ended.ended_by) == (NOON, opened.person)
    assert [entry.kind for entry in opened.ledger.entries()[-3:]] == ["noted", "excluded", "included"]
    assert last_row(opened).body == {"number": made.number, "by": opened.person}


def imported(name: str, at: datetime = NOON) -> ImportedEvent:
    return ImportedEvent(kind="deploy", name=name, since=at, until=at + timedelta(microseconds=1))


def test_events_of_other_tools_are_written_once_with_their_file(opened: Opened) -> None:
    first, second = imported("deploy 3f2a"), imported("deploy 3f2a", NOON + DAY)
    assert import_events(opened, [first, first, second], "deploys.jsonl") == 2
    rows = len(opened.ledger.entries())
    assert import_events(opened, [second, first], "again.jsonl") == 0
    assert len(opened.ledger.entries()) == rows
    assert [(event.name, event.kind, event.origin) for event in recorded_events(opened.state)] == [
        ("deploy 3f2a", "deploy", "deploys.jsonl")
    ] * 2
    assert last_row(opened).body == {"imported": 2, "origin": "deploys.jsonl", "by": opened.person}


def test_what_was_imported_is_no_note_of_a_person(opened: Opened) -> None:
    import_events(opened, [imported("deploy 3f2a")], "deploys.jsonl")
    recorded = recorded_events(opened.state)
    assert known_events(recorded, None, None) == ()
    assert [(one.name, one.since) for one in happenings(recorded)] == [("deploy 3f2a", NOON)]


@pytest.mark.parametrize("number", [1, 99])
def test_only_an_exclusion_in_force_ends(opened: Opened, number: int) -> None:
    include(opened, exclude(opened, NOON, NOON + DAY, None, "Broken.").number)
    with pytest.raises(ChurnopsError, match=f"No exclusion {number} is in force"):
        include(opened, number)


def test_what_cannot_be_meant_is_refused_and_leaves_nothing(opened: Opened) -> None:
    rows = len(opened.ledger.entries())
    for wrong in (
        lambda: exclude(opened, NOON, NOON, None, "Broken."),
        lambda: exclude(opened, NOON, NOON + DAY, ("no such column", "x"), "Broken."),
        lambda: exclude(opened, NOON, NOON + DAY, None, " \n"),
        lambda: exclude(opened, NOON, NOON + DAY, None, "x" * (LONGEST_REASON + 1)),
        lambda: note_event(opened, "x" * (LONGEST_NAME + 1), NOON, NOON + DAY),
        lambda: note_event(opened, "", NOON, NOON + DAY),
    ):
        with pytest.raises(ChurnopsError):
            wrong()
    assert (recorded_events(opened.state), recorded_exclusions(opened.state)) == ((), ())
    assert len(opened.ledger.entries()) == rows
