"""Checks that ran and found nothing: how near each came to speaking up, so that a near miss can be weighed."""

from collections.abc import Callable, Mapping, Sequence

from pipeline.diagnosis.finding import Finding, Name
from pipeline.stored_record import StoredRecord
from pipeline.workspace.evidence_policy import EvidenceRules

_Z = "standard errors"


class RuledOut(StoredRecord):
    """A check that found nothing notable, where it came nearest: in `column`, None where it is about the window as a whole. `strength` is what it
    measured in `unit`, and `threshold` from where on it speaks up (other conditions may apply, too); None where no one number decides."""

    name: Name
    column: str | None = None
    strength: float
    threshold: float | None
    unit: str

    @property
    def nearness(self) -> float:
        """How much of the threshold was reached; 0 where there is none."""
        return self.strength / self.threshold if self.threshold else 0.0


# Of a finding: what is compared, with which threshold, in which unit.
_Compared = tuple[float, float, str]
_COMPARED: Mapping[Name, Callable[[Finding, EvidenceRules], _Compared]] = {
    "moved_alone": lambda one, rules: (one.z or 0.0, rules.dependency.alone_z, _Z),
    "dependency_lost": lambda one, rules: (one.z or 0.0, rules.dependency.lost_z, _Z),
    "population_moved": lambda one, rules: (one.strength, rules.support.domain_auc, one.unit),
    "unsupported_rows": lambda one, rules: (one.strength, rules.support.unsupported_share, one.unit),
    "score_shift": lambda one, rules: (one.strength, rules.support.score_distance, one.unit),
    "prior_estimate": lambda one, rules: (abs(one.z or 0.0), rules.prior.z, _Z),
    "prior_explains": lambda one, rules: (one.strength, rules.prior.explained, one.unit),
    "measured_performance": lambda one, rules: (-(one.z or 0.0), rules.performance.auc_z, _Z),
    "level_change": lambda one, rules: (abs(one.z or 0.0), rules.performance.level_z, _Z),
    "calibration_slope": lambda one, rules: (-(one.z or 0.0), rules.performance.slope_z, _Z),
    "gain_recalibrate": lambda one, rules: (one.strength, rules.challengers.gain, one.unit),
    "gain_combined": lambda one, rules: (one.strength, rules.challengers.gain, one.unit),
    "gain_recent": lambda one, rules: (one.strength, rules.challengers.gain, one.unit),
    "gain_newest": lambda one, rules: (one.strength, rules.challengers.gain, one.unit),
}


def ruled_out(findings: Sequence[Finding], rules: EvidenceRules, measured: Sequence[RuledOut] = ()) -> tuple[RuledOut, ...]:
    """One of each name that no notable finding has, the nearest to its threshold first; `measured` are checks that leave no finding behind."""
    notable = {one.name for one in findings if one.notable}
    nearest: dict[Name, RuledOut] = {}
    for one in (*(_of(finding, rules) for finding in findings if not finding.notable), *measured):
        if one.name not in notable and (one.name not in nearest or one.nearness > nearest[one.name].nearness):
            nearest[one.name] = one
    return tuple(sorted(nearest.values(), key=lambda one: (-one.nearness, one.name)))


def _of(finding: Finding, rules: EvidenceRules) -> RuledOut:
    compared = _COMPARED.get(finding.name)
    strength, threshold, unit = compared(finding, rules) if compared else (finding.strength, None, finding.unit)
    return RuledOut(name=finding.name, column=finding.column, strength=strength, threshold=threshold, unit=unit)
