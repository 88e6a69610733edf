"""All evidence about one window, family by family."""

from collections.abc import Callable, Collection, Mapping

from pipeline.challengers import find_gains
from pipeline.data_checks import data_checks
from pipeline.dependency import find_lost_dependencies
from pipeline.finding import Family, Finding
from pipeline.label_checks import label_checks
from pipeline.labelled_performance import measured_on_labels
from pipeline.moved_alone import find_moved_alone
from pipeline.observed import Observed
from pipeline.policy import Policy
from pipeline.prior_shift import estimate_prior
from pipeline.score_shift import find_score_shift
from pipeline.settings import ValueSettings
from pipeline.support import find_support


def examine(observed: Observed, policy: Policy, value: ValueSettings, without: Collection[Family] = ()) -> tuple[Finding, ...]:
    """The findings of every family but those in `without`, in the order in which they are asked.

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
        if family == "data" and any(finding.notable for finding in found):
            break
    return found
