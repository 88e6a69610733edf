"""Which columns of a log are its id and its scoring time: those that the settings name, those of the training, or a time that can be no other."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

from pipeline.errors import DataError, Notice
from pipeline.intake.team_log import OwnLog
from pipeline.shown_text import plain
from pipeline.sources.relation import epoch_of
from pipeline.sources.source import ALL_ROWS
from pipeline.sources.source_opening import open_source
from pipeline.tables.schema import Schema
from pipeline.tables.similar_names import words_in

_TIMES = frozenset({"at", "date", "datetime", "day", "dt", "moment", "time", "timestamp", "ts"})
# Of the row's own scoring, and of nothing in the customer's life: `created_at` may be when the customer came.
_SCORING = frozenset({"as", "batch", "event", "inference", "logged", "observation", "observed", "of", "predicted", "prediction", "run"})
_SCORING |= {"score", "scored", "scoring", "snapshot"}


def with_roles(log: OwnLog, trained: Schema) -> OwnLog:
    """`log` with the features that were `trained` on, and with id and time as its rows have them: by the settings, else by the names in `trained`. Where neither is there, the one column
    of times that is named like a scoring time is taken, which is said; others that may be it are named.

    Raises:
        DataError: the log cannot be read.
    """
    bare = log.columns.model_copy(update={"numerical": (), "categorical": ()})
    with open_source(log.source, bare, ALL_ROWS) as relation:
        there = relation.columns
        id_ = log.columns.id if relation.id is not None or trained.id not in there else trained.id
        time = log.columns.time if relation.time is not None or trained.time not in there else trained.time
        typed = [name for name, column in there.items() if column.type in ("instant", "local time")]
        named = [name for name in there if named_as_scoring_time(name)]
    if time in there:
        return replace(log, columns=trained.model_copy(update={"id": id_, "time": time}))
    clear = [name for name in named if name not in log.columns.features and (name in typed or _all_times(log, bare, name))]
    if len(clear) == 1:
        (time,) = clear
        said = f"{log.name}: `{plain(time)}` is taken as the scoring time. Set `time` under [predictions] in churnops.toml to name another."
        warnings.warn(said, Notice, stacklevel=2)
    elif others := clear or [name for name in typed if name not in log.columns.features]:
        _name(log.name, others)
    return replace(log, columns=trained.model_copy(update={"id": id_, "time": time}))


def named_as_scoring_time(name: str) -> bool:
    """Whether a column's name speaks of a time, and of nothing but scoring."""
    words = {*words_in(name)}
    return bool(words & (_TIMES | {"scored"})) and words <= _TIMES | _SCORING


def _name(log: str, columns: Sequence[str]) -> None:
    listed = " or ".join(f"`{plain(name)}`" for name in columns)
    warnings.warn(
        f"{log} is read without a scoring time. If it is {listed}, name it as `time` under [predictions] in churnops.toml.",
        Notice,
        stacklevel=3,
    )


def _all_times(log: OwnLog, bare: Schema, name: str) -> bool:
    """Whether every cell of a column of texts or numbers is a time, and there are any."""
    try:
        with open_source(log.source, bare.model_copy(update={"time": name}), ALL_ROWS) as relation:
            assert relation.time is not None  # its name was among the columns
            moment = epoch_of(relation, relation.time)
            written, read = relation.one(f"select count({relation.time.name}), count({moment}) from {relation.table}")
            return bool(written) and written == read
    except DataError:
        return False  # it is read again without that time, and says what else is wrong with it
