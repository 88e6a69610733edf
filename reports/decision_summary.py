"""What a person needs of a case in two minutes: what happened in plain words, and what follows from each answer they can give."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.record.cases import Case, Training, TrainingResult, concluded
from pipeline.words import ACTIONS, CAUSES
from reports.model_comparison import verdict


def cause_words(found: Diagnosis) -> str:
    """What happened, and that it is only what could be seen, where outcomes might tell otherwise."""
    return CAUSES[found.cause].headline + (", as far as can be seen without outcomes" if found.provisional else "")


@dataclass(frozen=True)
class Outlook:
    """What happens next, and, where a challenger waits, after either answer. Empty where there is nothing to answer."""

    now: str
    if_approved: str = ""
    if_rejected: str = ""


def outlook(case: Case, result: TrainingResult | None, cooldown_hours: float, *, expired: bool) -> Outlook:
    """What follows from here.

    Args:
        case: as it stands now.
        result: the training of its challenger, where one is on record.
        cooldown_hours: after which another case may train again.
        expired: its challenger waited too long to be approved.
    """
    if case.decision is not None:
        verb = "approved" if case.status == "approved" else "rejected"
        return Outlook(f"{case.decision.reviewer} {verb} it on {case.decision.at:%Y-%m-%d %H:%M} UTC: {case.decision.reason}")
    if case.status in {"open", "partial"}:
        return Outlook("The case is not finished. A triage of the same window goes on with it; the champion stays until then.")
    if case.status == "pending_approval" and case.challenger is not None:
        champion, challenger = case.champion.version, case.challenger.version
        rejected = (
            f"Version {champion} goes on as it is; {_forgone(result)}version {challenger} stays on record. "
            f"Another case may train again {cooldown_hours:g} hours after this training."
        )
        if expired:
            return Outlook("Nobody decided in time, and the figures are old: run a triage again. The champion stays.", if_rejected=rejected)
        return Outlook(
            "A person decides. Nothing is deployed until then.",
            f"Version {challenger} serves from the next request on. Version {champion} stays on record: `churnops rollback` brings it back.",
            rejected,
        )
    if case.status == "not_enough_data":
        return Outlook("Look again when there are more rows: no verdict is no all-clear. The champion stays.")
    found = concluded(case)
    if case.action == "monitor" and case.status == "needs_people" and found is not None:
        return Outlook(f"Look at this window: the diagnosis asks to {ACTIONS[found.action].asks}, and the case ended with watching on.")
    return Outlook(ACTIONS[case.action].following if case.action else "Nothing: the champion stays.")


def _forgone(result: TrainingResult | None) -> str:
    """What the challenger would have brought, as far as its rows show."""
    if result is None or result.margins is None or verdict(result.margins.profit, better_above=True) != "better":
        return ""
    gain = result.margins.profit
    return (
        f"on {gain.n:,} recent customers a campaign led by it would earn less: {gain.difference:.0f} "
        f"({gain.low:.0f} to {gain.high:.0f}) points of the maximum; "
    )


def training_of(case: Case, trainings: Sequence[Training]) -> TrainingResult | None:
    """The training to show of a case: its challenger's, without one the last that came to an end."""
    done = [training.result for training in trainings if training.result is not None]
    chosen = [result for result in done if case.challenger is not None and result.digest == case.challenger.digest]
    return next(reversed(chosen or done), None)
