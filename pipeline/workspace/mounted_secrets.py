"""Secrets as containers get them: a variable that holds one, or a second variable that names where it lies, a file or a parameter of AWS."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError
from pipeline.workspace.parameter_store import SCHEME, parameter

_OWN_TABLES = ("predictions", "outcomes", "offers")  # sections that may name a table of the team's


def secret(name: str, environment: Mapping[str, str]) -> str | None:
    """The variable `name`, or what the file or the parameter (ssm:/PATH) holds that the variable `name`_FILE names; None where neither is set.

    Raises:
        SettingsError: it cannot be read.
    """
    if name in environment:
        return environment[name]
    file = environment.get(f"{name}_FILE")
    if file is None:
        return None
    if file.startswith(SCHEME):
        return parameter(file.removeprefix(SCHEME))
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The file that {name}_FILE names cannot be read.", "Correct the variable, or the file's permissions."
        ) from error


def with_urls(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of churnops.toml with the URLs of databases that the environment gives, itself or by files.

    Raises:
        SettingsError: a file or a parameter cannot be read.
    """
    found = dict(values)
    if (state := secret("CHURNOPS_DATABASE_URL", os.environ)) is not None:
        found["database_url"] = state
    for section in _OWN_TABLES:
        url, set_there = secret(f"CHURNOPS_{section.upper()}_URL", os.environ), found.get(section, {})
        if url is not None and isinstance(set_there, Mapping):
            found[section] = {**set_there, "url": url}
    return found
