"""What an offer costs and brings, customer by customer: the settings of [value] over the rows of a table."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DataError, SettingsError
from pipeline.shown_text import plain, quoted
from pipeline.tables.expression import Expression
from pipeline.tables.similar_names import most_alike
from pipeline.workspace.value_settings import CustomerValueSettings, ValueSettings

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
_LEAST = 1e-6  # a share of 0 for everybody would divide by nothing; no offer pays at this one either


@dataclass(frozen=True)
class CustomerTerms:
    """`margin` and `acceptance` of each customer, both of shape (n,); the rest as `ValueSettings`."""

    margin: Numbers
    acceptance: Numbers
    offer_cost: float
    capacity: float


Terms = ValueSettings | CustomerTerms


def terms_of(value: CustomerValueSettings, rows: "pd.DataFrame") -> Terms:
    """The terms of these typed rows. A margin that cannot be computed, because a column is missing, is 0: such an offer is not known to bring anything.

    Raises:
        DataError: the rows lack a column.
    """
    if value.alike:
        return value.same_for_all()
    if absent := next((name for name in (*value.numerical, *value.acceptance_by) if name not in rows), None):
        raise DataError(
            f"[value] is made of `{absent}`, which the rows do not have.", "Name another column, or train a model that has this one."
        )
    number = len(rows)
    margin = value.margin.over(rows) if isinstance(value.margin, Expression) else np.full(number, value.margin)
    acceptance = np.full(number, value.acceptance)
    for column, shares in value.acceptance_by.items():
        acceptance = rows[column].map(shares).fillna(value.acceptance).to_numpy(dtype=np.float64)
    return CustomerTerms(np.where(np.isfinite(margin), margin, 0.0), acceptance, value.offer_cost, value.capacity)


def require_categories(value: CustomerValueSettings, known: Mapping[str, Collection[str]]) -> None:
    """That `acceptance_by` names categories that there are. `known`: those of the training rows, by column.

    Raises:
        SettingsError: one is none of them, so that its share would count for nobody.
    """
    for column, shares in value.acceptance_by.items():
        if stranger := next((name for name in shares if name not in known[column]), None):
            close = most_alike(stranger, sorted(known[column]))
            raise SettingsError(
                f"[value.acceptance_by] in churnops.toml gives a share to {quoted(stranger)} of `{plain(column)}`, which no training row has.",
                f"Perhaps {quoted(close)} is meant." if close else "Leave it out, or train on rows that have it.",
            )


def terms_of_one(value: CustomerValueSettings, row: Mapping[str, float | str | None]) -> tuple[float, float]:
    """Margin and acceptance of one customer, by the same rules; numbers that are missing or not in the row are NaN."""
    margin = value.margin
    if isinstance(margin, Expression):
        found = margin.of({name: float(cell) if isinstance(cell := row.get(name), (int, float)) else np.nan for name in margin.columns})
        margin = found if np.isfinite(found) else 0.0
    acceptance = value.acceptance
    for column, shares in value.acceptance_by.items():
        acceptance = shares.get(str(row.get(column)), acceptance)
    return margin, acceptance


def typical(value: CustomerValueSettings, rows: "pd.DataFrame") -> ValueSettings:
    """One set of terms for all, for whoever compares whole windows: the average customer's of these rows.

    Raises:
        DataError: the margin is not above 0 on average, so that it is no margin.
    """
    found = terms_of(value, rows)
    if isinstance(found, ValueSettings):
        return found
    margin = float(found.margin.mean())
    if margin <= 0:
        raise DataError(
            f"`value.margin` = `{value.margin.text if isinstance(value.margin, Expression) else value.margin}` is {margin:,.2f} for the average customer.",
            "Correct the expression under [value] in churnops.toml; what a customer who stays brings is above 0.",
        )
    return value.same_for_all(margin, max(_LEAST, float(found.acceptance.mean())))
