"""Whether churnops hands rows to a model that others fitted as its team does: scored both ways, a reference must score the same."""

from typing import TYPE_CHECKING

import numpy as np

from pipeline.models.mlflow_folder import ModelError
from pipeline.tables.cell_values import spelling_in, spelt
from pipeline.tables.native_types import natively_typed
from pipeline.tables.reading import RawTable, typed
from pipeline.training.job import Made

if TYPE_CHECKING:
    import pandas as pd

SAME = 1e-9  # between two probabilities of one customer; sums in another order differ by less
_TRIED = 1_000  # rows that score otherwise, in which the columns that make the difference are looked for
_SIGNATURE = "save the model with a signature of the types it was trained on (`mlflow.models.infer_signature`)"


def require_same_scores(made: Made, table: RawTable) -> None:
    """Score the table in the types that its file has, and as churnops hands rows over.

    Args:
        made: a model that others fitted; its reference settles how categories are spelt.
        table: with the model's columns, labelled or not.

    Raises:
        ModelError: the model cannot score it in the file's own types, or a score differs by more than 1e-9.
        DataError: see `natively_typed` and `typed`.
    """
    columns, file = made.manifest.columns, table.path.name
    ours = spelt(typed(table, columns, with_target=False), spelling_in(made.reference, columns.categorical))[list(columns.features)]
    own = _owned(natively_typed(table), ours, columns.numerical)
    try:
        expected = made.model.predict_proba(own)[:, 1]
    except ModelError as error:
        raise ModelError(
            f"Whether churnops hands rows to this model as it was trained cannot be compared: in the types of {file} it fails. "
            f"{error.problem}",
            f"To have it compared, {_SIGNATURE}.",
        ) from error
    off = np.abs(made.model.predict_proba(ours)[:, 1] - expected)
    if bool((off <= SAME).all()):
        return
    tried = np.flatnonzero(off > SAME)[:_TRIED]
    names = _different(made, own.iloc[tried], ours.iloc[tried])
    raise ModelError(
        f"{int((off > SAME).sum()):,} of {len(off):,} rows of {file} would be scored otherwise than in the model's own types, by up to "
        f"{off.max():.2g}: churnops reads {', '.join(f'`{name}`' for name in names) or 'its columns'} as another type or with other values.",
        f"Correct the column's kind or values in churnops.toml, or {_SIGNATURE}.",
    )


def _owned(native: "pd.DataFrame", ours: "pd.DataFrame", numerical: tuple[str, ...]) -> "pd.DataFrame":
    """The features as the file has them. Numbers that pandas takes for text (a blank among them, a currency) are no type of any model, so
    they come from `ours`."""
    from pandas.api.types import is_numeric_dtype

    texts = {name: ours[name].to_numpy() for name in numerical if name not in native or not is_numeric_dtype(native[name])}
    return native.assign(**texts)[list(ours.columns)]


def _different(made: Made, own: "pd.DataFrame", ours: "pd.DataFrame") -> list[str]:
    """Columns that change scores by coming as `ours` while all others come as their own."""
    expected = made.model.predict_proba(own)[:, 1]

    def differs(name: str) -> bool:
        try:
            found = made.model.predict_proba(own.assign(**{name: ours[name].to_numpy()}))[:, 1]
        except ModelError:
            return True
        return bool((np.abs(found - expected) > SAME).any())

    return [name for name in ours.columns if differs(name)]
