"""Customers in an Excel workbook."""

from datetime import time
from pathlib import Path

import pandas as pd

from pipeline.errors import DataError


def read_workbook(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The first visible sheet that holds anything, its first row as header (dtype object), and the names of further such sheets, of which
    none is read. Empty rows around the table do not count; whole numbers are without ".0", because Excel knows no other.

    Raises:
        DataError: the extra `excel` is not installed, or this is no workbook, or one with a password, or one without any cell.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum
    except ModuleNotFoundError as error:
        raise DataError(f"{path.name}: Excel files need python-calamine.", "Install it: pip install 'churnops[excel]'.") from error
    try:
        with CalamineWorkbook.from_path(path) as book:
            visible = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
            sheets = [(name, rows) for name in visible if (rows := book.get_sheet_by_name(name).to_python())]
    except PasswordError as error:
        raise DataError(f"{path.name} is protected by a password.", "Save it without one, or as CSV.") from error
    except CalamineError as error:
        raise DataError(f"{path.name} is not a readable Excel workbook.", "Save it again as .xlsx, or as CSV.") from error
    if not sheets:
        raise DataError(f"{path.name} is empty.", "Export it again.")
    (_, (header, *rows)), *others = sheets
    names = [str(_cell(name)).strip() or f"Unnamed: {place}" for place, name in enumerate(header)]
    filled = [row for row in ([_cell(cell) for cell in row] for row in rows) if any(cell != "" for cell in row)]
    return pd.DataFrame(filled, columns=names, dtype=object), tuple(name for name, _ in others)


def _cell(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.isoformat() if isinstance(value, time) else value
