"""By which words people name the values of the tools' results: what a sentence must speak of before its number may mean a value."""

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.families import hyperparameter_words

Groups = tuple[frozenset[str], ...]  # of each group one word must be there


def _any(*choices: str) -> frozenset[str]:
    return frozenset(choices)


PERCENT = "%"  # stands beside a number that is said in percent
_ROWS = _any("row", "customer", "record", "outcome", "label", "people", "case")
_CHURNED = _any("churn", "churned", "churner", "left", "positive")
_LABELLED = _any("label", "labelled", "labeled", "outcome", "known", "matured")
_DRIFTED = _any("drift", "drifted", "drifting", "moved", "shifted")
_FEATURES = _any("feature", "column", "variable")
_SHARE = _any("share", "portion", "fraction", "proportion", PERCENT)
_INTERVAL = _any("interval", "between", "range", "low", "high", "bound")
_ERRORS = _any("standard", "error", "sigma", "z")

# Keys whose own words are not what people say. All other keys are named by their words.
_KEYS: Mapping[str, Groups] = MappingProxyType(
    {
        "roc_auc": (_any("auc", "roc"),),
        "min_roc_auc": (_any("auc", "roc", "floor"),),
        "pr_auc": (_any("pr"), _any("auc")),
        "n": (_ROWS,),
        "rows": (_ROWS,),
        "churners": (_CHURNED,),
        "low": (_INTERVAL,),
        "high": (_INTERVAL,),
        "reference_rows": (_any("reference"), _any("row", "customer", "reference")),
        "current_rows": (_any("window", "current", "row"), _any("row", "customer")),
        "labelled_rows": (_LABELLED, _ROWS),
        "labelled_churners": (_CHURNED,),
        "train_rows": (_any("learn", "learned", "train", "trained", "training"), _any("row", "customer")),
        "held_out_rows": (_any("held", "hold", "judge", "judged", "test", "tested", "gate"), _any("row", "customer")),
        "gate_rows": (_any("held", "hold", "judge", "judged", "test", "tested", "gate"), _any("row", "customer")),
        "share": (_SHARE, _DRIFTED | _FEATURES | _any("row")),
        "drifted": (_DRIFTED,),
        "drifted_numerical": (_DRIFTED | _FEATURES, _any("numerical", "numeric")),
        "drifted_categorical": (_DRIFTED | _FEATURES, _any("categorical", "category")),
        "features_total": (_FEATURES,),
        "calibrated_drifted": (_any("calibrated", "significant"),),
        "calibrated_share": (_any("calibrated", "significant"), _SHARE),
        "felt_share": (_any("importance", "important", "reliance", "relies"),),
        "moved_share": (_any("moved", "move", "share", "row", PERCENT),),
        "score": (_any("score", "drift", "distance", "statistic", "psi", "ks", "wasserstein", "jensen", "p"),),
        "p_adjusted": (_any("p", "chance", "adjusted"),),
        "importance": (_any("importance", "important", "loses", "reliance"),),
        "confidence": (_any("confidence", "confident", "sure", "certain", "certainty"),),
        "difference": (
            _any("difference", "differs", "better", "worse", "gain", "gained", "margin", "fell", "rose", "drop")
            | _any("delta", "change", "ahead", "behind", "lead", "leads", "trails"),
        ),
        "z": (_ERRORS,),
        "missing": (_any("missing", "null", "empty"),),
        "missing_reference": (_any("missing", "null", "empty"),),
        "missing_window": (_any("missing", "null", "empty"),),
        "sampled": (_ROWS | _any("sample", "sampled", "looked"),),
        "level": (_any("mean", "average", "level", "share", PERCENT),),
        "level_reference": (_any("mean", "average", "level", "share", "reference", PERCENT),),
        "reference": (_any("reference", "before", "was", "from", "share", PERCENT),),
        "window": (_any("window", "now", "to", "share", PERCENT),),
        "trainings_left": (_any("left", "remain", "remaining", "further", "retry", "retries"),),
    }
)
_UNSAID = frozenset({"value", "total", "number", "of", "is", "by", "min", "max", "the"})  # words of keys that people leave out

# Words that tell a value from its namesakes elsewhere: welcome near the number, not needed.
_NEARBY: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "get_current_model_metrics": _any("champion", "serving", "current"),
        "run_training": _any("candidate", "challenger", "training", "trained", "new"),
        "champion_metrics": _any("champion"),
        "metrics": _any("candidate", "challenger"),
        "gate": _any("gate", "accepted", "before", "was"),
        "window": _any("window", "now", "labelled", "recent", "is"),
        "missing_reference": _any("before", "reference", "was"),
        "missing_window": _any("now", "window", "is"),
    }
)
_POLICY = _any("policy", "rule", "floor", "limit", "threshold", "least", "most", "minimum", "maximum", "need", "needs", "needed", "allowed")
_POLICY |= _any("below", "above", "than", "bound", "bounds", "band", "fewer", "required", "requires", "min", "max", "cooldown", "under")


def groups_of(key: str, words: tuple[str, ...], unit: str | None = None) -> Groups:
    """What must be said for the value under `key`, whose own words are `words`; `unit` names what a strength is measured in."""
    if key == "strength" and unit is not None:
        said = frozenset(word for word in unit.lower().replace("-", " ").split() if word not in {"of", "the", "in", "a"})
        return (said | (_SHARE if said & {"share", "percent"} else frozenset()),)
    if spoken := hyperparameter_words(key):
        return (spoken,)
    return _KEYS.get(key) or tuple(frozenset({word}) for word in words if word not in _UNSAID)


def nearby(key: str) -> frozenset[str]:
    """Words that speak for a value below `key` rather than its namesakes."""
    return _NEARBY.get(key, frozenset())


def of_policy(rule: str) -> frozenset[str]:
    """A value of the policy is meant only where a bound is spoken of, or its rule by name."""
    return _POLICY | ({rule.lower()} if "_" in rule else set())  # a single word is said of other things, too
