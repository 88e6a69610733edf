"""A random forest as flat arrays: all trees are walked at once, a level at a time, to the very sum scikit-learn makes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.customer_row import too_great

Numbers = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Forest:
    """Nodes of all trees in a row. `roots`: shape (trees,); all else by node: the column it asks about, its threshold, the share of
    churners in it, and in `children` its left and right child side by side. A leaf is its own left child, and sends everybody there."""

    roots: Places
    column: Places
    threshold: Numbers
    share: Numbers
    children: Places
    depth: int

    def response(self, encoded: Numbers) -> float:
        """Probability of churn, bit for bit scikit-learn's without threads.

        Args:
            encoded: as `RowEncoder.encode` gives it, shape (width,).

        Raises:
            DataError: a number that single precision, in which trees compare, cannot hold.
        """
        return self._mean(self.share[self._walk(encoded)[-1]])

    def explained(self, encoded: Numbers) -> tuple[float, Numbers]:
        """The probability, and what each encoded column adds to the mean of the roots, shape (width,).

        At every node on the way the share of churners changes; the change counts for the column that the node asked about. The parts and
        the mean of the roots add up to the probability. Arguments and errors as `response`.

        Source: Saabas (2014), "Interpreting random forests".
        """
        walked = self._walk(encoded)
        shares = self.share[walked]
        added = np.bincount(self.column[walked[:-1]].ravel(), np.diff(shares, axis=0).ravel(), minlength=encoded.size)
        return self._mean(shares[-1]), added / self.roots.size

    def _walk(self, encoded: Numbers) -> Places:
        """Nodes at which each tree stands on each level, shape (depth + 1, trees)."""
        with np.errstate(over="ignore"):
            compared = encoded.astype(np.float32)
        if not np.isfinite(compared).all():
            raise too_great()
        walked = np.empty((self.depth + 1, self.roots.size), dtype=np.intp)
        at = walked[0] = self.roots
        for level in range(1, self.depth + 1):
            right = compared.take(self.column.take(at)) > self.threshold.take(at)
            at = walked[level] = self.children.take(at + at + right)
        return walked

    def _mean(self, shares: Numbers) -> float:
        # In the order of the trees, as scikit-learn adds: NumPy's own sum adds in pairs, which differs in the last bit.
        return float(np.cumsum(shares)[-1] / shares.size)


def forest_of(classifier: Any) -> Forest:
    """The arrays of a fitted RandomForestClassifier of the classes (stays, churns)."""
    roots: list[int] = []
    column, threshold, share, children = [], [], [], []
    start = 0
    for estimator in classifier.estimators_:
        tree = estimator.tree_
        nodes, leaf = np.arange(tree.node_count), tree.children_left < 0
        roots.append(start)
        column.append(np.where(leaf, 0, tree.feature))
        threshold.append(np.where(leaf, np.inf, tree.threshold))
        share.append(tree.value[:, 0, 1])
        left, right = np.where(leaf, nodes, tree.children_left), np.where(leaf, nodes, tree.children_right)
        children.append(np.column_stack([left, right]).ravel() + start)
        start += tree.node_count
    return Forest(
        np.array(roots, dtype=np.intp),
        np.concatenate(column).astype(np.intp),
        np.concatenate(threshold),
        np.concatenate(share),
        np.concatenate(children).astype(np.intp),
        max(estimator.tree_.max_depth for estimator in classifier.estimators_),
    )
