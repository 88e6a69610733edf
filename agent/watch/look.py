"""The look of a check: drift and diagnosis of the window as it is, without a case; and whether it asks for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.drift.summary import DriftSummary
from pipeline.record.cases import Case, Status, WindowFacts, concluded
from pipeline.record.opened_workspace import Opened
from pipeline.state.check_figures import CheckFigures, IntervalFigure

if TYPE_CHECKING:
    from pipeline.measures.measure import Metrics
    from pipeline.windows.window import Window


@dataclass(frozen=True)
class Look:
    """What a check saw. `key` is that of the case of this window, `asks` the status that a case would end with as far as can be told, `roc_auc`
    the champion's on known outcomes, None with too few."""

    key: str
    champion: str
    newest_prediction: datetime | None
    drift: DriftSummary
    diagnosis: Diagnosis
    asks: Status
    roc_auc: float | None = None
    figures: CheckFigures | None = None
    harmed: bool = False  # the champion does worse than promised, beyond chance


def look(opened: Opened) -> Look:
    """Read the window and weigh the evidence; opens no case.

    Raises:
        ChurnopsError: no champion serves, or the window cannot be read or measured.
    """
    from pipeline.diagnosis.dated_diagnosis import dated
    from pipeline.diagnosis.diagnose import diagnose
    from pipeline.diagnosis.observed import observe
    from pipeline.drift.summarise import summarise_drift
    from pipeline.intake.window_choice import WindowChoice
    from pipeline.models.typical_value import typical_value
    from pipeline.rulings.noted_events import happenings, known_events, recorded_events
    from pipeline.rulings.past_cases import past_rulings
    from reports.filing import status_of
    from reports.first_page.timed_diagnosis import timed
    from reports.harm import Harm
    from tools.case_opening import case_key, window_metrics
    from tools.case_windows import current_window

    serving, artifact, baseline, window = current_window(opened, WindowChoice().reader(opened))
    drift = summarise_drift(baseline, window, opened.policy)
    recorded = recorded_events(opened.state)
    known = (*known_events(recorded, window.since, window.until), *past_rulings(opened.cases.all(), None, window.since))
    facts = WindowFacts.of(window)
    found = timed(
        opened,
        dated(
            diagnose(
                observe(artifact, baseline, window),
                opened.policy,
                value=typical_value(opened.settings.value, artifact),
                known=known,
                happened=happenings(recorded),
            ),
            window.windows,
        ),
        artifact,
        facts,
    )
    measured = window_metrics(artifact, window, opened.policy)
    harm = Harm(artifact.metrics.roc_auc, measured.roc_auc) if measured else None
    return Look(
        key=case_key(serving.digest, window.fingerprint, opened.policy),
        champion=serving.digest,
        newest_prediction=window.until,
        drift=drift,
        diagnosis=found,
        asks=status_of(found.action, drift.band, found, harm),
        roc_auc=measured.roc_auc.value if measured else None,
        figures=_figures(window, drift, found, measured),
        harmed=harm is not None and harm.beyond_chance,
    )


def _figures(window: "Window", drift: DriftSummary, found: Diagnosis, measured: "Metrics | None") -> CheckFigures:
    from reports.markdown_cells import strength

    profile, expected = window.profile, found.expected
    columns = {one.name: one.nulls for one in profile.numerical} | {one.name: one.nulls for one in profile.categorical}
    return CheckFigures(
        rows=window.rows,
        expected=IntervalFigure(value=expected.roc_auc, low=expected.low, high=expected.high)
        if expected and expected.roc_auc is not None
        else None,
        measured=IntervalFigure(value=measured.roc_auc.value, low=measured.roc_auc.low, high=measured.roc_auc.high) if measured else None,
        churn_rate=measured.churners / measured.n if measured else None,
        drift={one.name: strength(one) for one in drift.features},
        missing={name: nulls / profile.rows for name, nulls in columns.items()} if profile.rows else {},
        gain=found.timing.seen if found.timing else None,
    )


def resting_on(opened: Opened, seen: Look, cases: Sequence[Case], *, go_on: bool) -> Case | None:
    """The case that says all there is to say of this look, so that none is opened: of this very window, or within the cooldown of the same
    cause in the same column (or of another change that the same outcomes are to tell) with no fault in another one, or such a one whose challenger
    waits, or that asked people for the same: of that they are reminded. `cases`: newest first. `go_on`: an unfinished one was cut off."""
    triages = [case for case in cases if case.kind == "triage" and case.closed_at is not None]
    same = next((case for case in cases if case.key == seen.key), None)
    if same is not None:
        unfinished = same.status == "open" or (same.status == "partial" and go_on)
        return None if unfinished else same
    last = next((case for case in triages if case.champion.digest == seen.champion), None)
    if last is None or last.closed_at is None or last.status == "partial" or not _alike(last, seen):
        return None
    # What people were asked for is done elsewhere; until it is, another case would say the same once more.
    rest = opened.settings.watch.reminder if _asks_the_same(opened, last, seen) else opened.settings.watch.rest
    resting = opened.clock() < last.closed_at + rest
    return last if resting or last.status == "pending_approval" else None


def _alike(case: Case, seen: Look) -> bool:
    if "not_enough_data" in (case.status, seen.asks):
        return case.status == seen.asks
    found = concluded(case)
    if found is None:
        return False
    same = (found.cause, found.column) == (seen.diagnosis.cause, seen.diagnosis.column)
    if not same and not (_asks_for_outcomes(found) and _asks_for_outcomes(seen.diagnosis)):
        return False
    return _faulty_columns(seen.diagnosis) <= _faulty_columns(found)


def _asks_for_outcomes(found: Diagnosis) -> bool:
    """Whether outcomes are to tell which change it is: until they do, another guess of it asks for the same."""
    return found.action == "collect_labels" and found.cause not in {"data_fault", "label_fault", "unsure"}


def _faulty_columns(found: Diagnosis) -> set[str]:
    """Columns that a broken feed was told of by the data itself: another one is news, whatever leads."""
    return {one.column for one in found.findings if one.column is not None and one.notable and one.family == "data"}


def _asks_the_same(opened: Opened, case: Case, seen: Look) -> bool:
    """Whether both ask people for data or outcomes. That the champion does worse is new to those who were told before it was measured."""
    from reports.harm import measured_harm

    found = concluded(case)
    if found is None or found.action != seen.diagnosis.action or found.action not in {"fix_data", "collect_labels"}:
        return False
    harm = measured_harm(opened.cases.calls(case.case_id)) if seen.harmed else None
    return case.status == seen.asks == "needs_people" and (not seen.harmed or (harm is not None and harm.beyond_chance))
