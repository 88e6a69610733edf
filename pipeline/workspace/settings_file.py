"""Writing `churnops.toml`: every key with its meaning in one line, and later edits that keep what a person wrote."""

from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel
from tomlkit.items import Item

from pipeline.atomic_files import write_atomically
from pipeline.errors import SettingsError
from pipeline.workspace.data_settings import DataSettings
from pipeline.workspace.settings import Settings

_HEAD = """# A churnops workspace. Every key can be set from outside, too: CHURNOPS_TRAINING__SEED=8 overrides seed under [training].
"""
_POLICY = """
[policy]
# Overrides of the decision framework, by rule; `churnops triage` shows each in its report. For example:
# gate.min_roc_auc = 0.70  # the floor a candidate must reach
# drift.min_rows = 500     # fewer rows give no verdict
"""


def render_settings(data: DataSettings) -> str:
    """The text of a new `churnops.toml`: `data` as found, everything else at its default."""
    defaults = {name: field.default for name, field in Settings.model_fields.items() if isinstance(field.default, BaseModel)}
    whole = f'database_url = ""  # {Settings.model_fields["database_url"].description}\n'
    return _HEAD + whole + "".join(_section(name, values) for name, values in {"data": data, **defaults}.items()) + _POLICY


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
