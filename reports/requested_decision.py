"""What a person has to decide about a case, as its report says first."""

from pipeline.diagnosis.diagnosis import Action
from pipeline.record.cases import Case, Status, concluded
from pipeline.words import ACTIONS, action_name, cause_name
from reports.harm import Harm
from reports.second_opinion import SecondOpinion, choice

ASKS_PEOPLE = frozenset({"fix_data", "collect_labels", "wait_for_outcomes", "rollback"})  # whatever the evidence


def supersedes(case: Case, status: Status, action: Action | None) -> bool:
    """Whether what a triage closes with is another answer than a challenger that waits: a challenger of its own, or a fault in what that one
    was to answer."""
    found = concluded(case)
    faulty = found is not None and found.cause in {"data_fault", "label_fault"} and action in ASKS_PEOPLE
    return case.kind == "triage" and (status == "pending_approval" or (faulty and status == "needs_people"))


def beside_waiting(waiting: Case, *, superseded: bool) -> str:
    """What becomes of a challenger that waits while this case closes, as Markdown."""
    version = waiting.challenger.version if waiting.challenger else "?"
    if superseded:
        return f"Case `{waiting.case_id}`, whose version {version} waited for approval, is **superseded** by this case."
    return f"Version {version} of case `{waiting.case_id}` still waits for approval: this case does not change that answer."


def decision(
    case: Case, status: Status, action: Action | None, harm: Harm | None, *, partial: bool, disagreed: SecondOpinion | None
) -> str:
    """The question to a person, or why there is none, as Markdown; `disagreed` is the rulebook's opinion where it is another one."""
    challenger = case.challenger
    if challenger and status == "pending_approval":
        first = " First weigh the two opinions below." if disagreed else ""
        return f"Shall version {challenger.version} replace champion version {case.champion.version}?{first}"
    if action == "rollback":
        return f"Shall the model that served before version {case.champion.version} serve again?"
    if partial:
        return "Nothing is deployed. Look at what was found, then run `churnops triage` again: it continues this case while the window is the same."
    if action is not None and action in ASKS_PEOPLE:
        return f"Nothing is deployed. {ACTIONS[action].following}"
    if harm is not None and harm.beyond_chance:
        return (
            f"**Look at the champion.** Its ROC-AUC fell from {harm.accepted.value:.3f} to {harm.now.value:.3f} on {harm.now.n:,} rows with a "
            "known outcome, more than chance, and nothing was done about it."
        )
    if case.drift is not None and case.drift.band == "not_enough_data":
        return f"No verdict was possible on {case.drift.current_rows:,} rows. The champion stays; look again when there are more."
    if disagreed is not None:
        return (
            f"**Decide between two opinions.** The operator chose {choice(str(action))}, the rulebook comes to "
            f"{choice(disagreed.action, disagreed.mode)} over the same results; both are set out below. The champion stays."
        )
    found = concluded(case)
    if found is not None and (found.action != "monitor" or found.cause == "unsure"):
        return (
            f"**Look at this window.** The diagnosis ({cause_name(found.cause)}) asks for {action_name(found.action)}, and the case "
            "was closed with monitor: the reasoning below says why. The champion stays."
        )
    if found is None and case.drift is not None and case.drift.band == "retrain":
        return "**Look at this drift.** The drift level is high and no model was trained: the reasoning below says why. The champion stays."
    return "Nothing. The champion stays."
