"""Who may use the prediction API: whoever sends a key, where the workspace names one; else everybody who reaches it."""

import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.workspace.serving_settings import ServingSettings

_SHORTEST = 16  # characters; `openssl rand -hex 32` makes 64


class ApiKeys:
    """The keys that open the API; without any it is open."""

    def __init__(self, keys: tuple[str, ...] = ()) -> None:
        self._keys = tuple(key.encode() for key in keys)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def admit(self, headers: Mapping[str, str]) -> bool:
        """Whether `Authorization: Bearer KEY` is among a request's headers. How long it takes tells nothing of a key."""
        kind, _, given = headers.get("authorization", "").partition(" ")
        # Every key is compared, and no comparison stops early.
        matches = [hmac.compare_digest(given.strip().encode(), key) for key in self._keys]
        return not self._keys or (any(matches) and kind.lower() == "bearer")


def read_api_keys(settings: "ServingSettings", root: Path, environ: Mapping[str, str]) -> ApiKeys:
    """The keys that the workspace's settings name: those of a variable, or of a file, one on each line.

    Args:
        settings: `[serving]`.
        root: the workspace's folder, from which the file's path counts.
        environ: the process's variables.

    Raises:
        SettingsError: the variable or the file holds no key, one that is too short to keep anybody out, or others may read the file.
    """
    if settings.api_key_variable:
        place, text = f"The variable {settings.api_key_variable}", environ.get(settings.api_key_variable, "")
    elif settings.api_key_file:
        file = root / settings.api_key_file
        place = str(file)
        try:
            if not file.is_file():
                raise FileNotFoundError(file)  # nor is anybody kept waiting at a pipe
            if file.stat().st_mode & 0o007:
                raise SettingsError(f"Everybody on this machine may read the API keys in {file}.", f"Run `chmod o= {file}`.")
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The API keys in {file} cannot be read ({type(error).__name__}).", "Correct `serving.api_key_file`."
            ) from error
    else:
        return ApiKeys()
    keys = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not keys:
        raise SettingsError(f"{place} holds no API key, and churnops.toml says that one is asked for.", "Make one: `openssl rand -hex 32`.")
    if any(len(key) < _SHORTEST for key in keys):
        raise SettingsError(f"{place} holds an API key of fewer than {_SHORTEST} characters.", "Make one: `openssl rand -hex 32`.")
    return ApiKeys(keys)
