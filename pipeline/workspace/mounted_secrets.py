"""Secrets as containers get them: a variable that holds one, or a second variable that names the file it is mounted in."""

import os
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import SettingsError

_DATABASE_URL = "CHURNOPS_DATABASE_URL"


def secret(name: str, environment: Mapping[str, str]) -> str | None:
    """The variable `name`, or what the file holds that the variable `name`_FILE names; None where neither is set.

    Raises:
        SettingsError: the file cannot be read.
    """
    if name in environment:
        return environment[name]
    file = environment.get(f"{name}_FILE")
    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The file that {name}_FILE names cannot be read.", "Correct the variable, or the file's permissions."
        ) from error


def database_url() -> dict[str, str]:
    """`database_url` as the environment gives it, as a value of the settings; nothing where it gives none."""
    found = secret(_DATABASE_URL, os.environ)
    return {} if found is None else {"database_url": found}
