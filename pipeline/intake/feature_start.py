"""From when on the log has what the champion takes: a feature that the model before it did without was perhaps not sent until then."""

from datetime import datetime

from pipeline.clock import moment
from pipeline.errors import ChurnopsError, DataError
from pipeline.models.artifact import open_artifact
from pipeline.record.champion import Champion
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.tables.schema import Schema


def with_all_features(opened: Opened, champion: Champion, columns: Schema, since: datetime) -> datetime:
    """`since`, or, where it is later, the deploy or rollback from which on every champion has taken all the features of `columns`."""
    number = champion.ledger_seq
    while (before := opened.ledger.last(MOVES, before=number)) is not None:
        began = moment(opened.ledger.entry(number).at)
        if began <= since:
            break
        if before.body["digest"] != champion.digest and not _takes(opened, str(before.body["digest"]), columns):
            return began
        number = before.seq
    return since


def recent_start(opened: Opened, champion: Champion, columns: Schema, since: datetime, newest: datetime) -> datetime:
    """As `with_all_features`, for a window that ends with the `newest` prediction.

    Raises:
        DataError: nothing was scored from then on.
    """
    found = with_all_features(opened, champion, columns, since)
    if found > since and found >= newest:
        raise DataError(
            f"Nothing was scored since {found:%Y-%m-%d %H:%M} UTC, from when on the champion takes features that the model before it did without.",
            "Wait for new predictions, or choose older ones with `--since`.",
        )
    return found


def _takes(opened: Opened, digest: str, columns: Schema) -> bool:
    try:
        taken = open_artifact(opened.workspace, digest).manifest.columns.features
    except ChurnopsError:
        return True  # a model that is gone cannot say; the rows do
    return {*columns.features} <= {*taken}
