"""Writing `churnops.toml`: every key with its meaning in one line, and later edits that keep what a person wrote."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel, ValidationError
from tomlkit.items import InlineTable, Item

from pipeline.atomic_files import write_atomically
from pipeline.errors import SettingsError
from pipeline.workspace.access import WorkspaceSettings
from pipeline.workspace.data_settings import DataSettings
from pipeline.workspace.expectation_settings import ColumnExpectation
from pipeline.workspace.prediction_settings import PredictionSettings
from pipeline.workspace.settings import Settings

_HEAD = """# A churnops workspace. Every key can be set from outside, too: CHURNOPS_TRAINING__SEED=8 overrides seed under [training].
"""
_PASTED = """# Read, correct, and paste at the end of churnops.toml. What the rows do not tell goes under [expectations]:
# newest_within = "26h"       the newest row of the log is at most this old
# rows_per_day = [900, 1500]  fewest and most rows of a whole day (UTC)

"""
_POLICY = """
[policy]
# Overrides of the decision framework, by rule; `churnops triage` shows each in its report. For example:
# gate.min_roc_auc = 0.70  # the floor a candidate must reach
# drift.min_rows = 500     # fewer rows give no verdict
"""


def render_settings(data: DataSettings) -> str:
    """The text of a new `churnops.toml`: `data` as found, its owner's alone, everything else at its default."""
    defaults = {name: field.default for name, field in Settings.model_fields.items() if isinstance(field.default, BaseModel)}
    whole = f'database_url = ""  # {Settings.model_fields["database_url"].description}\n'
    sections = {"data": data, **defaults, "workspace": WorkspaceSettings(mode="private")}
    return _HEAD + whole + "".join(_section(name, values) for name, values in sections.items()) + _POLICY


def render_expectations(columns: Mapping[str, ColumnExpectation]) -> str:
    """The text of `columns` under [expectations], to be pasted at the end of a file that has that section, or has not."""
    declared = {
        name: one.model_dump(exclude_unset=True) | ({"values": list(one.values)} if one.values else {}) for name, one in columns.items()
    }
    return _PASTED + tomlkit.dumps({"expectations": {"columns": declared}})


def set_claude(file: Path, agreed: bool) -> None:
    """Write down whether aggregates may go to Claude; the rest of the file stays as it is.

    Raises:
        SettingsError: the file cannot be written.
    """
    document = tomlkit.parse(file.read_text(encoding="utf-8"))
    document.setdefault("operator", tomlkit.table())["claude"] = agreed
    try:
        write_atomically(file, tomlkit.dumps(document).encode())
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.", "Set `claude` under [operator] there by hand.") from error


def set_reference(file: Path, sha256: str) -> None:
    """Remember another sha256 of the reference; the rest of the file stays as it is.

    Raises:
        SettingsError: the file cannot be written.
    """
    document = tomlkit.parse(file.read_text(encoding="utf-8"))
    document["data"]["sha256"] = sha256
    try:
        write_atomically(file, tomlkit.dumps(document).encode())
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.", "Give your user write access to it.") from error


def set_predictions(
    file: Path, keys: Mapping[str, str], columns: Mapping[str, str], values: Mapping[str, Mapping[str, str]], *, from_outside: str = ""
) -> None:
    """Write `keys` of [predictions] and add to its `columns` and `values`; the rest of the file stays as it is, comments included.

    `from_outside`: a `url` that comes from the environment, without which the file would contradict itself.

    Raises:
        SettingsError: the file cannot be written, or what would stand there is no valid setting.
    """
    document = tomlkit.parse(file.read_text(encoding="utf-8"))
    section = document.setdefault("predictions", tomlkit.table())
    for key, value in keys.items():
        section[key] = value
    for name, feature in columns.items():
        _table(section, "columns")[name] = feature
    for feature, texts in values.items():
        for told, meant in texts.items():
            _table(_table(section, "values"), feature)[told] = meant
    text = tomlkit.dumps(document)
    try:
        written = tomllib.loads(text)
        predictions = PredictionSettings(**written["predictions"] | ({"url": from_outside} if from_outside else {}))
        Settings(**written | {"predictions": predictions})
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            f"The mapping cannot be written into {file}.", "Write it under [predictions] by hand; docs/your-log.md."
        ) from error
    try:
        write_atomically(file, text.encode())
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.", "Give your user write access to it.") from error


def _table(parent: Any, key: str) -> Any:
    return parent.setdefault(key, tomlkit.inline_table() if isinstance(parent, InlineTable) else tomlkit.table())


def _section(name: str, values: BaseModel) -> str:
    """One table: each key with its description behind it, unset keys commented out, then its sub-tables."""
    lines, tables = [f"\n[{name}]"], []
    for key, field in type(values).model_fields.items():
        value = getattr(values, key)
        if isinstance(value, BaseModel):
            tables.append(_section(f"{name}.{key}", value))
        elif value is None:
            lines.append(f"# {key} =  # {field.description}")
        elif isinstance(value, dict):
            tables.append(f"\n[{name}.{key}]  # {field.description}\n")
        elif isinstance(value, tuple):
            lines.append(f"{key} = [  # {field.description}")
            lines += [f"  {_toml(item)}," for item in value]
            lines.append("]")
        else:
            lines.append(f"{key} = {_toml(value)}  # {field.description}")
    return "\n".join(lines) + "\n" + "".join(tables)


def _toml(value: Any) -> str:
    item: Item = tomlkit.item(value)
    return item.as_string()
