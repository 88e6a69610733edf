"""All evidence about one window, family by family, and what it comes to."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.diagnosis.attribution.attribute import attribute
from pipeline.diagnosis.conclusion import conclude
from pipeline.diagnosis.data_faults.broken_expectations import broken_expectations
from pipeline.diagnosis.data_faults.checks import data_checks
from pipeline.diagnosis.data_faults.copied_rows import training_rows
from pipeline.diagnosis.data_faults.near_misses import near_misses
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.expected_performance import ExpectedPerformance
from pipeline.diagnosis.finding import Family, Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.estimated_performance import estimate_performance
from pipeline.diagnosis.outcomes.expected_outcomes import labels_usable, one_row_each
from pipeline.diagnosis.outcomes.label_checks import faults_of_recording, label_checks
from pipeline.diagnosis.outcomes.labelled_performance import measured_on_labels
from pipeline.diagnosis.outcomes.offer_findings import effect_findings
from pipeline.diagnosis.outcomes.prior_shift import estimate_prior
from pipeline.diagnosis.outcomes.remedies import find_gains
from pipeline.diagnosis.outcomes.score_shift import find_score_shift
from pipeline.diagnosis.outcomes.unlogged_contacts import Contacts, find_unlogged_contacts
from pipeline.diagnosis.population.domain_classifier import tell_apart, tell_from_training
from pipeline.diagnosis.population.lone_move import find_moved_alone
from pipeline.diagnosis.population.lost_dependency import find_lost_dependencies
from pipeline.diagnosis.population.support import find_support
from pipeline.diagnosis.preceding_events import Happening, with_preceding
from pipeline.diagnosis.repairs.attempts import Attempt, attempt_repairs, with_repairs
from pipeline.diagnosis.repairs.repair import Repair
from pipeline.diagnosis.repairs.repaired import repaired
from pipeline.diagnosis.repairs.tried_repair import TriedRepair
from pipeline.diagnosis.ruled_out import ruled_out
from pipeline.diagnosis.setting import Setting
from pipeline.diagnosis.without_columns import without_columns
from pipeline.shown_text import plain
from pipeline.workspace.policy import Policy
from pipeline.workspace.value_settings import ValueSettings

_NAMED = 3  # columns in a sentence
Attributed = Literal["never", "where_lost", "always"]
_OUTCOMES_MISLEAD = frozenset({"untrusted_labels", "unlogged_contacts"})  # rules
_LIKELY = 0.5  # a campaign that is likelier than all other changes together


@dataclass(frozen=True)
class Examined:
    """What was found, the columns that are in question, so that outcomes were `judged_without` them as they were sent, the performance to be
    `expected` without outcomes, None where it was not or could not be computed, the `repairs` that were tried, and what outcomes were asked of."""

    findings: tuple[Finding, ...]
    judged_without: tuple[str, ...]
    expected: ExpectedPerformance | None
    repairs: tuple[TriedRepair, ...]
    basis: "Basis"


def examine(observed: Observed, policy: Policy, value: ValueSettings, without: Collection[Family] = ()) -> Examined:
    """The findings of every family but those in `without`, and the repairs of what they suspect.

    Broken data silence nobody. What outcomes say is asked of the rows as they are once repaired, and of a model that never saw the columns
    that nothing repairs: that tells a second cause beside a broken column, and a real change from one.
    """
    rules = policy.evidence
    domain = None if {"support", "score"} <= {*without} else tell_apart(observed)
    expected = None if "score" in without else estimate_performance(observed, tell_from_training(observed, domain), value)
    about_rows: Mapping[Family, Callable[[], tuple[Finding, ...]]] = {
        "data": lambda: (*broken_expectations(observed.violations, rules.data, observed.rows), *data_checks(observed, rules.data)),
        "dependency": lambda: find_lost_dependencies(observed, rules.dependency),
        "moved_alone": lambda: find_moved_alone(observed, rules.dependency),
        "support": lambda: find_support(observed, domain, rules.support),
        "score": lambda: find_score_shift(observed, rules.support, expected),
    }
    found = tuple(finding for family, look in about_rows.items() if family not in without for finding in look())
    attempts = () if "repairs" in without else attempt_repairs(observed, found, rules.data)
    found = with_repairs(found, attempts, len(observed.window))
    basis = _basis(observed, found, attempts, policy)
    checked = () if "labels" in without else label_checks(basis.observed, policy)
    immature = tuple(one for one in checked if one.name == "labels_immature" and one.notable)
    recording = () if "labels" in without else (*faults_of_recording(basis.observed, policy), *immature)
    # Outcomes that went missing, or are not all in yet, take most from the high scores, as a campaign does.
    contacts = None if "offers" in without or recording else find_unlogged_contacts(basis.observed, policy, value)
    # What another model learns of contacted customers is the campaign, and their outcomes look wrong; those of the others speak.
    campaign = contacts if contacts is not None and contacts.finding.strength >= _LIKELY else None
    by_outcomes: Mapping[Family, Callable[[], tuple[Finding, ...]]] = {
        "offers": lambda: () if contacts is None else (contacts.finding,),
        "labels": lambda: (*recording, *(() if campaign else (one for one in checked if one not in immature))),
        "prior": lambda: estimate_prior(basis.observed, rules.prior),
        "performance": lambda: _of_the_others(basis.observed, campaign, policy),
        "challengers": lambda: () if campaign else find_gains(basis.as_seen(observed.teaching), policy, value),
    }
    known = tuple(basis.of(finding) for family, look in by_outcomes.items() if family not in without for finding in look())
    repairs = tuple(attempt.told for attempt in attempts)
    return Examined((*found, *known), basis.repaired + basis.suspects, expected, repairs, basis)


def _of_the_others(observed: Observed, campaign: Contacts | None, policy: Policy) -> tuple[Finding, ...]:
    """What outcomes say of the champion; where a campaign is likelier than any other change, those of the customers scoring below it."""
    if campaign is None:
        return measured_on_labels(observed, policy)
    below = observed.labelled_scores < campaign.cut
    found = measured_on_labels(
        replace(observed, labelled=observed.labelled.at(below), labelled_scores=observed.labelled_scores[below]), policy
    )
    return tuple(one.model_copy(update={"said": f"Of those scoring below {campaign.cut:.2f}: {one.said}"}) for one in found)


@dataclass(frozen=True)
class Basis:
    """What outcomes are asked of: `observed` with `repairs` made to columns, seen by a model that never saw the `suspects`."""

    observed: Observed
    repairs: tuple[Repair, ...] = ()
    suspects: tuple[str, ...] = ()

    @property
    def repaired(self) -> tuple[str, ...]:
        """The columns that were put back."""
        return tuple(dict.fromkeys(column for repair in self.repairs for column in repair.columns))

    def as_seen(self, teaching: Observed) -> Observed:
        """The same of the rows that models are chosen by, which may be those judged by."""
        return self.observed if teaching.restored is None else _as_seen(teaching, self.repairs, self.suspects)

    def of(self, finding: Finding) -> Finding:
        """The finding, saying what it rests on."""
        put_back = f"With {_names(self.repaired)} put back" if self.repaired else ""
        unseen = f"{'by' if put_back else 'By'} a model like the champion that never saw {_names(self.suspects)}" if self.suspects else ""
        rests_on = ", ".join(part for part in (put_back, unseen) if part)
        return finding.model_copy(update={"said": f"{rests_on}: {finding.said}"}) if rests_on else finding


def _basis(observed: Observed, found: Sequence[Finding], attempts: Sequence[Attempt], policy: Policy) -> Basis:
    if not labels_usable(observed, policy):
        return Basis(observed)
    # Of rows from before the fault, the same repair would make broken ones.
    mendable = () if observed.matured is not None else attempts
    undone = tuple(attempt.repair for attempt in mendable if attempt.told.returned and attempt.repair is not None)
    put_back = {column for repair in undone for column in repair.columns}
    broken = [one.column for one in found if one.notable and "data_fault" in one.argues_for and one.column in observed.columns.features]
    suspects = tuple(dict.fromkeys(column for column in broken if column and column not in put_back))
    return Basis(_as_seen(observed, undone, suspects), undone, suspects)


def _as_seen(observed: Observed, repairs: tuple[Repair, ...], suspects: tuple[str, ...]) -> Observed:
    mended = repaired(observed, list(repairs)) if repairs else observed
    return without_columns(mended, suspects) if suspects else mended


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f"`{plain(name)}`" for name in columns[:_NAMED]) + (" and more" if len(columns) > _NAMED else "")


def diagnose(
    observed: Observed,
    policy: Policy,
    without: Collection[Family] = (),
    *,
    value: ValueSettings,
    known: Sequence[Finding] = (),
    happened: Sequence[Happening] = (),
    attributed: Attributed = "never",
) -> Diagnosis:
    """Look for all evidence but the families in `without`, and conclude.

    Args:
        observed: the window beside the reference.
        policy: thresholds.
        without: families of findings to leave out, to see what they are worth.
        value: of a campaign; gains are told in it.
        known: findings from elsewhere: what people wrote down about the time of the window.
        happened: events that a fault may have begun after.
        attributed: whether to split what the champion's campaign earns less than promised into its causes; it takes seconds.
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
        _set_aside(observed),
        observed.offers,
        observed.labelled.design_weights is not None,
    )
    dated = tuple(with_preceding(finding, happened) for finding in examined.findings)
    found = conclude((*dated, *known, *effect_findings(observed.offers)), setting, policy)
    quiet = ruled_out(found.findings, policy.evidence, () if "data" in without else near_misses(observed, policy.evidence.data))
    told = {"population": observed.past.population, "expected": examined.expected, "repairs": examined.repairs, "ruled_out": quiet}
    if attributed == "never" or found.cause == "label_fault" or found.rule in _OUTCOMES_MISLEAD or not labels_usable(once, policy):
        return found.model_copy(update=told)
    # Outcomes of other rows than the recent were not touched by what is broken now.
    basis, only_losses = examined.basis if observed.matured is None else Basis(observed), attributed == "where_lost"
    split = attribute(observed, basis.observed, basis.repairs, basis.suspects, examined.findings, value, only_losses=only_losses)
    return found.model_copy(update={**told, "attribution": split})


def _set_aside(observed: Observed) -> int:
    """Customers with a known outcome of whom no row is among the labelled, because of offers."""
    known = observed.labelled
    if known.set_aside is None or known.ids is None:
        return 0
    return int(known.set_aside[~known.set_aside.isin(known.ids)].nunique())
