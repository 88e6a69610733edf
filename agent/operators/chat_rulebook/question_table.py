"""The table of questions that the rulebook answers: what each is about, how people ask it, the concepts it is known by, the tools it needs."""

from agent.operators.chat_rulebook.answers_on_candidates import compared, the_report, why_not_retrained
from agent.operators.chat_rulebook.answers_on_cause import (
    how_many_leave,
    how_sure,
    how_the_champion_does,
    if_nothing_is_done,
    what_happened,
    what_is_not_seen,
    what_it_is_worth,
    what_to_do,
    which_remedy,
)
from agent.operators.chat_rulebook.answers_on_drift import broken_or_real, data_faults, one_feature, the_window, what_moved, who_is_affected
from agent.operators.chat_rulebook.answers_to_requests import deploying, the_future, training
from agent.operators.chat_rulebook.facts import Facts
from agent.operators.chat_rulebook.recognition import Answerer, Intent, Need, Question

_USUAL = frozenset({"drift", "cause", "advice"})
_NEAREST = 3
_DRIFT: tuple[Need, ...] = ("get_drift_summary",)
_FOUND: tuple[Need, ...] = ("get_drift_summary", "diagnose")
_ALL: tuple[Need, ...] = ("get_drift_summary", "diagnose", "get_current_model_metrics")


def _intent(name: str, about: str, examples: str, cores: str, also: str, needs: tuple[Need, ...], answer: Answerer | None) -> Intent:
    """An intent; examples are separated by `|`, cores by commas, concepts by blanks."""
    asked = tuple(one.strip() for one in examples.split("|"))
    return Intent(name, about, asked, tuple(frozenset(core.split()) for core in cores.split(",")), frozenset(also.split()), needs, answer)


def nearest(question: Question) -> tuple[Intent, ...]:
    """The kinds of questions that share most with one that fits none, of equals the more usual ones first."""
    present = question.concepts | ({"named"} if question.features else frozenset())
    shared = {intent.name: len(present & intent.also.union(*intent.cores)) for intent in INTENTS}
    return tuple(sorted(INTENTS, key=lambda intent: (-shared[intent.name], intent.name not in _USUAL))[:_NEAREST])


def listing(facts: Facts, question: Question) -> str:
    """What can be asked, with an example each."""
    return "\n".join(["I answer these kinds of questions:", "", *(f"- {intent.about}: “{intent.examples[0]}”" for intent in INTENTS)])


# The first of two that fit equally well is answered, so what changes anything stands last.
INTENTS: tuple[Intent, ...] = (
    _intent(
        "drift",
        "What drifted, and by how much",
        "what moved since Monday? | did anything change this week? | which features drifted the most?",
        "change, feature most",
        "most feature days window data which",
        _FOUND,
        what_moved,
    ),
    _intent(
        "feature",
        "One feature from near",
        "tell me about tenure | show me tenure by contract | tenure day by day",
        "named, named by",
        "change by days each why feature window fault",
        (*_FOUND, "inspect_feature"),
        one_feature,
    ),
    _intent(
        "broken column",
        "Whether a column is broken or the world changed",
        "is TotalCharges broken or did prices change? | is tenure ok? | can I trust MonthlyCharges?",
        "named fault, named price, named fine, named sure",
        "change data happen price fault sure why",
        _FOUND,
        broken_or_real,
    ),
    _intent(
        "data faults",
        "Whether the data are broken",
        "what's wrong with the data? | is the feed broken? | can we trust the data?",
        "fault, data fine, data sure",
        "data feature which change days",
        _FOUND,
        data_faults,
    ),
    _intent(
        "performance",
        "How the champion does, and whether drift does harm",
        "is the champion still good? | does the drift hurt us? | how accurate is the model now?",
        "fine, harm, model sure",
        "model change people churn more fault recent days",
        _ALL,
        how_the_champion_does,
    ),
    _intent(
        "cause",
        "What happened",
        "what happened? | why did it get worse? | what is going on?",
        "why, happen",
        "change fine fault harm churn more people days data model window",
        _FOUND,
        what_happened,
    ),
    _intent(
        "advice",
        "What should be done, and whether to retrain",
        "what would you do? | should we retrain? | what do you recommend?",
        "advise, retrain future",
        "retrain model act recent days change try family order",
        (*_FOUND, "compare_models"),
        what_to_do,
    ),
    _intent(
        "not retrained",
        "Why there was no training",
        "why did you not retrain? | why don't we train a new model?",
        "why retrain, not retrain",
        "why not did change model feature recent days harm order",
        (*_FOUND, "compare_models"),
        why_not_retrained,
    ),
    _intent(
        "confidence",
        "How sure it is, and what is next likely",
        "how sure are you? | what's the evidence? | what else could it be?",
        "sure, unsure",
        "happen why fault change",
        _FOUND,
        how_sure,
    ),
    _intent(
        "blind spots",
        "What cannot be seen here",
        "what can't you see? | what are the blind spots?",
        "blind",
        "not data change",
        _FOUND,
        what_is_not_seen,
    ),
    _intent(
        "affected",
        "Which customers it concerns, by kind and never by name",
        "which customers are affected? | who is affected?",
        "affected, which people, people most",
        "people which churn future change named fine most model data",
        (*_FOUND, "inspect_feature"),
        who_is_affected,
    ),
    _intent(
        "churn rate",
        "Whether more or fewer customers leave",
        "are more customers leaving than before? | what is the churn rate?",
        "churn",
        "more change people days recent",
        _FOUND,
        how_many_leave,
    ),
    _intent(
        "doing nothing",
        "What is known of leaving things as they are",
        "what happens if I do nothing? | can we just wait?",
        "idle, not retrain happen, not act happen",
        "happen future harm advise retrain not order",
        _ALL,
        if_nothing_is_done,
    ),
    _intent(
        "value",
        "What another model would be worth",
        "what is a new model worth? | does retraining pay?",
        "value",
        "retrain model recalibrate change advise enough family order",
        _FOUND,
        what_it_is_worth,
    ),
    _intent(
        "remedy",
        "Whether recalibrating is enough",
        "would recalibration be enough? | should we recalibrate instead?",
        "recalibrate enough, advise recalibrate, recalibrate why, recalibrate not, retrain enough",
        "advise enough why not model retrain happen data order",
        _FOUND,
        which_remedy,
    ),
    _intent(
        "window",
        "Which window is looked at, and how many outcomes are known",
        "which window is this? | how many outcomes do we have?",
        "window, labels, days",
        "which days enough data not",
        _DRIFT,
        the_window,
    ),
    _intent(
        "comparison",
        "How a candidate compares with the champion",
        "how does the challenger compare with the champion? | did you train anything?",
        "compare, candidate, did retrain",
        "model fine family retrain why days recent order",
        ("get_drift_summary", "get_current_model_metrics", "compare_models"),
        compared,
    ),
    _intent(
        "report",
        "What the report says",
        "explain the report | summarise the case",
        "report",
        "why days happen",
        _FOUND,
        the_report,
    ),
    _intent(
        "future",
        "What is coming: not known, and said so",
        "will churn go up next quarter?",
        "future",
        "churn more fine change model people price happen days recent harm",
        (),
        the_future,
    ),
    _intent(
        "deploying",
        "Deploying: only a person does, by the command shown",
        "can you deploy it? | approve the challenger",
        "approve",
        "model candidate try advise change report retrain family recalibrate days future all order",
        _DRIFT,
        deploying,
    ),
    _intent(
        "training",
        "A training within the policy, after your word",
        "retrain the model | try a forest on the last 30 days | recalibrate the model please | retrain with 250 trees",
        "order, try retrain, try recalibrate, try family, try model change",
        "try retrain recalibrate family model days recent all data change window",
        (*_FOUND, "compare_models"),
        training,
    ),
    _intent(
        "next step",
        "The policy's next step, after your word: a training, or the report that closes the case",
        "close the case | proceed",
        "act, close",
        "report try",
        (*_ALL, "compare_models"),
        None,
    ),
    _intent("help", "What can be asked", "what can I ask? | help", "help", "", (), listing),
)
