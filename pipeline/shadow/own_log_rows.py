"""Rows of a log that the team keeps, for models that do not serve: what is new in it, a bounded sample, scored by the champion once more."""

from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.intake.scoring_time import with_roles
from pipeline.intake.team_log import TICK, OwnLog, own_log
from pipeline.models.artifact import Artifact
from pipeline.profiles.counting import count_rows
from pipeline.profiles.profile import spelling_of
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.exclusions import excluded
from pipeline.shown_text import plain
from pipeline.sources.sampling import draw_sample
from pipeline.sources.source import ALL_ROWS, Restriction
from pipeline.sources.source_opening import open_source
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

_SEED = 7


def shadow_log(opened: Opened) -> OwnLog | None:
    """The log that the team keeps, with id and scoring time as its rows have them; None where churnops keeps the log.

    Raises:
        DataError: it cannot be read.
    """
    own = own_log(opened)
    return None if own is None else with_roles(own, opened.settings.data.columns)


def why_not(log: OwnLog, features: Schema) -> str | None:
    """Why nobody can score the log's rows in the shadow, as the log is; None where it can be done.

    Raises:
        DataError: as `shadow_log`.
    """
    with open_source(log.source, log.columns, ALL_ROWS) as relation:
        lacking = [name for name in features.features if name not in relation.columns]
        told = {"id": relation.id, "scoring time": relation.time}
    absent = next((what for what, column in told.items() if column is None), None)
    if absent is not None:
        key = "id" if absent == "id" else "time"
        return f"Nobody scores in the shadow: {log.name} has no {absent}. Name its column as `{key}` under [predictions]."
    if lacking:
        named = ", ".join(f"`{plain(name, 60)}`" for name in lacking[:3])
        return f"Nobody scores in the shadow: {log.name} lacks {named}. Map its column under [predictions.columns], or log the features."
    return None


def own_log_rows(opened: Opened, log: OwnLog, model: Artifact, champion: Artifact, since: datetime, until: datetime) -> "pd.DataFrame":
    """About `[watch] shadow_rows` rows of `since < time <= until`, all of them where they are no more: `_id`, `_time`, the features of `model`, and
    as `_score` what the champion says of them. The score that the log may have is nobody's word here: which model gave it is not known.

    Raises:
        DataError: as `shadow_log`.
    """
    most, id_, time = opened.settings.watch.shadow_rows, log.columns.id, log.columns.time
    columns = model.manifest.columns.model_copy(update={"id": id_, "time": time})
    # No engine tells apart what is nearer than a tick: the newest rows of the last look are not taken again.
    meant = Restriction(since=since + TICK, until=until, left_out=excluded(opened.state))
    rows = count_rows(log.source, columns, meant)
    sample = draw_sample(log.source, columns, meant, spelling_of(model.profile()), rows, most, _SEED)
    assert sample.ids is not None and sample.times is not None  # `why_not` was asked
    found = sample.features.assign(_id=sample.ids, _time=sample.times).dropna(subset=["_id", "_time"])
    found = found.drop_duplicates(["_id", "_time"]).sort_values("_time", kind="stable", ignore_index=True)
    return found.assign(_score=champion.scores(found) if len(found) else [])
