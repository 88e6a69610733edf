"""What can be seen when a batch has ended: its rows without outcomes, and the outcomes that are known by then."""

from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from pipeline.models.artifact import Artifact
from pipeline.profiles.counting import profile_with_customers
from pipeline.replay.dated_table import Batch, DatedTable, Pace
from pipeline.sources.source import Frame, Restriction
from pipeline.tables.schema import Schema
from pipeline.windows.baseline import baseline_of
from pipeline.windows.spans import MICROSECOND
from pipeline.windows.window import Labelled, Roster, Window
from pipeline.workspace.policy import Policy, TrainingRules


@dataclass(frozen=True)
class Look:
    """One look, when batch `number` has ended (`now`).

    `recent`: the batch, no outcome known. `window`: the batch with the newest rows whose outcome is known: those of one batch's
    length, or as many more as a training needs, none of which the champion was trained on. `matured`: all rows with a known outcome that it was not trained on,
    in the order of time; `known_until`: the time of the newest row that may have one.
    """

    number: int
    now: datetime
    champion: Artifact
    recent: Window
    window: Window
    matured: pd.DataFrame
    known_until: datetime

    def can_train(self, rules: TrainingRules) -> bool:
        """Whether the policy allows a training on the window's outcomes."""
        return enough_to_train(self.window.labelled.churned, rules)


def see(table: DatedTable, batch: Batch, pace: Pace, champion: Artifact, trained_until: datetime | None, policy: Policy) -> Look:
    """The look at a batch beside this champion, which was trained on the table's outcomes up to `trained_until`; None: on the reference alone."""
    columns, known_until = table.columns, batch.until - pace.label_delay
    times = table.later[str(columns.time)]
    matured = table.later[(times <= known_until) & ((times > trained_until) if trained_until else True)]
    known = _newest(matured, known_until, columns, pace, policy.training)
    wider = None
    if not known.empty and (first := known[str(columns.time)].iloc[0].to_pydatetime()) < batch.since:
        wider = Restriction(since=first - MICROSECOND, until=known_until)
    seen = Frame(table.later.loc[times < batch.until, _given(columns)])
    return Look(
        number=batch.number,
        now=batch.until,
        champion=champion,
        recent=_window(table, seen, champion, batch.since, batch.until, known.head(0)),
        window=replace(_window(table, seen, champion, batch.since, batch.until, known), wider=wider),
        matured=matured,
        known_until=known_until,
    )


def enough_to_train(outcomes: pd.Series, rules: TrainingRules) -> bool:
    """Whether the policy allows a training on these known outcomes (1 or 0)."""
    churners = int(outcomes.sum())
    return len(outcomes) >= rules.min_labelled_rows and min(churners, len(outcomes) - churners) >= rules.min_labelled_churners


def _newest(matured: pd.DataFrame, until: datetime, columns: Schema, pace: Pace, rules: TrainingRules) -> pd.DataFrame:
    """The newest of the matured rows, whole lengths of a batch back until they are enough to train on."""
    times, since = matured[str(columns.time)], until
    while True:
        since -= pace.batch
        found = matured[times > since]
        if len(found) == len(matured) or enough_to_train(found[columns.target], rules):
            return found


def _given(columns: Schema) -> list[str]:
    """The columns of a log of predictions: all but the outcome."""
    return [name for name in (columns.id, columns.time, *columns.features) if name is not None]


def _window(table: DatedTable, seen: Frame, champion: Artifact, since: datetime, until: datetime, known: pd.DataFrame) -> Window:
    columns = table.columns
    restriction = Restriction(since=since - MICROSECOND, until=until - MICROSECOND)
    profile, scored = profile_with_customers(seen, columns, baseline_of(champion).profile, restriction)
    rows = known.reset_index(drop=True)
    labelled = Labelled(
        features=rows[list(columns.features)],
        churned=rows[columns.target].astype("int64"),
        ids=None if columns.id is None else rows[columns.id],
        times=rows[str(columns.time)],
    )
    return Window(
        name=f"the batch from {since:%Y-%m-%d}",
        source=seen,
        columns=columns,
        restriction=restriction,
        profile=profile,
        known=None if rows.empty else labelled,
        scored=scored,
        roster=None if columns.id is None else Roster(Frame(table.reference[_given(columns)]), columns),
    )
