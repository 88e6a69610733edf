"""Trees as shap's TreeExplainer takes them, with every number as its place among the thresholds.

TreeExplainer compares in single precision. A model that compares in double, as histogram gradient boosting does, has thresholds that are values of
the table, and would send customers the other way there: its SHAP values would be those of another model. Places are small whole numbers, so
they compare as the model does.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.tree_traversal import Forest

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class CodedTrees:
    """A forest whose thresholds lie between codes. `thresholds`: what they were, of each encoded column, ascending."""

    forest: Forest
    thresholds: tuple[Numbers, ...]

    def code(self, encoded: Numbers) -> Numbers:
        """How many of its column's thresholds each number exceeds; a missing one stays missing. Encoded customers, shape (rows, width)."""
        compared = encoded.astype(np.float32).astype(np.float64) if self.forest.missing_right is None else encoded
        columns = [np.searchsorted(known, compared[:, place], side="left") for place, known in enumerate(self.thresholds)]
        return np.where(np.isnan(encoded), np.nan, np.column_stack(columns))

    def for_shap(self) -> dict[str, Any]:
        """The trees as the mapping that TreeExplainer takes for a model."""
        forest = self.forest
        ends = [*forest.roots[1:].tolist(), forest.column.size]
        trees = [self._tree(slice(start, end)) for start, end in zip(forest.roots.tolist(), ends, strict=True)]
        return {"trees": trees, "internal_dtype": np.float64, "input_dtype": np.float64, "base_offset": forest.start}

    def _tree(self, nodes: slice) -> dict[str, Any]:
        forest = self.forest
        left, right = forest.children[0::2][nodes] - nodes.start, forest.children[1::2][nodes] - nodes.start
        leaf = left == np.arange(left.size)
        missing = left if forest.missing_right is None else np.where(forest.missing_right[nodes], right, left)
        return {
            "children_left": np.where(leaf, -1, left),
            "children_right": np.where(leaf, -1, right),
            "children_default": np.where(leaf, -1, missing),
            "features": np.where(leaf, -2, forest.column[nodes]),
            "thresholds": np.where(leaf, 0.0, forest.threshold[nodes]),
            "values": forest.value[nodes][:, None] / (forest.roots.size if forest.averaged else 1),
            "node_sample_weight": np.ones(left.size),  # nothing interventional depends on it
        }


def coded(forest: Forest, width: int) -> CodedTrees:
    """The forest over codes of its `width` encoded columns."""
    inner = np.isfinite(forest.threshold)
    known, between = [], forest.threshold.copy()
    for place in range(width):
        here = inner & (forest.column == place)
        known.append(np.unique(forest.threshold[here]))
        between[here] = np.searchsorted(known[-1], forest.threshold[here]) + 0.5
    return CodedTrees(replace(forest, threshold=between), tuple(known))
