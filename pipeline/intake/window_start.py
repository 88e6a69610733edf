"""When a span of the prediction log begins: asked of the log itself, or of the ledger."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pipeline.clock import moment
from pipeline.errors import DataError
from pipeline.record.champion import Champion
from pipeline.record.ledger import Ledger
from pipeline.windows.spans import Last, NewestRows, Since, SinceDeploy, Span


def start_of(
    span: Span, newest: datetime, from_newest: Callable[[int], datetime | None], ledger: Ledger, champion: Champion, tick: timedelta
) -> datetime:
    """Moment after which the span's rows were scored.

    Args:
        span: what was asked for.
        newest: time of the newest prediction.
        from_newest: gives the time of the prediction at this place from the newest, which is 1; None where there are not so many.
        ledger: says when the champion was deployed.
        champion: the one that serves.
        tick: the shortest time between two predictions that their log resolves.

    Raises:
        DataError: nothing was scored since then.
    """
    match span:
        case Last(length):
            return newest - length
        case Since(start):
            after = start - tick  # the start itself counts
        case SinceDeploy():
            after = moment(ledger.entry(champion.ledger_seq).at)
        case NewestRows(rows):
            oldest = from_newest(rows)
            return oldest - tick if oldest else datetime(1970, 1, 1, tzinfo=UTC)
    if after >= newest:
        first = after + tick
        raise DataError(
            f"Nothing was scored since {first:%Y-%m-%d %H:%M} UTC; the newest prediction is of {newest:%Y-%m-%d %H:%M}.", "Go further back."
        )
    return after
