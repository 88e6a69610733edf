"""Ordered rules from findings to a diagnosis.

The order is that of trust: broken data make every later number worthless, so they are asked first; outcomes that cannot be trusted
come before what they say; what outcomes say comes before estimates without them. Thresholds are in the policy, `[evidence]` and
`[diagnosis]`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.diagnosis.diagnosis import Action, Diagnosis, Mode, Rule, RunnerUp
from pipeline.diagnosis.finding import Cause, Family, Finding, Name
from pipeline.shown_text import plain
from pipeline.words import rows_of_customers, set_aside_words
from pipeline.workspace.policy import Policy

_TRAINING_SHARE = 0.2  # of the labelled rows in the training data from which it is worth a word


@dataclass(frozen=True)
class Setting:
    """How much there is to go by: rows of the window, `customers` with a known outcome, how many of these churned, how many of them equal
    a row of the champion's training data, and the window's customers where they are known (each row is one otherwise); rows
    `set_aside` because they are dated in the future; whether
    the same customers are `scored_again` and again."""

    rows: int
    labelled: int
    churners: int
    training_rows: int = 0
    customers: int | None = None
    set_aside: int = 0
    scored_again: bool = False

    @property
    def everyone(self) -> int:
        """The window's customers."""
        return self.rows if self.customers is None else self.customers

    def labels_usable(self, policy: Policy) -> bool:
        """Whether known outcomes are enough to say anything about the champion."""
        rules = policy.evidence.performance
        return self.labelled >= rules.min_rows and min(self.churners, self.labelled - self.churners) >= rules.min_per_class

    def trainable(self, policy: Policy) -> bool:
        """Whether known outcomes are enough to train and test another model."""
        rules = policy.training
        smaller = min(self.churners, self.labelled - self.churners)
        return self.labelled >= rules.min_labelled_rows and smaller >= rules.min_labelled_churners


@dataclass(frozen=True)
class _Opinion:
    rule: Rule
    cause: Cause
    action: Action
    said: str
    column: str | None = None
    mode: Mode | None = None


class _Seen:
    """The findings, by name."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.all = tuple(findings)

    def notable(self, *names: Name) -> tuple[Finding, ...]:
        """The notable ones of these names, the most telling first."""
        found = [finding for finding in self.all if finding.notable and finding.name in names]
        return tuple(sorted(found, key=_weight, reverse=True))

    def family(self, family: Family) -> tuple[Finding, ...]:
        """The notable ones of a family, the most telling first."""
        found = [finding for finding in self.all if finding.notable and finding.family == family]
        return tuple(sorted(found, key=_weight, reverse=True))

    def measured(self, name: Name) -> Finding | None:
        """The strongest one of this name, notable or not."""
        return max((finding for finding in self.all if finding.name == name), key=_weight, default=None)


def _weight(finding: Finding) -> tuple[float, float]:
    return abs(finding.z) if finding.z is not None else finding.share * 100, finding.share


def _place(finding: Finding, cause: Cause) -> tuple[bool, bool, float, float]:
    """What speaks for the cause comes first, then what else is notable, then what was looked for in vain; each by its weight."""
    weight, share = _weight(finding)
    return not finding.notable, cause not in finding.argues_for, -weight, -share


def conclude(findings: Sequence[Finding], setting: Setting, policy: Policy) -> Diagnosis:
    """The first rule that applies decides; the next one with another cause is the runner-up."""
    seen = _Seen(findings)
    opinions = [opinion for rule in _RULES if (opinion := rule(seen, setting, policy)) is not None]
    first = opinions[0]
    second = next((opinion for opinion in opinions[1:] if opinion.cause != first.cause), None)
    runner_up = second.cause if second else _LIKELY_OTHER.get(first.cause)
    unseen = not setting.labels_usable(policy)
    if unseen and first.action == "monitor":
        runner_up = "concept_drift"  # what no column shows, and only outcomes could
    return Diagnosis(
        cause=first.cause,
        confidence=policy.diagnosis.confidence[first.rule],
        column=first.column,
        action=first.action,
        mode=first.mode,
        rule=first.rule,
        said=first.said,
        findings=tuple(sorted(seen.all, key=lambda finding: _place(finding, first.cause))),
        blind_spots=_blind_spots(seen, setting, policy),
        runner_up=None if runner_up is None else RunnerUp(cause=runner_up, tell_apart=_WHAT_SETTLES[runner_up]),
        without_outcomes=unseen,
    )


def _broken_data(seen: _Seen, setting: Setting, policy: Policy) -> _Opinion | None:
    return _fault("broken_data", seen.family("data"))


def _lost_dependency(seen: _Seen, setting: Setting, policy: Policy) -> _Opinion | None:
    return _fault("lost_dependency", seen.notable("dependency_lost"))


def _moved_alone(seen: _Seen, setting: Setting, policy: Policy) -> _Opinion | None:
    return _fault("moved_alone", seen.notable("moved_alone"))


def _fault(rule: Rule, found: Sequence[Finding]) -> _Opinion | None:
    if not found:
        return None
    worst = found[0]
    others = len({finding.column for finding in found} - {worst.column})
    more = f" {others} more columns are affected." if others > 1 else " One more column is affected." if others else ""
    return _Opinion(rule, "data_fault", "fix_data", f"{worst.said}{more} No model trained on these rows can be trusted.", worst.column)


def _untrusted_labels(seen: _Seen, setting: Setting, policy: Policy) -> _Opinion | None:
    found = seen.family("labels")
    if not found:
        return None
    return _Opinion(
        "untrusted_labels", "label_fault", "collect_labels", f"{found[0].said} Neither a verdict nor a model can rest on them yet."
    )


def _changed_behaviour(seen: _Seen, setting: Setting, policy: Policy) -> _Opinion | None:
    found = [one for one in seen.notable("conditional_change", "calibration_slope") if "concept_drift" in one.argues_for]
    return _remedy("changed_behaviour", "concept_drift", found[0], seen, setting, policy) if found else None


def _unfamiliar_customers(seen: _Seen, setting: Setting, policy: Policy) -> _Opinion | None:
    found = [one for one in seen.notable("conditional_change", "calibration_slope") if "covariate_harmful" in one.argues_for]
    gained = seen.notable("gain_combined", "gain_recent")
    moved = seen.notable("unsupported_rows", "unseen_category")
    if not found and gained and moved:
        found = [*moved]
    return _remedy("unfamiliar_customers", "covariate_harmful", found[0], seen, setting, policy) if found else None


def _remedy(rule: Rule, cause: Cause, why: Finding, seen: _Seen, setting: Setting, policy: Policy) -> _Opinion:
    """What to do about a champion that is wrong about some customers: what showed its worth on held-out recent rows."""
    column = why.column
    if gained := seen.notable("gain_recent") or seen.notable("gain_combined"):
        mode: Mode = "recent" if gained[0].name == "gain_recent" else "combined"
        if setting.trainable(policy):
            return _Opinion(rule, cause, "retrain", f"{why.said} {gained[0].said}", column, mode)
    if not setting.trainable(policy) or setting.labelled < setting.everyone:
        return _Opinion(
            rule, cause, "collect_labels", f"{why.said} Too few outcomes are known to show that another model does better.", column
        )
    if gained := seen.notable("gain_recalibrate"):
        return _Opinion(rule, cause, "recalibrate", f"{why.said} {gained[0].said}", column, "recalibrate")
    return _Opinion(rule, cause, "monitor", f"{why.said} No other model was shown to be worth more.", column)


def _changed_level(seen: _Seen, setting: Setting, policy: Policy) -> _Opinion | None:
    rules = policy.evidence.performance
    level, prior = seen.measured("level_change"), seen.measured("prior_estimate")
    if level is None or level.z is None:
        return None
    agreed = prior is not None and prior.z is not None and prior.z * level.z > 0
    # Labels and scores are two witnesses of one rate: together they may show what neither shows alone.
    together = 0.0 if prior is None or prior.z is None or not agreed else (abs(level.z) + abs(prior.z)) / 2**0.5
    if not level.notable and not (abs(level.z) > rules.level_z_agreed and together > rules.level_z):
        return None
    if level.z < 0 and not (agreed and together > rules.level_z) and setting.labelled < setting.everyone:
        return _Opinion(
            "conflict",
            "unsure",
            "collect_labels",
            f"{level.said} The customers look no less likely to churn: either the outcomes are not all in yet, or everyone stays more often.",
        )
    if not setting.trainable(policy):
        return _Opinion("changed_level", "prior_shift", "collect_labels", f"{level.said} Too few outcomes are known to recalibrate by.")
    return _Opinion("changed_level", "prior_shift", "recalibrate", level.said, mode="recalibrate")


def _unfamiliar_without_labels(seen: _Seen, setting: Setting, policy: Policy) -> _Opinion | None:
    if setting.labels_usable(policy):
        return None
    unseen, unsupported, moved = seen.notable("unseen_category"), seen.notable("unsupported_rows"), seen.notable("population_moved")
    if not unseen and not (unsupported and moved):
        return None
    if seen.notable("rescaled") and not unseen:
        return None  # a price list moves everyone a little out of the reference's range
    why = (unseen or unsupported)[0]
    return _Opinion("unfamiliar_without_labels", "covariate_harmful", "collect_labels", why.said, why.column)


def _changed_prior(seen: _Seen, setting: Setting, policy: Policy) -> _Opinion | None:
    estimate, explains = seen.notable("prior_estimate"), seen.notable("prior_explains")
    if setting.labels_usable(policy) or not (estimate and explains):
        return None
    said = f"{estimate[0].said} {explains[0].said} Outcomes are needed to recalibrate by, and to see that it helps."
    return _Opinion("changed_prior", "prior_shift", "collect_labels", said)


def _moved_harmlessly(seen: _Seen, setting: Setting, policy: Policy) -> _Opinion | None:
    found = seen.notable("rescaled", "population_moved", "unsupported_rows", "unseen_category", "score_shift")
    if not found:
        return None
    why = (seen.notable("rescaled") or found)[0]
    shown = "and the outcomes show no harm" if setting.labels_usable(policy) else "and nothing shows harm, which takes outcomes to rule out"
    said = f"{why.said} The population moved, {shown}."
    shift = seen.measured("score_shift")
    if setting.scored_again and shift is not None and shift.z is not None and shift.z < 0:
        said += " Churners leave an active base: it turns loyal and its scores fall without any other cause."
    return _Opinion("moved_harmlessly", "covariate_benign", "monitor", said, why.column)


def _nothing(seen: _Seen, setting: Setting, policy: Policy) -> _Opinion | None:
    rows = rows_of_customers(setting.rows, setting.customers)
    said = f"Nothing in {rows} speaks for a change."
    if setting.everyone < policy.drift.min_rows:
        said = f"{rows} are fewer than the {policy.drift.min_rows:,} that a verdict takes; only very large changes would show."
    return _Opinion("nothing", "none", "monitor", said)


_RULES: tuple[Callable[[_Seen, Setting, Policy], _Opinion | None], ...] = (
    _broken_data,
    _lost_dependency,
    _moved_alone,
    _untrusted_labels,
    _changed_behaviour,
    _unfamiliar_customers,
    _changed_level,
    _unfamiliar_without_labels,
    _changed_prior,
    _moved_harmlessly,
    _nothing,
)

_LIKELY_OTHER: dict[Cause, Cause] = {
    "none": "concept_drift",
    "covariate_benign": "covariate_harmful",
    "covariate_harmful": "covariate_benign",
    "prior_shift": "concept_drift",
    "concept_drift": "label_fault",
    "data_fault": "covariate_harmful",
    "label_fault": "concept_drift",
}
_WHAT_SETTLES: dict[Cause, str] = {
    "none": "The same check on the next window: what is chance does not come back.",
    "covariate_benign": "Outcomes of the customers who are new to the model.",
    "covariate_harmful": "Outcomes of a random sample of the customers unlike the reference.",
    "prior_shift": "Outcomes of a random sample: whether the rate moved alike among all kinds of customers.",
    "concept_drift": "Outcomes of a small random sample of all customers, scored and then left alone.",
    "data_fault": "A word with whoever owns the feed: whether the column means what it meant.",
    "label_fault": "The same outcomes a month later, and how they are collected.",
    "unsure": "A person who knows what happened in that time.",
}


def _blind_spots(seen: _Seen, setting: Setting, policy: Policy) -> tuple[str, ...]:
    found = []
    if not setting.labels_usable(policy):
        found.append(
            f"{setting.labelled} outcomes are known ({setting.churners} churned): whether customers of the same kind behave differently "
            "cannot be seen without them. A small random sample, labelled on schedule, would show it."
        )
    elif not setting.trainable(policy):
        found.append(f"{setting.labelled} outcomes show large changes only, and are too few to train another model.")
    if setting.training_rows > _TRAINING_SHARE * setting.labelled:
        found.append(
            f"{setting.training_rows:,} of the {setting.labelled:,} customers with a known outcome equal rows of the reference: where the champion was "
            "trained on them, figures on them flatter it. Look at rows scored since it was deployed (`--since-deploy`)."
        )
    if setting.everyone < policy.drift.min_rows:
        found.append(f"{rows_of_customers(setting.rows, setting.customers)} show only very large changes.")
    if setting.set_aside:
        found.append(set_aside_words(setting.set_aside))
    alone = [finding.column for finding in seen.all if finding.name == "moved_alone" and not finding.n and finding.column]
    if alone:
        names = ", ".join(f"`{plain(name)}`" for name in alone[:5])
        found.append(f"No other column says what {names} should be: a fault there would look like customers who changed.")
    return tuple(found)
