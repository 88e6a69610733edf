"""Customers as JSON objects, as programs write them: one a line, or all in one array."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pandas as pd

from pipeline.canonical_json import RepeatedKey, json_once
from pipeline.errors import DataError
from pipeline.tables.delimited import require_unique
from pipeline.tables.text_file import TextFile, find_text


def read_json(path: Path, encoding: str) -> tuple[pd.DataFrame, str]:
    """The objects as rows (dtype object) with a column for each name that any of them has, and the encoding they are written in.

    An object within an object is flattened: `{"address": {"city": "Ulm"}}` has the column `address.city`.

    Raises:
        DataError: not text, no objects, deeper nesting, a list, or one name twice in an object.
    """
    text = find_text(path, encoding)
    rows = [_flat(value, f"{path.name}, {where}") for where, value in _values(text)]
    return pd.DataFrame(rows, dtype=object), text.encoding


def _values(text: TextFile) -> Iterator[tuple[str, object]]:
    """Each object, and for people the place it has in the file."""
    blank = 0  # lines at the start
    with text.open() as lines:
        for number, line in enumerate(lines, start=1):
            if line.lstrip().startswith("[") and number == 1 + blank:
                values = _parsed("\n" * blank + "".join(chain([line], lines)), text)
                assert isinstance(values, list)  # it begins as one
                yield from ((f"object {place}", value) for place, value in enumerate(values, start=1))
            elif line.strip():
                yield f"line {number}", _parsed(line, text, number)
            else:
                blank += 1


def _parsed(written: str, text: TextFile, line: int = 0) -> object:
    """`line`: its only line's number in the file; 0 where it is the whole file."""
    try:
        return json_once(written)
    except RepeatedKey as error:
        where = f"line {line}" if line else "an object"
        raise DataError(f"{text.path.name}, {where}: {error}.", "Write each key of an object once.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        found = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise DataError(
            f"{text.path.name}, line {line or found}: not JSON.",
            "Write one object a line, or one array of objects, and look for a torn file.",
        ) from error


def _flat(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise DataError(f"{where}: not a JSON object.", "Write one object a line, or one array of objects.")
    cells: list[tuple[str, object]] = []
    for name, cell in value.items():
        inner = cell.items() if isinstance(cell, dict) else None
        cells += [(name.strip(), cell)] if inner is None else [(f"{name.strip()}.{below.strip()}", one) for below, one in inner]
    nested = next((name for name, cell in cells if isinstance(cell, dict | list)), None)
    if nested is not None:
        raise DataError(f"{where}: `{nested}` holds a list or deeper objects.", "Flatten it to one value a customer, or leave it out.")
    flat = dict(cells)
    if len(flat) < len(cells):
        require_unique((name for name, _ in cells), where)
    return flat
