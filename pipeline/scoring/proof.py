"""Whether the fast path gives scikit-learn's very answers: shown on stored rows before it serves, never assumed."""

import math
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.measures.measure import ServingProof
from pipeline.measures.risk_tiers import tier_of
from pipeline.scoring.compiled_model import CompiledModel, compile_model
from pipeline.scoring.customer_row import Cell, frame_of
from pipeline.scoring.exactness import NotExact
from pipeline.tables.schema import Schema
from pipeline.tables.typed_parquet import spread

if TYPE_CHECKING:
    import pandas as pd

# A difference that shows in one row of 300 is missed with a chance of 4%; both ways together take a third of a second.
PROOF_ROWS = 1000
_UNSEEN = "a category no table has \N{WHITE QUESTION MARK ORNAMENT}"


def prove(model: Any, columns: Schema, reference: "pd.DataFrame", threshold: float) -> tuple[CompiledModel | None, ServingProof]:
    """Compile a model and compare both ways on rows of its reference; the compiled model is None where scikit-learn must serve.

    The rows: 1,000 spread evenly over the reference, or all where it has fewer; and of one of them, for each feature a copy without it,
    and for each categorical feature a copy with a category that no table has.

    Args:
        model: fitted classifier from `columns.features` to probabilities of (stays, churns).
        columns: it was fitted on.
        reference: typed rows, shape (rows, …), at least one.
        threshold: probability from which a customer counts as churning.
    """
    started = monotonic()
    sample = reference.iloc[spread(len(reference), PROOF_ROWS)]
    rows = len(sample)
    try:
        compiled = compile_model(model, columns, sample)
    except NotExact as reason:
        return None, _unproven(f"{reason}", monotonic() - started)
    customers = [*_cells(sample, columns), *_edges(_cells(sample.iloc[:1], columns)[0], columns)]
    fast = np.array([compiled.probability(cells) for cells in customers])
    exact = np.asarray(model.predict_proba(frame_of(customers, columns))[:, 1], dtype=np.float64)
    difference = float(np.abs(fast - exact).max())
    labels = int(((fast >= threshold) != (exact >= threshold)).sum())
    tiers = sum(tier_of(one) != tier_of(other) for one, other in zip(fast.tolist(), exact.tolist(), strict=True))
    passed = difference <= compiled.tolerance and labels == tiers == 0
    proof = ServingProof(
        path="fast" if passed else "scikit-learn",
        why=None if passed else f"the fast path differs from it by up to {difference:.2g} on {rows:,} rows",
        rows=rows,
        edges=len(customers) - rows,
        max_difference=difference,
        label_flips=labels,
        tier_flips=tiers,
        seconds=monotonic() - started,
    )
    return compiled if passed else None, proof


def not_ours() -> ServingProof:
    """Of a model that others fitted: nobody knows what is in it, so nothing is compiled."""
    return _unproven("others fitted the model", 0.0)


def _unproven(why: str, seconds: float) -> ServingProof:
    return ServingProof(path="scikit-learn", why=why, rows=0, edges=0, max_difference=None, label_flips=0, tier_flips=0, seconds=seconds)


def _cells(frame: "pd.DataFrame", columns: Schema) -> list[list[Cell]]:
    rows = zip(*(frame[name].tolist() for name in columns.features), strict=True)
    numbers = len(columns.numerical)
    return [[*row[:numbers], *(None if cell != cell else cell for cell in row[numbers:])] for row in rows]


def _edges(cells: Sequence[Cell], columns: Schema) -> list[list[Cell]]:
    numbers = len(columns.numerical)
    made = []
    for place in range(len(cells)):
        gaps: tuple[Cell, ...] = (math.nan,) if place < numbers else (None, _UNSEEN)
        made += [[*cells[:place], gap, *cells[place + 1 :]] for gap in gaps]
    return made
