"""One page that a person decides on, made from the record: cause and column, three sentences, both answers, what is not known, who does what now."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.finding import Cause
from pipeline.record.cases import Case, TrainingResult, concluded
from pipeline.shown_text import plain
from pipeline.windows.stretch import TwoWindows
from pipeline.words import ACTIONS, CAUSES
from pipeline.workspace.policy import Policy
from pipeline.workspace.value_settings import CustomerValueSettings
from reports.first_page.answers import Answer, amount, answers, money_a_month
from reports.first_page.confidence import confidence_words, is_sure
from reports.first_page.customers import monthly_customers
from reports.first_page.happened import happened, headline, leading
from reports.first_page.loss import loss_words
from reports.first_page.timing_words import timing_words
from reports.harm import Harm
from reports.model_comparison import verdict as compared
from reports.requested_decision import ASKS_PEOPLE
from reports.verdict import Verdict

_FAULTY: Mapping[Cause, str] = MappingProxyType({"data_fault": "broken data", "label_fault": "wrong outcomes"})
# What whoever records outcomes does about a fault of them.
_OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "labels_inverted": "have the outcomes of this window corrected by whoever records them",
        "labels_immature": "have the outcomes that are missing added when their time is over",
        "labels_stopped": "have the outcomes that stopped coming in added",
        "labels_selected": "have the outcomes of the other customers added",
    }
)
_UNTOLD: frozenset[Cause] = frozenset({"label_fault", "unsure"})  # what more outcomes of the same kind do not settle
_SUMMARY_WORDS, _OWN_WORDS = 80, 75
_URGENCY: Mapping[Cause, str] = MappingProxyType(
    {
        "none": "No hurry.",
        "covariate_benign": "No hurry; the next window is looked at again.",
        "covariate_harmful": "Within days: these customers are scored badly until then.",
        "prior_shift": "Within days: too many or too few customers are contacted until then.",
        "concept_drift": "Within days: these customers are scored wrongly until then.",
        "data_fault": "Today: every list sent before the fix rests on wrong scores.",
        "label_fault": "No hurry: lists may go out, scores do not rest on these outcomes. Judge and train nothing until they are right.",
        "unsure": "Within days: ask whoever knows what happened then.",
    }
)


@dataclass(frozen=True)
class Step:
    """Who does what now, with the commands for it, which run from any folder."""

    who: str
    what: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Setting:
    """Where a case stands: what its page needs to know of the workspace. `until` is when a challenger of it expires."""

    root: Path
    policy: Policy
    value: CustomerValueSettings
    until: datetime | None = None
    cases: Sequence[Case] = ()


@dataclass(frozen=True)
class FirstPage:
    """What stands before the fold. Texts are plain: nothing in them is markup, whatever data they name. `loss`: what a loss comes from, and when to
    retrain; empty where nobody knows."""

    headline: str
    advice: str
    happened: str
    confidence: str
    answers: tuple[Answer, ...]
    unknown: tuple[str, ...]
    urgency: str
    steps: tuple[Step, ...]
    loss: str = ""

    def summary(self) -> str:
        """At most 80 words, for an e-mail or a chat."""
        first = self.happened.split(". ")[0].removesuffix(".")
        said = f"{self.headline}. {first}. {self.confidence} {self.advice}".split()
        return " ".join(said if len(said) <= _SUMMARY_WORDS else [*said[: _SUMMARY_WORDS - 1], "…"])


def first_page(
    case: Case, verdict: Verdict, result: TrainingResult | None, harm: Harm | None, setting: Setting, own_words: str = ""
) -> FirstPage:
    """The page of `case` as it is closed.

    Args:
        case: with its window, its drift and its diagnosis.
        verdict: how it ends.
        result: the training of its challenger, where it has one.
        harm: the champion's loss on known outcomes, where anybody looked.
        setting: what of the workspace it needs.
        own_words: the operator's summary, where every number in it has a source; it takes the place of the template where it is short enough.
    """
    found = concluded(case)
    asks = verdict.status == "pending_approval" and case.challenger is not None
    told = "" if found is None else own_words if 0 < len(own_words.split()) <= _OWN_WORDS else " ".join(happened(case.window, found))
    waits = result if asks else None
    return FirstPage(
        headline=_headline(case, verdict, found, asks=asks),
        advice=_advice(case, verdict, found, waits, harm, setting),
        happened=told,
        confidence=confidence_words(found, setting.cases) if found else "",
        answers=answers(case, waits, setting.value, command(setting.root, "rollback"), setting.policy.training.cooldown_hours)
        if waits
        else (),
        unknown=tuple(unknown(case.window.windows if case.window else None, found)) if found else (),
        urgency=_urgency(case, found, waits, setting) if found and not verdict.partial else "",
        steps=tuple(_steps(case, verdict, found, setting, asks=asks)),
        loss=" ".join(filter(None, _money(case, found, asks=asks))) if found else "",
    )


def _money(case: Case, found: Diagnosis, *, asks: bool) -> Iterator[str]:
    yield loss_words(found.attribution, monthly_customers(case.window, found))
    if not asks:  # whoever is asked to approve a model is told what that one brings
        yield timing_words(found.timing)


def _headline(case: Case, verdict: Verdict, found: Diagnosis | None, *, asks: bool) -> str:
    if verdict.action is None or verdict.partial:
        return "No verdict was reached"
    if verdict.status == "not_enough_data":
        return "Not enough data for a verdict: the champion stays"
    if asks and case.challenger is not None and found is not None:
        return f"Approve version {case.challenger.version}? {headline(found)}"
    if verdict.action == "monitor" and verdict.status == "needs_people":
        return f"{headline(found)}: people must look" if found and found.cause != "none" else "The champion stays, and people must look"
    if found is None:
        return ACTIONS[verdict.action].headline
    if found.action == verdict.action == "monitor":
        return f"{headline(found)}: the champion stays"
    follows = found.cause in _FAULTY or verdict.action not in ASKS_PEOPLE  # from the cause alone
    said = ACTIONS[verdict.action].headline
    return headline(found) if found.action == verdict.action and follows else f"{headline(found)}: {_lower(said)}"


def _advice(
    case: Case, verdict: Verdict, found: Diagnosis | None, result: TrainingResult | None, harm: Harm | None, setting: Setting
) -> str:
    """What we would do, and until when."""
    if result is not None and case.challenger is not None:
        until = f" Open until {setting.until:%Y-%m-%d %H:%M} UTC, after that it takes a new triage." if setting.until else ""
        differ = case.disagreed or verdict.disagreed is not None
        return f"{_on_challenger(found, result, differ=differ)}{until} Version {case.champion.version} serves until a person decides."
    judged = found is None or found.cause not in _FAULTY  # broken data and outcomes judge nobody
    worse = judged and harm is not None and harm.beyond_chance
    if found is not None and found.cause in _FAULTY and verdict.action in ASKS_PEOPLE:
        return f"Nothing to approve, and no model is trained on {_FAULTY[found.cause]}."
    doubt = _fault_beside(found) if verdict.action in ASKS_PEOPLE else None
    first = (
        f" It may be something else: {_lower(CAUSES[doubt].headline)}. Find that out first; until then no model is trained."
        if doubt
        else ""
    )
    return f"Nothing to approve.{first}{' The champion does worse than when it was accepted.' if worse else ''}"


def _on_challenger(found: Diagnosis | None, result: TrainingResult, *, differ: bool) -> str:
    if differ:
        return "Advice: read the two opinions below before you decide."
    doubt = _fault_beside(found)
    if doubt is not None:
        return f"Advice: wait, do not approve yet. It may be that {_lower(CAUSES[doubt].headline)}, and the gain was measured on just these rows: find that out first."
    worst = result.weakest_group
    if worst is not None and worst.worse:
        return f"Advice: weigh it. Over all it passed, but it ranks customers with {plain(worst.column)} {plain(worst.value)} worse."
    # The page has just said that the cause is uncertain: that is no contradiction.
    whichever = "" if found is None or is_sure(found) else ", on known outcomes, whatever the cause"
    ranks = compared(result.comparison, better_above=True) if result.comparison else None
    earns = compared(result.margins.profit, better_above=True) if result.margins else None
    if "worse" in (ranks, earns):
        return "Advice: weigh it. It is better in one respect and worse in another."
    if earns == "better":
        return f"Advice: approve. It earns more, beyond chance{whichever}."
    if ranks == "better":
        return f"Advice: approve. It ranks churners better, beyond chance{whichever}; whether it earns more is not sure."
    return "Advice: no reason to change. No clear difference is measured between the two."


def _fault_beside(found: Diagnosis | None) -> Cause | None:
    """A fault among the causes that may be the one, which a model would have been trained on."""
    return next((one.cause for one in found.hypotheses if one.cause in _FAULTY), None) if found else None


def unknown(windows: TwoWindows | None, found: Diagnosis) -> Iterator[str]:
    """What is not known, and what would settle it, a sentence each."""
    unseen = windows.unseen if windows else None
    if unseen:
        yield unseen
    yield from [spot for spot in found.blind_spots if spot != unseen][:1]
    prices = next((one for one in found.findings if one.name == "rescaled" and one.notable and "data_fault" not in one.argues_for), None)
    if prices is not None and prices.column is not None:
        yield f"All of {plain(prices.column)} moved by the factor {prices.strength:.3g}, as new prices do: ask whether they changed."
    other = next((one for one in found.hypotheses if one.cause != found.cause), None)
    if other is not None:
        said = f"{_lower(CAUSES[other.cause].headline)} ({100 * other.probability:.0f} of 100)"
        yield f"It may be this instead: {said}. What would make it certain: {_lower(other.settle)}"
    elif found.hypotheses and found.cause != "none":
        yield f"What would make the cause certain: {_lower(found.hypotheses[0].settle)}"
    elif found.runner_up is not None:
        yield f"It may be this instead: {_lower(CAUSES[found.runner_up.cause].headline)}. What would make it certain: {_lower(found.runner_up.tell_apart)}"


def _urgency(case: Case, found: Diagnosis, result: TrainingResult | None, setting: Setting) -> str:
    money = money_a_month(case, result, setting.value) if result else None
    if money is None or money.low <= 0:
        return _URGENCY[found.cause]
    week = 7 / 30
    return f"{_URGENCY[found.cause]} Waiting costs about {amount(money.difference * week)[1:]} a week ({amount(money.low * week)[1:]} to {amount(money.high * week)[1:]})."


def _steps(case: Case, verdict: Verdict, found: Diagnosis | None, setting: Setting, *, asks: bool) -> Iterator[Step]:
    show, again = command(setting.root, f"reports show {case.case_id}"), command(setting.root, "triage")
    if asks:
        answer = (f'{command(setting.root, f"reports {verb} {case.case_id}")} --reason "…"' for verb in ("approve", "reject"))
        yield Step("Whoever may approve", "read it, then approve or reject", (show, *answer))
    elif verdict.partial:
        yield Step("You", "go on with it", (command(setting.root, f"triage --resume {case.case_id}"),))
    elif verdict.action == "fix_data":
        owner = ", ".join(plain(owner, 200) for owner in found.owners) if found and found.owners else "Owner of the feed"
        what = plain(found.column) if found and found.column else "the data"
        yield Step("You", "hold all lists back", (command(setting.root, f"hold {case.case_id}"),))
        yield Step(owner, f"fix {what} and send the rows again")
        lists = command(setting.root, f"hold {case.case_id} --end")
        yield Step("You, after the fix", "triage again, then let lists go out", (again, lists))
        overrule = f'{command(setting.root, f"case override {case.case_id}")} --cause covariate_benign --reason "…"'
        yield Step("If it is no fault", "say that customers changed, harmlessly", (overrule,))
    elif verdict.action == "collect_labels":
        lead = leading(found) if found else None
        mend = _OUTCOMES.get(
            lead.name if lead else "", "have the outcomes of this window checked by whoever records them, and completed or corrected"
        )
        added = command(setting.root, "outcomes add FILE")
        if found is not None and found.cause not in _UNTOLD:
            ask = command(setting.root, "outcomes ask --out calls.csv")
            yield Step("You", "ask a few customers whose outcomes would settle most, and write what became of them into the file", (ask,))
            mend = "add them"
        yield Step("You", f"{mend}; FILE holds them, and an outcome in it replaces the one on record", (added,))
        yield Step("You, after that", "triage again", (again,))
    elif verdict.action == "wait_for_outcomes":
        yield Step("You", "triage again when the outcomes have come in", (again,))
    elif verdict.action == "rollback":
        back = f'{command(setting.root, "rollback")} --reason "…"'
        yield Step("Whoever may approve", "read why, then decide whether the model that served before serves again", (show, back))
    elif verdict.status == "needs_people":
        yield Step("You", "read why", (show,))
    elif verdict.status == "not_enough_data":
        yield Step("You", "look again when there are more rows", (again,))
    else:
        yield Step("Nobody", "there is nothing to do")


def command(root: Path, words: str) -> str:
    """A command that runs from any folder."""
    return f"churnops {words} -w {shlex.quote(str(root))}"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
