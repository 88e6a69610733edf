"""The words that people read for causes, actions, statuses and drift levels; JSON, records and tools keep the codes. One home for all that show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class CauseWords:
    """`name` stands within a sentence and in tables, `short` above a narrow column, `headline` alone; `idle` is a sentence on leaving things as
    they are."""

    name: str
    short: str
    headline: str
    idle: str


@dataclass(frozen=True)
class ActionWords:
    """`name` stands within a sentence and in tables, `headline` above a report; `asks` completes "the diagnosis asks to", `would` "the rulebook
    would"; `means` says what the action comes to, `following` is the next step as sentences of their own."""

    name: str
    headline: str
    asks: str
    would: str
    means: str
    following: str


CAUSES: Mapping[str, CauseWords] = MappingProxyType(
    {
        "none": CauseWords(
            "no change",
            "none",
            "Nothing happened",
            "Nothing is lost as far as can be seen: nothing speaks for a change, so the champion simply stays.",
        ),
        "covariate_benign": CauseWords(
            "customer mix changed, no harm seen",
            "benign",
            "The customer mix changed, no harm seen",
            "Nothing is lost as far as can be seen: the customer mix changed, and no harm is shown.",
        ),
        "covariate_harmful": CauseWords(
            "customer mix changed, with harm",
            "harmful",
            "The customer mix changed, and the champion does not know these customers",
            "The champion goes on guessing at customers it hardly knew.",
        ),
        "prior_shift": CauseWords(
            "churn rate changed",
            "prior",
            "The churn rate changed, for all kinds of customers alike",
            "The champion still ranks customers, but its probabilities stay off by the level, so too many or too few are acted on.",
        ),
        "concept_drift": CauseWords(
            "concept drift",
            "concept",
            "The same customers behave differently",
            "The champion goes on being wrong about customers who behave differently now.",
        ),
        "data_fault": CauseWords(
            "data fault",
            "data",
            "The data are broken",
            "Scores go on resting on broken values, so neither they nor anything trained on them can be trusted until the feed is fixed.",
        ),
        "label_fault": CauseWords(
            "label fault",
            "label",
            "The outcomes cannot be trusted yet",
            "The scores stay as they are, and nobody can tell how good they are until the outcomes can be trusted.",
        ),
        "unsure": CauseWords(
            "unsure", "unsure", "The evidence disagrees: a person must decide", "Nobody can tell: the evidence disagrees."
        ),
    }
)

_DECIDED = "Nothing waits any more: the challenger was decided on."
ACTIONS: Mapping[str, ActionWords] = MappingProxyType(
    {
        "monitor": ActionWords(
            "monitor",
            "No deployment needed: keep watching",
            "keep watching",
            "only watch",
            "the champion stays, nothing is trained, and the next window is looked at again",
            "Nothing: the champion stays.",
        ),
        "fix_data": ActionWords(
            "fix data",
            "The data need fixing before anything else",
            "fix the data, and to train on none of it",
            "have the data fixed",
            "the owner of the feed fixes it; nothing is trained on these rows",
            "Ask the owner of the feed to fix the data, then run a triage again. The champion stays.",
        ),
        "collect_labels": ActionWords(
            "collect labels",
            "More outcomes are needed before a decision",
            "collect outcomes",
            "collect outcomes",
            "outcomes are needed before anybody can tell whether another model would do better",
            "Have the outcomes of this window completed or corrected, then run a triage again. The champion stays.",
        ),
        "wait_for_outcomes": ActionWords(
            "wait for outcomes",
            "The outcomes are not there yet: look again when they are",
            "wait for outcomes",
            "wait for outcomes",
            "the outcomes that would tell are late or not matured yet, and nothing is trained before they are",
            "Look again when the outcomes have come in: the report says who reads what again, and when. The champion stays.",
        ),
        "rollback": ActionWords(
            "roll back",
            "Look at the last deployment: a rollback is recommended",
            "roll the champion back",
            "recommend a rollback",
            "trouble began with the deployment of the champion; a person decides whether the model before it serves again",
            "Decide whether the model that served before comes back, with `churnops rollback`. Until then the champion stays.",
        ),
        "recalibrate": ActionWords(
            "recalibrate",
            "A recalibrated challenger waits for approval",
            "recalibrate the champion",
            "train",
            "the champion's probabilities are set anew on known outcomes; its ranking stays",
            _DECIDED,
        ),
        "retrain": ActionWords(
            "retrain",
            "A retrained challenger waits for approval",
            "retrain",
            "train",
            "a candidate is trained and put before the gate; a person decides whether it replaces the champion",
            _DECIDED,
        ),
    }
)

STATUSES: Mapping[str, str] = MappingProxyType(
    {
        "open": "open",
        "no_deploy_needed": "nothing to deploy",
        "not_enough_data": "not enough data",
        "needs_people": "needs people",
        "pending_approval": "waits for approval",
        "partial": "partial",
        "approving": "approving",
        "approved": "approved",
        "rejected": "rejected",
        "superseded": "superseded",
    }
)

DRIFT_LEVELS: Mapping[str, str] = MappingProxyType(
    {"monitor": "low", "evaluate": "medium", "retrain": "high", "not_enough_data": "not enough data"}
)


def cause_name(cause: str | None) -> str:
    """A cause within a sentence or a table; a dash where there is none."""
    return CAUSES[cause].name if cause else "–"


def action_name(action: str | None) -> str:
    """An action within a sentence or a table; a dash where there is none."""
    return ACTIONS[action].name if action else "–"


def counted(number: int, noun: str) -> str:
    """A number with its noun, which takes an s unless it is one.

    >>> counted(1, "feature"), counted(1200, "row")
    ('1 feature', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def rows_of_customers(rows: int, customers: int | None) -> str:
    """How large a window is: how many customers too, where some have several rows.

    >>> rows_of_customers(7412, 1200), rows_of_customers(1200, 1200), rows_of_customers(1200, None)
    ('7,412 rows of 1,200 customers', '1,200 rows', '1,200 rows')
    """
    of = "" if customers is None or customers == rows else f" of {counted(customers, 'customer')}"
    return f"{counted(rows, 'row')}{of}"


def set_aside_words(rows: int) -> str:
    """What became of rows that are dated in the future.

    >>> set_aside_words(1)
    '1 row is dated in the future: it was set aside and is part of no window. Ask the owner of the feed to fix its scoring time.'
    """
    if rows == 1:
        return "1 row is dated in the future: it was set aside and is part of no window. Ask the owner of the feed to fix its scoring time."
    return f"{rows:,} rows are dated in the future: they were set aside and are part of no window. Ask the owner of the feed to fix their scoring times."


def p_value(p: float) -> str:
    """A p-value within a sentence or a table: below 0.001 only that it is.

    >>> p_value(6.7e-42), p_value(0.0123)
    ('< 0.001', '0.012')
    """
    return "< 0.001" if p < 0.001 else f"{p:.2g}"
