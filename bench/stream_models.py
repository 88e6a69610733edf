"""Every model that anybody could train on a stream, and what each would earn in every batch: found out once, for all policies alike."""

import warnings
from dataclasses import dataclass, field

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from streams import Numbers, Rows, Stream

from pipeline.measures.campaign_value import Worth, gain, worth
from pipeline.workspace.value_settings import ValueSettings

_FOLDS = 3
DELAY = 1  # batches until outcomes are known
MODES = ("combined", "recent", "newest")
_BACK = {"combined": 3, "recent": 3, "newest": 1}  # newest batches with known outcomes that a model is trained on
VALUE = ValueSettings()

Key = int  # of a model: the look after which it was trained
FIRST: Key = 0


@dataclass
class Models:
    """Batches are numbered from 1; look `n` comes after batch `n`, when the outcomes of all batches but the newest are known.

    Whoever trains after a look gets the same model: the way of training whose log loss on the newest outcomes is lowest, cross-fitted. Policies differ in when
    they train alone.
    """

    stream: Stream
    _fitted: dict[Key, LogisticRegression] = field(default_factory=dict)
    _scores: dict[tuple[Key, int], Numbers] = field(default_factory=dict)
    _chosen: dict[int, tuple[str, Numbers]] = field(default_factory=dict)
    _gains: dict[tuple[Key, int], Worth] = field(default_factory=dict)

    def rows(self, batch: int) -> Rows:
        """One batch."""
        return self.stream.batches[batch - 1]

    def scores(self, key: Key, batch: int) -> Numbers:
        """What a model says of a batch."""
        if (key, batch) not in self._scores:
            self._scores[key, batch] = self._model(key).predict_proba(self.rows(batch).x)[:, 1]
        return self._scores[key, batch]

    def profit(self, key: Key, batch: int) -> float:
        """Points of the maximum that a campaign by a model earns."""
        return worth(self.rows(batch).y, self.scores(key, batch), VALUE).percent

    def gain(self, over: Key, batch: int) -> Worth:
        """The same of a fresh model over another one, with its standard error."""
        if (over, batch) not in self._gains:
            self._gains[over, batch] = gain(self.rows(batch).y, self.fresh(batch), self.scores(over, batch), VALUE)
        return self._gains[over, batch]

    def fresh(self, batch: int) -> Numbers:
        """What a fresh model says of a batch, that knows the batch itself and those before it: cross-fitted, as `diagnose` asks other models."""
        return self._choice(batch)[1]

    def keys(self) -> list[Key]:
        """All models, oldest first."""
        return [FIRST, *range(1 + DELAY, len(self.stream.batches))]

    def _choice(self, batch: int) -> tuple[str, Numbers]:
        if batch not in self._chosen:
            y, said = self.rows(batch).y, {mode: self._cross_fitted(mode, batch) for mode in MODES}
            best = min(MODES, key=lambda mode: log_loss(y, said[mode]))
            self._chosen[batch] = best, said[best]
        return self._chosen[batch]

    def _cross_fitted(self, mode: str, batch: int) -> Numbers:
        rows, found = self.rows(batch), np.empty(self.rows(batch).y.size)
        fold = np.arange(found.size) % _FOLDS
        for number in range(_FOLDS):
            others = Rows(rows.x[fold != number], rows.y[fold != number])
            found[fold == number] = _fit([*self._before(mode, batch), others]).predict_proba(rows.x[fold == number])[:, 1]
        return found

    def _model(self, key: Key) -> LogisticRegression:
        if key not in self._fitted:
            newest = key - DELAY
            parts = [self.stream.reference] if key == FIRST else [*self._before(self._choice(newest)[0], newest), self.rows(newest)]
            self._fitted[key] = _fit(parts)
        return self._fitted[key]

    def _before(self, mode: str, batch: int) -> list[Rows]:
        """What a model of this mode is trained on besides the batch."""
        known = [self.rows(each) for each in range(max(1, batch - _BACK[mode] + 1), batch)]
        return [self.stream.reference, *known] if mode == "combined" else known


def _fit(parts: list[Rows]) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LogisticRegression(max_iter=200).fit(np.vstack([part.x for part in parts]), np.concatenate([part.y for part in parts]))
