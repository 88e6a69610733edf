"""What teams do without a diagnosis, and what somebody would do who knows the next month: each a champion that scores and is thought of again
once a month."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from company import SCHEMA, Company, Numbers
from company_base import Base, Record, ScoredMonth
from company_year import DECIDED_AFTER

from pipeline.drift.scores import score_profiles
from pipeline.models.artifact import Artifact
from pipeline.models.unfitted_model import build
from pipeline.profiles.counting import profile_reference, profile_window
from pipeline.sources.source import Frame

_QUARTER, _DRIFTED = 3, 0.5
_RECENT = 2  # months that a model of recent customers alone is trained on
_FEATURES = list(SCHEMA.features)
_COLUMNS = SCHEMA.model_copy(update={"id": None})


class Model(Protocol):
    """Scores rows as they were sent."""

    def __call__(self, rows: pd.DataFrame) -> Numbers: ...


@dataclass(frozen=True)
class Fitted:
    """A model of one's own, and the rows it was trained on."""

    model: Model
    trained_on: pd.DataFrame


def fitted(rows: pd.DataFrame) -> Fitted:
    """A forest of the family and size that the product trains, on rows with outcomes of 1 and 0."""
    model = build("random_forest", {}, 0, _COLUMNS).fit(rows[_FEATURES], rows[SCHEMA.target].astype("int8"))
    return Fitted(lambda frame: np.asarray(model.predict_proba(frame[_FEATURES])[:, 1]), rows)


class Strategy:
    """Never retrains; others override `next`. `reference`: what the first champion was trained on."""

    def __init__(self, company: Company, champion: Artifact) -> None:
        self.base, self.record = Base(company), Record(company)
        self.reference = champion.reference()[[*_FEATURES, SCHEMA.target]]
        self.now = Fitted(champion.scores, self.reference)

    def live(self, month: int) -> bool:
        """Score, campaign, and decide; whether another model serves from now on."""
        rows, sent = self.base.rows(month)
        done = self.base.live(month, rows, sent, self.now.model(sent))
        self.record.note(done)
        successor = self.next(done)
        if successor is not None:
            self.now = successor
        return successor is not None

    def next(self, month: ScoredMonth) -> Fitted | None:
        """The model that follows; None: the same."""
        return None

    def retrained(self, month: ScoredMonth) -> Fitted | None:
        """On the reference and all outcomes that are on record, as they are; None while there are none."""
        known = self.record.labelled(self.base.months, month.at + DECIDED_AFTER)
        return fitted(pd.concat([self.reference, known], ignore_index=True)) if len(known) else None


class Quarterly(Strategy):
    """Retrains at the end of every quarter."""

    def next(self, month: ScoredMonth) -> Fitted | None:
        return self.retrained(month) if month.month and month.month % _QUARTER == 0 else None


class DriftShare(Strategy):
    """Retrains where more than half of the features drifted, by Evidently's distances and thresholds."""

    def next(self, month: ScoredMonth) -> Fitted | None:
        before = profile_reference(Frame(self.now.trained_on), _COLUMNS)
        scores = score_profiles(before, profile_window(Frame(month.sent[_FEATURES]), _COLUMNS, before))
        drifted = sum(name not in scores or scores[name].drifted for name in _FEATURES)
        return self.retrained(month) if drifted > _DRIFTED * len(_FEATURES) else None


class Oracle(Strategy):
    """Each month the best of keeping, retraining on recent rows, and on all, by what next month's campaign would truly bring; with outcomes as they
    would have been without campaigns, of rows as they are. (To recalibrate changes no ranking, so that it is as good as keeping.)"""

    def next(self, month: ScoredMonth) -> Fitted | None:
        due = [one for one in self.base.months if one.month <= month.month - 2]
        if not due:
            return None
        parts = [one.rows[_FEATURES].assign(**{SCHEMA.target: one.fate.would_leave.astype("int8")}) for one in due]
        ways = [pd.concat(parts[-_RECENT:], ignore_index=True), pd.concat([self.reference, *parts], ignore_index=True)]
        rows, _ = self.base.rows(month.month + 1)
        found = [self.now, *map(fitted, ways)]
        worth = [self.base.coming(one.model(rows), month.month) for one in found]
        best = int(np.argmax(worth))
        return found[best] if best else None


BASELINES: Mapping[str, type[Strategy]] = {"never": Strategy, "every quarter": Quarterly, "drift share": DriftShare, "oracle": Oracle}
