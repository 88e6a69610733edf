"""Opening a case: the window is measured, and unless people have taken note of all there is in it, a case is opened or continued."""

import hashlib
from dataclasses import dataclass

from pipeline.diagnosis.data_faults.broken_expectations import broken_expectations
from pipeline.drift.summarise import summarise_drift
from pipeline.drift.summary import DriftSummary
from pipeline.errors import ChurnopsError
from pipeline.measures.measure import Metrics
from pipeline.models.artifact import Artifact
from pipeline.record.cases import Case, ModelRef, WindowFacts
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.acknowledgements import Acknowledgement, covering, recorded_acknowledgements, shift_of
from pipeline.shown_text import plain
from pipeline.windows.window import Window
from pipeline.workspace.policy import Policy
from reports.harm import Harm
from tools.case_windows import CaseWindows


@dataclass(frozen=True)
class Known:
    """A window whose shift people have taken note of."""

    acknowledgement: Acknowledgement
    drift: DriftSummary


class KnownShift(ChurnopsError):
    """No case was opened: there is nothing that people have not taken note of."""

    def __init__(self, known: Known) -> None:
        found = known.acknowledgement
        end = f" or after {found.until:%Y-%m-%d %H:%M} UTC" if found.until else ""
        super().__init__(
            f"This shift is known: {found.by or 'a person'} acknowledged it on {found.at:%Y-%m-%d} in case {found.case_id} "
            f'(acknowledgement {found.number}, "{plain(found.reason, 200)}").',
            f"A case is opened when it grows{end}.",
        )
        self.known = known


def open_case(opened: Opened, windows: CaseWindows, started_by: str) -> Case:
    """The case of the current window and champion, open or closed, or a new one.

    Raises:
        KnownShift: people acknowledged this shift.
        ChurnopsError: the window cannot be read or measured.
    """
    serving, artifact, baseline, window = windows.current()
    champion = ModelRef(version=serving.version, digest=serving.digest)
    key = case_key(champion.digest, window.fingerprint, opened.policy)
    case = opened.cases.of_key(key)
    if case is None or not case.unfinished:
        drift = summarise_drift(baseline, window, opened.policy)
        if not any(one.argues_for for one in broken_expectations(window.violations, opened.policy.evidence.data, window.rows)):
            _check_news(opened, artifact, window, drift)  # of a shift: a broken expectation is news of its own
    if case is None:
        now = opened.clock()
        case = opened.cases.open(
            Case(
                case_id=f"{now:%Y-%m-%d}-{key[:6]}",
                key=key,
                kind="triage",
                opened_at=now,
                started_by=started_by,
                person=opened.person,
                policy_version=opened.policy.version,
                champion=champion,
                window=WindowFacts.of(window),
                drift=drift,
            )
        )
    windows.keep(case, window)
    return case


def case_key(champion: str, fingerprint: str, policy: Policy) -> str:
    """What a case is known by: the champion's digest, the window's fingerprint, and the policy."""
    return hashlib.sha256(f"{champion}|{fingerprint}|{policy.version}".encode()).hexdigest()


def window_metrics(champion: Artifact, window: Window, policy: Policy) -> Metrics | None:
    """The champion on the window's rows whose outcome is known; None below two of a class."""
    from pipeline.measures.metrics import measure

    known = window.labelled
    if min(window.labelled_churners, window.labelled_rows - window.labelled_churners) < 2:
        return None
    scores = champion.scores(known.features)
    return measure(known.churned.to_numpy(), scores, champion.manifest.threshold, policy.gate.confidence, known.weights)


def _check_news(opened: Opened, champion: Artifact, window: Window, drift: DriftSummary) -> None:
    if drift.share is None or all(known.champion != champion.digest for known in recorded_acknowledgements(opened.state)):
        return
    measured = window_metrics(champion, window, opened.policy)
    harmed = measured is not None and Harm(champion.metrics.roc_auc, measured.roc_auc).beyond_chance
    shift = shift_of(drift, harmed=harmed)
    found = covering(opened.state, champion.digest, shift, opened.clock(), opened.policy.acknowledgement.growth)
    if found is not None:
        raise KnownShift(Known(found, drift))
