"""An ensemble of trees as flat arrays: all are walked at once, a level at a time, to the very sum scikit-learn makes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.customer_row import too_great
from pipeline.scoring.exactness import NotExact

Numbers = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Forest:
    """Nodes of all trees in a row. `roots`: shape (trees,); all else by node: the column it asks about, its threshold, its value, and in
    `children` its left and right child side by side. A leaf is its own left child, and sends everybody there.

    Of a random forest a node's value is the share of churners in it, and the trees' mean is the response, a probability. Of boosting it is
    what the tree adds, and the sum with `start` is the response, log-odds. `missing_right`: at which nodes a missing number goes to the
    right; None where numbers are compared in single precision, and none is missing."""

    roots: Places
    column: Places
    threshold: Numbers
    value: Numbers
    children: Places
    depth: int
    averaged: bool = True
    start: float = 0.0
    missing_right: NDArray[np.bool_] | None = None

    def response(self, encoded: Numbers) -> float:
        """The response, bit for bit scikit-learn's without threads.

        Args:
            encoded: as `RowEncoder.encode` gives it, shape (width,).

        Raises:
            DataError: a number that single precision, in which trees compare, cannot hold.
        """
        return self._together(self.value[self._walk(encoded)[-1]])

    def explained(self, encoded: Numbers) -> tuple[float, Numbers]:
        """The response, and what each encoded column adds to that of the roots, shape (width,).

        At every node on the way the value changes; the change counts for the column that the node asked about. The parts and what the roots
        say add up to the response. Arguments and errors as `response`.

        Source: Saabas (2014), "Interpreting random forests".
        """
        walked = self._walk(encoded)
        values = self.value[walked]
        added = np.bincount(self.column[walked[:-1]].ravel(), np.diff(values, axis=0).ravel(), minlength=encoded.size)
        return self._together(values[-1]), added / (self.roots.size if self.averaged else 1)

    def _walk(self, encoded: Numbers) -> Places:
        """Nodes at which each tree stands on each level, shape (depth + 1, trees)."""
        compared, missing = encoded, None
        if self.missing_right is None:
            with np.errstate(over="ignore"):
                compared = encoded.astype(np.float32)
            if not np.isfinite(compared).all():
                raise too_great()
        elif np.isnan(encoded).any():
            missing = np.isnan(encoded)
        walked = np.empty((self.depth + 1, self.roots.size), dtype=np.intp)
        at = walked[0] = self.roots
        for level in range(1, self.depth + 1):
            asked = self.column.take(at)
            right = compared.take(asked) > self.threshold.take(at)
            if missing is not None:
                right |= missing.take(asked) & self.missing_right.take(at)  # type: ignore[union-attr]
            at = walked[level] = self.children.take(at + at + right)
        return walked

    def _together(self, values: Numbers) -> float:
        # In the order of the trees, as scikit-learn adds: NumPy's own sum adds in pairs, which differs in the last bit.
        summed = np.cumsum(np.concatenate([[self.start], values]))[-1]
        return float(summed / values.size if self.averaged else summed)


def forest_of(classifier: Any) -> Forest:
    """The arrays of a fitted RandomForestClassifier of the classes (stays, churns)."""
    return _of_trees(classifier.estimators_, lambda tree: tree.value[:, 0, 1])


def boosted_of(classifier: Any, width: int) -> Forest:
    """The arrays of a fitted GradientBoostingClassifier of the classes (stays, churns) and so many encoded columns."""
    step = classifier.learning_rate
    made = _of_trees(classifier.estimators_[:, 0], lambda tree: _leaves_upwards(tree, step * tree.value[:, 0, 0]))
    start = classifier._raw_predict_init(np.zeros((1, width), dtype=np.float32))[0, 0]
    return replace(made, averaged=False, start=float(start))


def histogram_boosted_of(classifier: Any) -> Forest:
    """The arrays of a fitted HistGradientBoostingClassifier of the classes (stays, churns) that takes no column as categories.

    Raises:
        NotExact: it takes some.
    """
    trees = [made.nodes for (made,) in classifier._predictors]
    starts = np.cumsum([0, *(nodes.size for nodes in trees[:-1])])
    nodes, start = np.concatenate(trees), np.repeat(starts, [nodes.size for nodes in trees])
    if nodes["is_categorical"].any():
        raise NotExact("it takes columns as categories")
    leaf, own = nodes["is_leaf"].astype(bool), np.arange(nodes.size)
    left, right = (np.where(leaf, own, nodes[side].astype(np.intp) + start) for side in ("left", "right"))
    return Forest(
        starts.astype(np.intp),
        np.where(leaf, 0, nodes["feature_idx"]).astype(np.intp),
        np.where(leaf, np.inf, nodes["num_threshold"]),
        nodes["value"].astype(np.float64),
        np.column_stack([left, right]).ravel(),
        int(nodes["depth"].max()),
        averaged=False,
        start=float(np.ravel(classifier._baseline_prediction)[0]),
        missing_right=~leaf & ~nodes["missing_go_to_left"].astype(bool),
    )


def _leaves_upwards(tree: Any, values: Numbers) -> Numbers:
    """Values by node: a leaf's own, of all others the mean of its leaves by their rows. Boosting moves its leaves after the tree was grown."""
    values = values.copy()
    rows = tree.weighted_n_node_samples
    for node in range(tree.node_count - 1, -1, -1):  # children come after their parent
        left, right = tree.children_left[node], tree.children_right[node]
        if left >= 0:
            values[node] = (rows[left] * values[left] + rows[right] * values[right]) / (rows[left] + rows[right])
    return values


def _of_trees(estimators: Iterable[Any], values: Callable[[Any], Numbers]) -> Forest:
    roots: list[int] = []
    column, threshold, value, children = [], [], [], []
    start = 0
    trees = [estimator.tree_ for estimator in estimators]
    for tree in trees:
        nodes, leaf = np.arange(tree.node_count), tree.children_left < 0
        roots.append(start)
        column.append(np.where(leaf, 0, tree.feature))
        threshold.append(np.where(leaf, np.inf, tree.threshold))
        value.append(values(tree))
        left, right = np.where(leaf, nodes, tree.children_left), np.where(leaf, nodes, tree.children_right)
        children.append(np.column_stack([left, right]).ravel() + start)
        start += tree.node_count
    return Forest(
        np.array(roots, dtype=np.intp),
        np.concatenate(column).astype(np.intp),
        np.concatenate(threshold),
        np.concatenate(value),
        np.concatenate(children).astype(np.intp),
        max(tree.max_depth for tree in trees),
    )
