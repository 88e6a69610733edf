"""The words the rulebook knows in a question, grouped by what they mean. A word that ends in `*` stands for all that begin so."""

from collections.abc import Sequence
from typing import Literal, get_args

from pipeline.families import families

Concept = Literal[
    "act", "advise", "affected", "all", "approve", "blind", "by", "candidate", "change", "churn", "close", "compare", "data", "days", "did",
    "each", "enough", "family", "fault", "feature", "fine", "future", "happen", "harm", "help", "idle", "labels", "model", "more",
    "most", "not", "order", "people", "price", "recalibrate", "recent", "report", "retrain", "sure", "try", "unsure", "value", "which", "why", "window",
]  # fmt: skip
CONCEPTS: tuple[Concept, ...] = get_args(Concept)

_WORDS: dict[Concept, str] = {
    "act": "proceed ahead continue onwards yes",
    "advise": "should recommend* advice advise suggest* next plan action todo must need needs would best",
    "affected": "affected concerned touched hit impacted involved",
    "all": "all combined everything together whole",
    "approve": "roll deploy* approv* promot* release ship rollout publish accept rollback reject live production service",
    "blind": "blind spot spots miss see unseen unknown limit limits limitation* overlook* hidden invisible",
    "by": "by per across between within",
    "candidate": "challenger* candidate* contender*",
    "change": "chang* moved move moves moving drift* shift* differ* jump* rose fell new gone unusual",
    "churn": "churn* leave leaves leaving left quit quitting cancel* attrition lose losing loss lost",
    "close": "close finish file conclude",
    "compare": "compar* versus vs against better beat beats",
    "data": "data feed feeds pipeline input inputs table export source upstream quality",
    "days": "day days daily week weeks month months hour hours monday tuesday wednesday thursday friday saturday sunday yesterday since",
    "did": "did have has was were been already",
    "each": "each every trend",
    "enough": "enough suffice sufficient help helps help alone fix fixes solve solves",
    "family": " ".join(word for family in families().values() for word in family.words),
    "fault": "broken break broke wrong bug* corrupt* fault* faulty error* garbage null nulls nan missing issue* problem* culprit mess glitch* outage unit units cents",
    "feature": "feature* column* variable* field* attribute*",
    "fine": "calibration calibrated miscalibrated bad badly good well ok okay fine healthy worse worst worsen* perform* accura* auc roc metric* precis* recall rank* properly hold holds "
    "holding degrad* work works working doing reliab* decay* deteriorat* health solid suffering",
    "future": "will forecast* predict* tomorrow quarter future upcoming soon",
    "happen": "happen* diagnos* overview situation occurred weird strange odd oddly going story cause caused causes",
    "harm": "hurt* harm* damag* matter* safe serious severe bother worried worry dangerous",
    "help": "help ask answer thanks thank commands hello hi hey menu usage questions",
    "idle": "nothing ignore ignored wait waiting inaction",
    "labels": "label* outcome* truth",
    "model": "model* champion classifier scorer score scores scoring prediction* predicted",
    "more": "more higher fewer less lower up down rate rates increas* decreas* level low high",
    "most": "most highest lowest top biggest largest strongest mostly",
    "not": "not no never don't didn't dont didnt haven't hasn't won't can't cannot isn't doesn't shouldn't without",
    "order": "retrain train refit relearn recalibrate calibrate",
    "people": "people customers customer users segment segments clients subscribers",
    "price": "price prices pricing tariff* inflation real genuine legitimate",
    "recalibrate": "recalibrat* calibrate",
    "recent": "recent recently lately last latest past newest only",
    "report": "report* summar* audit",
    "retrain": "retrain* train* refit* relearn*",
    "sure": "sure rely confident confidence certain* trust* believe convinced evidence proof prove",
    "try": "try run start launch build fit let let's please go",
    "unsure": "doubt unsure uncertain* alternative* else otherwise",
    "value": "worth value money profit* gain* revenue benefit* earn* bring brings pay pays cost costs roi dollars euros savings",
    "which": "which who whose whom",
    "why": "why reason* because",
    "window": "window span range period timeframe rows",
}

# Words that carry no meaning for an intent, so that they neither help nor stand in the way.
_QUIET_WORDS = (
    "a an and any anything are as at back be before after being between but came can case come could do does done ever for from get gets give given goes got "
    "had he her here him his how i i'd i'm i've if in instead into is it it's its just kind kindly know like made make makes many may me might mine "
    "much my now of off old on once one ones or other our ours out over own quite random really right same say says seem seems share she so some still such take than "
    "that that's the their them then there there's these they they're thing things think this those though through time to today too "
    "two three four five six seven eight nine ten "
    "under until us very want was way we we'd we're we've were what what's when where whether while with yet you you're your yours "
    "show tell describe look looking inspect detail details distribution histogram display explain about zoom"
)


def concepts_of(word: str) -> frozenset[Concept]:
    """What a word of a question, in lower case, may mean; nothing where it is not known."""
    return frozenset(concept for concept, words in _SPLIT.items() if any(_fits(word.removesuffix("'s"), known) for known in words))


def family_meant(words: Sequence[str]) -> str:
    """The model family that most of the words name; the usual one where none does."""
    named = {name: sum(any(_fits(word, known) for known in family.words) for word in words) for name, family in families().items()}
    return max(named, key=named.__getitem__)


def is_known(word: str) -> bool:
    """Whether the word is in the vocabulary, carries no meaning, or is a number."""
    return word in _QUIET or word.isdecimal() or bool(concepts_of(word))


def is_quiet(word: str) -> bool:
    """Whether the word carries no meaning of its own."""
    return word in _QUIET


def _fits(word: str, known: str) -> bool:
    return word.startswith(known[:-1]) if known.endswith("*") else word == known


_QUIET = frozenset(_QUIET_WORDS.split())
_SPLIT: dict[Concept, tuple[str, ...]] = {concept: tuple(words.split()) for concept, words in _WORDS.items()}
