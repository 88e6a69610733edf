"""Every model that anybody could train on a stream, and what each would earn in every batch: found out once, for all policies alike."""

import warnings
from dataclasses import dataclass, field

import numpy as np
from sklearn.linear_model import LogisticRegression
from streams import Numbers, Rows, Stream

from pipeline.measures.campaign_value import Worth, gain, worth
from pipeline.workspace.value_settings import ValueSettings

_FOLDS = 3
DELAY = 1  # batches until outcomes are known
MODES = ("combined", "recent", "newest")
_BACK = {"combined": 3, "recent": 3, "newest": 1}  # newest batches with known outcomes that a model is trained on
VALUE = ValueSettings()

Key = tuple[int, str]  # of a model: the look after which it was trained, and how
FIRST: Key = (0, "reference")


@dataclass
class Models:
    """Batches are numbered from 1; look `n` comes after batch `n`, when the outcomes of all batches but the newest are known."""

    stream: Stream
    _fitted: dict[Key, LogisticRegression | None] = field(default_factory=dict)
    _scores: dict[tuple[Key, int], Numbers] = field(default_factory=dict)
    _fresh: dict[tuple[str, int], Numbers] = field(default_factory=dict)
    _gains: dict[tuple[str, Key, int], Worth] = field(default_factory=dict)

    def rows(self, batch: int) -> Rows:
        """One batch."""
        return self.stream.batches[batch - 1]

    def there(self, key: Key) -> bool:
        """Whether outcomes were known to train on."""
        return self._model(key) is not None

    def scores(self, key: Key, batch: int) -> Numbers:
        """What a model says of a batch."""
        if (key, batch) not in self._scores:
            model = self._model(key)
            assert model is not None
            self._scores[key, batch] = model.predict_proba(self.rows(batch).x)[:, 1]
        return self._scores[key, batch]

    def profit(self, key: Key, batch: int) -> float:
        """Points of the maximum that a campaign by a model earns."""
        return worth(self.rows(batch).y, self.scores(key, batch), VALUE).percent

    def gain(self, mode: str, over: Key, batch: int) -> Worth:
        """The same of a model that is new in this batch, over another one, with its standard error."""
        if (mode, over, batch) not in self._gains:
            y = self.rows(batch).y
            self._gains[mode, over, batch] = gain(y, self.fresh(mode, batch), self.scores(over, batch), VALUE)
        return self._gains[mode, over, batch]

    def fresh(self, mode: str, batch: int) -> Numbers:
        """What a model says of a batch that knows the batch itself and those before it: cross-fitted, as `diagnose` asks other models."""
        if (mode, batch) not in self._fresh:
            rows, found = self.rows(batch), np.empty(self.rows(batch).y.size)
            fold = np.arange(found.size) % _FOLDS
            for number in range(_FOLDS):
                others = Rows(rows.x[fold != number], rows.y[fold != number])
                found[fold == number] = _fit([*self._before(mode, batch), others]).predict_proba(rows.x[fold == number])[:, 1]
            self._fresh[mode, batch] = found
        return self._fresh[mode, batch]

    def keys(self) -> list[Key]:
        """All models, oldest first."""
        return [FIRST, *((look, mode) for look in range(1, len(self.stream.batches)) for mode in MODES if self.there((look, mode)))]

    def _model(self, key: Key) -> LogisticRegression | None:
        if key not in self._fitted:
            self._fitted[key] = self._fit(key)
        return self._fitted[key]

    def _fit(self, key: Key) -> LogisticRegression | None:
        if key == FIRST:
            return _fit([self.stream.reference])
        look, mode = key
        newest = look - DELAY
        return None if newest < 1 else _fit([*self._before(mode, newest), self.rows(newest)])

    def _before(self, mode: str, batch: int) -> list[Rows]:
        """What a model of this mode is trained on besides the batch."""
        known = [self.rows(each) for each in range(max(1, batch - _BACK[mode] + 1), batch)]
        return [self.stream.reference, *known] if mode == "combined" else known


def _fit(parts: list[Rows]) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LogisticRegression(max_iter=200).fit(np.vstack([part.x for part in parts]), np.concatenate([part.y for part in parts]))
