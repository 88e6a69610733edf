"""All evidence about one window, family by family, and what it comes to."""

from collections.abc import Callable, Collection, Mapping, Sequence

from pipeline.diagnosis.cause_rules import Setting, conclude
from pipeline.diagnosis.data_faults.checks import data_checks
from pipeline.diagnosis.data_faults.copied_rows import training_rows
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.expected_performance import ExpectedPerformance
from pipeline.diagnosis.finding import Family, Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.estimated_performance import estimate_performance
from pipeline.diagnosis.outcomes.expected_outcomes import one_row_each
from pipeline.diagnosis.outcomes.label_checks import label_checks
from pipeline.diagnosis.outcomes.labelled_performance import measured_on_labels
from pipeline.diagnosis.outcomes.prior_shift import estimate_prior
from pipeline.diagnosis.outcomes.remedies import find_gains
from pipeline.diagnosis.outcomes.score_shift import find_score_shift
from pipeline.diagnosis.population.domain_classifier import Domain, tell_apart
from pipeline.diagnosis.population.lone_move import find_moved_alone
from pipeline.diagnosis.population.lost_dependency import find_lost_dependencies
from pipeline.diagnosis.population.support import find_support
from pipeline.workspace.policy import Policy
from pipeline.workspace.settings import ValueSettings


def examine(
    observed: Observed,
    policy: Policy,
    value: ValueSettings,
    domain: Domain | None,
    expected: ExpectedPerformance | None,
    without: Collection[Family] = (),
) -> tuple[Finding, ...]:
    """The findings of every family but those in `without`, in the order in which they are asked. `domain` tells the window from the reference,
    `expected` is the performance without outcomes.

    Where the data checks find broken data, nothing else is asked: every further number would rest on them.
    """
    rules = policy.evidence
    families: Mapping[Family, Callable[[], tuple[Finding, ...]]] = {
        "data": lambda: data_checks(observed, rules.data),
        "dependency": lambda: find_lost_dependencies(observed, rules.dependency),
        "moved_alone": lambda: find_moved_alone(observed, rules.dependency),
        "labels": lambda: label_checks(observed, policy),
        "support": lambda: find_support(observed, domain, rules.support),
        "score": lambda: find_score_shift(observed, rules.support, expected),
        "prior": lambda: estimate_prior(observed, rules.prior),
        "performance": lambda: measured_on_labels(observed, policy),
        "challengers": lambda: find_gains(observed, policy, value),
    }
    found: tuple[Finding, ...] = ()
    for family, look in families.items():
        if family in without:
            continue
        found += look()
        if family == "data" and any(finding.notable for finding in found):
            break
    return found


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
    domain = None if {"support", "score"} <= {*without} else tell_apart(observed)
    expected = None if "score" in without else estimate_performance(observed, domain, value)
    found = conclude((*examine(observed, policy, value, domain, expected, without), *known), setting, policy)
    return found.model_copy(update={"population": observed.past.population, "expected": expected})
