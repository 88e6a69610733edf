"""Secrets have no place in `churnops.toml`."""

import re
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError
from pipeline.tables.remote_files import holds_secret, is_remote
from pipeline.workspace.database_url import holds_password


def refuse_secrets(file: Path, values: dict[str, Any]) -> None:
    """Bundles and copies carry the settings along, so a secret has no place in them.

    Raises:
        SettingsError: one stands in `values`, as they were read from `file`.
    """
    sections = {name: values[name] for name in ("data", "offers", "outcomes", "predictions") if isinstance(values.get(name), dict)}
    urls = {"database_url": values.get("database_url"), **{f"{name}.url": section.get("url") for name, section in sections.items()}}
    operator = values.get("operator")
    urls["operator.base_url"] = operator.get("base_url") if isinstance(operator, dict) else None
    hooks = values.get("hooks")
    if isinstance(hooks, dict) and re.search(r"secret=(?!\$\{)", str(hooks.get("after_approval"))):
        raise SettingsError(
            f"{file}: `hooks.after_approval` holds a secret.", "Write it as ${NAME}, and set the variable NAME or NAME_FILE."
        )
    for key, url in urls.items():
        if holds_password(url):
            variable = "CHURNOPS_" + key.replace(".url", "_url").replace(".", "__").upper()  # as `with_urls` reads them
            raise SettingsError(f"{file}: `{key}` holds a password.", f"Give it as {variable} and leave the key empty.")
    for name, section in sections.items():
        place = section.get("file")
        if isinstance(place, str) and is_remote(place) and holds_secret(place):
            raise SettingsError(
                f"{file}: `{name}.file` holds a password or a signature.", "Leave it out; credentials come from the environment."
            )
