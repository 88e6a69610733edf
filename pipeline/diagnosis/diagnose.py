"""All evidence about one window, family by family, and what it comes to."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from pipeline.diagnosis.conclusion import conclude
from pipeline.diagnosis.data_faults.checks import data_checks
from pipeline.diagnosis.data_faults.copied_rows import training_rows
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.expected_performance import ExpectedPerformance
from pipeline.diagnosis.finding import Family, Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.estimated_performance import estimate_performance
from pipeline.diagnosis.outcomes.expected_outcomes import labels_usable, one_row_each
from pipeline.diagnosis.outcomes.label_checks import label_checks
from pipeline.diagnosis.outcomes.labelled_performance import measured_on_labels
from pipeline.diagnosis.outcomes.prior_shift import estimate_prior
from pipeline.diagnosis.outcomes.remedies import find_gains
from pipeline.diagnosis.outcomes.score_shift import find_score_shift
from pipeline.diagnosis.population.domain_classifier import tell_apart
from pipeline.diagnosis.population.lone_move import find_moved_alone
from pipeline.diagnosis.population.lost_dependency import find_lost_dependencies
from pipeline.diagnosis.population.support import find_support
from pipeline.diagnosis.repairs.attempts import Attempt, attempt_repairs, with_repairs
from pipeline.diagnosis.repairs.repaired import repaired
from pipeline.diagnosis.repairs.tried_repair import TriedRepair
from pipeline.diagnosis.setting import Setting
from pipeline.diagnosis.without_columns import without_columns
from pipeline.shown_text import plain
from pipeline.workspace.policy import Policy
from pipeline.workspace.settings import ValueSettings

_NAMED = 3  # columns in a sentence


@dataclass(frozen=True)
class Examined:
    """What was found, the columns that are in question, so that outcomes were `judged_without` them as they were sent, the performance to be
    `expected` without outcomes, None where it was not or could not be computed, and the `repairs` that were tried."""

    findings: tuple[Finding, ...]
    judged_without: tuple[str, ...]
    expected: ExpectedPerformance | None
    repairs: tuple[TriedRepair, ...]


def examine(observed: Observed, policy: Policy, value: ValueSettings, without: Collection[Family] = ()) -> Examined:
    """The findings of every family but those in `without`, and the repairs of what they suspect.

    Broken data silence nobody. What outcomes say is asked of the rows as they are once repaired, and of a model that never saw the columns
    that nothing repairs: that tells a second cause beside a broken column, and a real change from one.
    """
    rules = policy.evidence
    domain = None if {"support", "score"} <= {*without} else tell_apart(observed)
    expected = None if "score" in without else estimate_performance(observed, domain, value)
    about_rows: Mapping[Family, Callable[[], tuple[Finding, ...]]] = {
        "data": lambda: data_checks(observed, rules.data),
        "dependency": lambda: find_lost_dependencies(observed, rules.dependency),
        "moved_alone": lambda: find_moved_alone(observed, rules.dependency),
        "support": lambda: find_support(observed, domain, rules.support),
        "score": lambda: find_score_shift(observed, rules.support, expected),
    }
    found = tuple(finding for family, look in about_rows.items() if family not in without for finding in look())
    attempts = () if "repairs" in without else attempt_repairs(observed, found, rules.data)
    found = with_repairs(found, attempts, len(observed.window))
    basis = _basis(observed, found, attempts, policy)
    by_outcomes: Mapping[Family, Callable[[], tuple[Finding, ...]]] = {
        "labels": lambda: label_checks(basis.observed, policy),
        "prior": lambda: estimate_prior(basis.observed, rules.prior),
        "performance": lambda: measured_on_labels(basis.observed, policy),
        "challengers": lambda: find_gains(basis.observed, policy, value),
    }
    known = tuple(basis.of(finding) for family, look in by_outcomes.items() if family not in without for finding in look())
    repairs = tuple(attempt.told for attempt in attempts)
    return Examined((*found, *known), basis.repaired + basis.suspects, expected, repairs)


@dataclass(frozen=True)
class _Basis:
    """What outcomes are asked of: `observed` with the columns `repaired`, seen by a model that never saw the `suspects`."""

    observed: Observed
    repaired: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()

    def of(self, finding: Finding) -> Finding:
        """The finding, saying what it rests on."""
        put_back = f"With {_names(self.repaired)} put back" if self.repaired else ""
        unseen = f"{'by' if put_back else 'By'} a model like the champion that never saw {_names(self.suspects)}" if self.suspects else ""
        rests_on = ", ".join(part for part in (put_back, unseen) if part)
        return finding.model_copy(update={"said": f"{rests_on}: {finding.said}"}) if rests_on else finding


def _basis(observed: Observed, found: Sequence[Finding], attempts: Sequence[Attempt], policy: Policy) -> _Basis:
    if not labels_usable(observed, policy):
        return _Basis(observed)
    # Of rows from before the fault, the same repair would make broken ones.
    mendable = () if observed.matured is not None else attempts
    undone = [attempt.repair for attempt in mendable if attempt.told.returned and attempt.repair is not None]
    put_back = tuple(dict.fromkeys(column for repair in undone for column in repair.columns))
    broken = [one.column for one in found if one.notable and "data_fault" in one.argues_for and one.column in observed.columns.features]
    suspects = tuple(dict.fromkeys(column for column in broken if column and column not in put_back))
    mended = repaired(observed, undone) if undone else observed
    return _Basis(without_columns(mended, suspects) if suspects else mended, put_back, suspects)


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f"`{plain(name)}`" for name in columns[:_NAMED]) + (" and more" if len(columns) > _NAMED else "")


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
    examined = examine(observed, policy, value, without)
    setting = Setting(
        observed.rows,
        len(outcomes),
        int(outcomes.sum()),
        training_rows(once),
        observed.customers,
        observed.set_aside,
        observed.past.scored_again,
        examined.judged_without,
        None if observed.matured is None else observed.matured.customers or observed.matured.rows,
    )
    found = conclude((*examined.findings, *known), setting, policy)
    return found.model_copy(update={"population": observed.past.population, "expected": examined.expected, "repairs": examined.repairs})
