"""All evidence about one window, family by family, and what it comes to."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from pipeline.diagnosis.cause_rules import Setting, conclude
from pipeline.diagnosis.data_faults.checks import data_checks
from pipeline.diagnosis.data_faults.copied_rows import training_rows
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.finding import Family, Finding, Name, RepairName
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.expected_outcomes import one_row_each
from pipeline.diagnosis.outcomes.label_checks import label_checks
from pipeline.diagnosis.outcomes.labelled_performance import measured_on_labels
from pipeline.diagnosis.outcomes.prior_shift import estimate_prior
from pipeline.diagnosis.outcomes.remedies import find_gains
from pipeline.diagnosis.outcomes.score_shift import find_score_shift
from pipeline.diagnosis.population.lone_move import find_moved_alone
from pipeline.diagnosis.population.lost_dependency import find_lost_dependencies
from pipeline.diagnosis.population.support import find_support
from pipeline.diagnosis.repairs.attempts import Attempt, attempt_repairs
from pipeline.workspace.policy import Policy
from pipeline.workspace.settings import ValueSettings

# The fault that a repair undoes, where other columns can say that it is none.
_UNDONE: Mapping[RepairName, Name] = {"factor": "unit_change", "renamed": "renamed_category", "set_missing": "value_spike"}


@dataclass(frozen=True)
class Evidence:
    """All findings of a window, in the order in which they were asked for, and the repairs that were tried."""

    findings: tuple[Finding, ...]
    attempts: tuple[Attempt, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether data checks found broken data that no other column refutes."""
        return any(finding.notable and finding.family == "data" for finding in self.findings)


def examine(observed: Observed, policy: Policy, value: ValueSettings, without: Collection[Family] = ()) -> Evidence:
    """The findings of every family but those in `without`, in the order in which they are asked, and the repairs of what they suspect.

    Where the data checks find broken data, nothing else is asked: every further number would rest on them.
    """
    rules = policy.evidence
    families: Mapping[Family, Callable[[], tuple[Finding, ...]]] = {
        "data": lambda: data_checks(observed, rules.data),
        "dependency": lambda: find_lost_dependencies(observed, rules.dependency),
        "moved_alone": lambda: find_moved_alone(observed, rules.dependency),
        "labels": lambda: label_checks(observed, policy),
        "support": lambda: find_support(observed, rules.support),
        "score": lambda: find_score_shift(observed, rules.support),
        "prior": lambda: estimate_prior(observed, rules.prior),
        "performance": lambda: measured_on_labels(observed, policy),
        "challengers": lambda: find_gains(observed, policy, value),
    }
    found: tuple[Finding, ...] = ()
    for family, look in families.items():
        if family in without:
            continue
        found += look()
        if family == "data" and Evidence(found).broken:
            weighed = _with_repairs(observed, found, policy, without)
            if weighed.broken:
                return weighed
            found = tuple(finding for finding in weighed.findings if finding.family != "repairs")
    return _with_repairs(observed, found, policy, without)


def _with_repairs(observed: Observed, found: tuple[Finding, ...], policy: Policy, without: Collection[Family]) -> Evidence:
    """With what repairs of the suspects bring back. A fault whose undoing fits no row any better is told, but not believed."""
    if "repairs" in without:
        return Evidence(found)
    attempts = attempt_repairs(observed, found, policy.evidence.data)
    refuted = {(attempt.told.column, _UNDONE.get(attempt.told.repair)) for attempt in attempts if attempt.refuted}
    kept = [
        finding.model_copy(update={"notable": False, "argues_for": ()}) if (finding.column, finding.name) in refuted else finding
        for finding in found
    ]
    return Evidence((*kept, *(attempt.told.finding(len(observed.window)) for attempt in attempts)), attempts)


def diagnose(
    observed: Observed, policy: Policy, without: Collection[Family] = (), *, value: ValueSettings, known: Sequence[Finding] = ()
) -> Diagnosis:
    """Look for all evidence but the families in `without`, and conclude.

    Args:
        observed: the window beside the reference.
        policy: thresholds.
        without: families of findings to leave out, to see what they are worth.
        value: of a campaign; gains are told in it.
        known: findings from elsewhere: what people wrote down about the time of the window.
    """
    once = one_row_each(observed)
    outcomes = once.labelled.churned
    setting = Setting(
        observed.rows,
        len(outcomes),
        int(outcomes.sum()),
        training_rows(once),
        observed.customers,
        observed.set_aside,
        observed.past.scored_again,
    )
    evidence = examine(observed, policy, value, without)
    found = conclude((*evidence.findings, *known), setting, policy)
    repairs = tuple(attempt.told for attempt in evidence.attempts)
    return found.model_copy(update={"population": observed.past.population, "repairs": repairs})
