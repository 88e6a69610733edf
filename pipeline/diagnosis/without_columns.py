"""The same observation without columns that may be broken: a model like the champion that never saw them stands in for it.

A champion that reads a broken column is wrong about everybody, and a model of recent rows learns the broken column and gains. Neither says whether
customers behave differently. What shows that is a model without the column: it is right about the window exactly if nothing but the column
changed.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.observed import SEED, Observed
from pipeline.tables.schema import Schema

_FOLDS = 3
_MEMBERS = 60  # of an ensemble; it is compared with models of the same size


def without_columns(observed: Observed, suspects: Collection[str]) -> Observed:
    """The observation without the `suspects`; scores are those of the stand-in, of the reference out of fold, of `before` as it
    is. The observation itself where no other column is left."""
    columns = _without(observed.columns, suspects)
    features, target = list(columns.features), columns.target
    reference = observed.reference[[*features, target]]
    y = reference[target].to_numpy(dtype=np.int8)
    if not features or y.min(initial=1) == y.max(initial=0):
        return observed
    fold = np.random.default_rng(SEED).permutation(len(reference)) % _FOLDS
    out_of_fold = np.empty(len(reference))
    for number in range(_FOLDS):
        out_of_fold[fold == number] = _StandIn(observed, columns, fold != number).scores(reference[fold == number])
    stand_in = _StandIn(observed, columns, np.ones(len(reference), dtype=bool))
    known = observed.labelled
    return replace(
        observed,
        columns=columns,
        before=observed.before[features],
        before_scores=stand_in.scores(observed.before),
        reference=reference,
        reference_scores=out_of_fold,
        window=observed.window[features],
        scores=stand_in.scores(observed.window),
        labelled=replace(known, features=known.features[features]),
        labelled_scores=stand_in.scores(known.features),
        importances={name: one for name, one in observed.importances.items() if name not in suspects},
    )


class _StandIn:
    """A model of the champion's family on these columns and these rows (shape (reference,)) of the reference."""

    def __init__(self, observed: Observed, columns: Schema, rows: NDArray[np.bool_]) -> None:
        from pipeline.models.unfitted_model import build, successor_family

        manifest = observed.champion.manifest
        given = successor_family(manifest.family).quick(manifest.hyperparameters, _MEMBERS)
        # As the pipeline would say; but it drops a column in which nothing else is left to fit on.
        self._absent, self._features = dict.fromkeys(columns.categorical, "missing"), list(columns.features)
        model = build(manifest.family, given, manifest.seed, columns)
        taught = observed.reference[rows]
        self._model = model.fit(taught[self._features].fillna(self._absent), taught[columns.target].to_numpy(dtype=np.int8))

    def scores(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        if not len(rows):
            return np.zeros(0)
        return np.asarray(self._model.predict_proba(rows[self._features].fillna(self._absent))[:, 1], dtype=np.float64)


def _without(columns: Schema, suspects: Collection[str]) -> Schema:
    return columns.model_copy(
        update={part: tuple(name for name in getattr(columns, part) if name not in suspects) for part in ("numerical", "categorical")}
    )
