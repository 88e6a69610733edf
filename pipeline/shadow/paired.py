"""Two models on the same customers: the one that served, and one that scored in the shadow; as outcomes mature, which of them was right."""

from datetime import datetime
from statistics import NormalDist

import pandas as pd

from pipeline.errors import DataError
from pipeline.intake.untouched_rows import representing
from pipeline.intake.window_labels import label_rule, told_in_log
from pipeline.measures.margins import measure_margins
from pipeline.measures.measure import Comparison, Margins, Measure
from pipeline.measures.metrics import compare, measure
from pipeline.measures.risk_tiers import tier_of
from pipeline.models.artifact import open_artifact
from pipeline.models.typical_value import typical_value
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.exclusions import excluded
from pipeline.state.outcome_labels import labels_of
from pipeline.state.shadow_scores import read_shadow_scores
from pipeline.stored_record import StoredRecord
from pipeline.windows.window import Labelled


class Paired(StoredRecord):
    """The model that served beside the one in the shadow, on `customers` scored by both; `moved` is the share of them in another risk tier,
    and the means are of probabilities (0-1).

    On the `labelled` ones whose outcome is known, `churners` of them churned: ROC-AUC of each, the difference served minus shadow with its
    paired interval, and the margins likewise (`profit` is in percent of the maximum, better above 0). They are None with too few outcomes.
    """

    customers: int
    mean_served: float
    mean_shadow: float
    moved: float
    labelled: int
    churners: int
    served: Measure | None = None
    shadow: Measure | None = None
    roc_auc: Comparison | None = None
    margins: Margins | None = None


def paired(opened: Opened, digest: str, since: datetime, until: datetime, z: float) -> Paired | None:
    """Compare whoever served with the model of this digest, on customers scored in `since < time <= until`: each once, as scored last.

    The intervals reach `z` standard errors. Who was made an offer is left out, as wherever the champion is measured. None where the model
    scored nobody in the shadow.
    """
    rows = read_shadow_scores(opened.state, digest, since, until)
    for exclusion in excluded(opened.state):
        if exclusion.where is None:  # of columns nothing is known here
            rows = rows[~rows["_time"].between(exclusion.since, exclusion.until, inclusive="left")]
    if rows.empty:
        return None
    each = rows.drop_duplicates("_id", keep="last")
    tiers = [each[name].map(tier_of) for name in ("served_score", "score")]
    found = Paired(
        customers=len(each),
        mean_served=float(each["served_score"].mean()),
        mean_shadow=float(each["score"].mean()),
        moved=float((tiers[0] != tiers[1]).mean()),
        labelled=0,
        churners=0,
    )
    return _with_outcomes(opened, digest, found, rows, z)


def _with_outcomes(opened: Opened, digest: str, found: Paired, rows: pd.DataFrame, z: float) -> Paired:
    labels = labels_of(rows["_id"], rows["_time"], told_in_log(opened), label_rule(opened.settings))
    known = rows[labels.notna()].assign(_churned=labels[labels.notna()].astype("int64")).drop_duplicates("_id", keep="last")
    labelled = Labelled(known[["score", "served_score"]], known["_churned"], known["_id"], known["_time"])
    if len(known):
        labelled = representing(opened, known["served_score"].to_numpy(), labelled)
    churned, weights = labelled.churned.to_numpy(), None if labelled.weights is None else labelled.weights.to_numpy()
    found = found.model_copy(update={"labelled": int(churned.size), "churners": int(churned.sum())})
    served, shadow = (labelled.features[name].to_numpy() for name in ("served_score", "score"))
    confidence = 2 * NormalDist().cdf(z) - 1
    value = opened.settings.value
    terms = value.same_for_all() if value.alike else typical_value(value, open_artifact(opened.workspace, digest))
    try:
        of_each = [measure(churned, scores, 0.5, confidence, weights).roc_auc for scores in (served, shadow)]
        difference = compare(churned, served, shadow, confidence, weights)
        margins = measure_margins(churned, served, shadow, terms, confidence, weights)
    except DataError:  # too few of either outcome
        return found
    return found.model_copy(update={"served": of_each[0], "shadow": of_each[1], "roc_auc": difference, "margins": margins})


def turned(found: Comparison) -> Comparison:
    """The same comparison from the other side.

    >>> turned(Comparison(difference=0.1, low=-0.1, high=0.3, n=9)).low
    -0.3
    """
    return Comparison(difference=-found.difference, low=-found.high, high=-found.low, n=found.n)
