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
from pipeline.diagnosis.setting import Setting
from pipeline.diagnosis.without_columns import without_columns
from pipeline.shown_text import plain
from pipeline.workspace.policy import Policy
from pipeline.workspace.settings import ValueSettings

_NAMED = 3  # columns in a sentence


@dataclass(frozen=True)
class Examined:
    """What was found, the columns that are in question, so that outcomes were `judged_without` them, and the performance to be `expected` without
    outcomes, None where it was not or could not be computed."""

    findings: tuple[Finding, ...]
    judged_without: tuple[str, ...]
    expected: ExpectedPerformance | None


def examine(observed: Observed, policy: Policy, value: ValueSettings, without: Collection[Family] = ()) -> Examined:
    """The findings of every family but those in `without`, in the order in which they are asked.

    Broken data silence nobody: what outcomes say is then asked of a model that never saw the columns in question, which tells a second cause
    beside a broken column, and a real change from one.
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
    suspects = tuple(
        dict.fromkeys(
            one.column for one in found if one.notable and "data_fault" in one.argues_for and one.column in observed.columns.features
        )
    )
    told = without_columns(observed, suspects) if suspects and labels_usable(observed, policy) else observed
    by_outcomes: Mapping[Family, Callable[[], tuple[Finding, ...]]] = {
        "labels": lambda: label_checks(told, policy),
        "prior": lambda: estimate_prior(told, rules.prior),
        "performance": lambda: measured_on_labels(told, policy),
        "challengers": lambda: find_gains(told, policy, value),
    }
    known = tuple(finding for family, look in by_outcomes.items() if family not in without for finding in look())
    if told is observed:
        return Examined((*found, *known), (), expected)
    return Examined((*found, *(_of_stand_in(one, suspects) for one in known)), suspects, expected)


def _of_stand_in(finding: Finding, suspects: Sequence[str]) -> Finding:
    named = ", ".join(f"`{plain(name)}`" for name in suspects[:_NAMED]) + (" and more" if len(suspects) > _NAMED else "")
    return finding.model_copy(update={"said": f"By a model like the champion that never saw {named}: {finding.said}"})


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
    )
    found = conclude((*examined.findings, *known), setting, policy)
    return found.model_copy(update={"population": observed.past.population, "expected": examined.expected})
