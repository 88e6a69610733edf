"""An answer as a sentence and a table: HTML in a notebook, or a data frame."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import pandas as pd


class Table:
    """What is shown as a sentence and a table in a notebook, and can be had as a data frame."""

    _columns: ClassVar[tuple[str, ...]] = ()

    def _sentence(self) -> str:
        return ""

    def _rows(self) -> Sequence[object]:
        raise NotImplementedError

    def to_frame(self) -> "pd.DataFrame":
        """The rows of its table, every field of them a column."""
        import pandas as pd

        return pd.DataFrame([vars(row) for row in self._rows()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self._columns)
        body = "".join(f"<tr>{''.join(_cell(getattr(row, name)) for name in self._columns)}</tr>" for row in self._rows())
        return f"<p>{html.escape(self._sentence())}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    shown = f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
    return f"<td>{html.escape(shown)}</td>"
