"""Since when a part of a window's rows is broken, and where: told by equal spans of time and by the values of other columns."""

from typing import TYPE_CHECKING

from pipeline.stored_record import StoredRecord

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd  # records are read without them
    from numpy.typing import NDArray

_SPANS = 8  # equally long; finer ones hold too few rows to tell a share
_DAY = "%Y-%m-%d"


class Onset(StoredRecord):
    """`first` and `last`: days of the first and last bad row. `spans`: first day and share of bad rows, 0-1, of each of the equally long spans of
    time that have rows. `where`: the column and value that nearly all bad rows have and few others, None where there is none."""

    first: str
    last: str
    spans: tuple[tuple[str, float], ...]
    where: tuple[str, str] | None = None

    @property
    def bounded(self) -> bool:
        """Whether it began, or ended, within the window: the first or the last span has hardly any of it."""
        shares = [share for _, share in self.spans]
        return min(shares[0], shares[-1]) < max(shares) / 2


def onset(bad: "NDArray[np.bool_]", times: "pd.Series | None", where: tuple[str, str] | None) -> Onset | None:
    """When the rows that are `bad`, shape (rows,), came, by `times` (UTC) of all rows; None without times or bad rows."""
    import pandas as pd

    if times is None or not bad.any() or times.isna().all():
        return None
    known = times.notna().to_numpy()
    at, is_bad = times[known], bad[known]
    if not is_bad.any():
        return None
    span = pd.cut(at, _SPANS, labels=False) if at.min() < at.max() else pd.Series(0, index=at.index)
    counted = pd.DataFrame({"span": span.to_numpy(), "bad": is_bad, "at": at.to_numpy()}).groupby("span")
    spans = tuple((f"{part['at'].min():{_DAY}}", float(part["bad"].mean())) for _, part in counted)
    return Onset(first=f"{at[is_bad].min():{_DAY}}", last=f"{at[is_bad].max():{_DAY}}", spans=spans, where=where)
