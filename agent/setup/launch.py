"""How another program starts the very churnops that runs now: an installed script by its full path, a passing one through its launcher."""

import json
import shutil
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path


def launch(prefix: Path, executable: Path) -> tuple[str, ...]:
    """The words that start churnops again, from any folder and without a shell's PATH.

    Args:
        prefix: of the environment that runs (`sys.prefix`).
        executable: its Python.
    """
    home = (prefix, *prefix.parents)
    # uv marks its cache as one; an environment in there is gone after the next clean-up.
    if any((folder / "CACHEDIR.TAG").is_file() for folder in home) and (uvx := shutil.which("uvx")):
        return (uvx, "--from", _source(), "churnops")
    if any({folder.name, folder.parent.name} == {"pipx", ".cache"} for folder in home) and (pipx := shutil.which("pipx")):
        return (pipx, "run", "--spec", _source(), "churnops")
    script = executable.parent / ("churnops.exe" if sys.platform == "win32" else "churnops")
    return (str(script),) if script.is_file() else (str(executable), "-P", "-m", "churnops")


def _source() -> str:
    """Where the running churnops was installed from, as a launcher takes it: a name, or the address it came from."""
    try:
        told = json.loads(distribution("churnops").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        return "churnops"
    url = str(told.get("url", ""))
    if "vcs_info" in told:
        return f"{told['vcs_info']['vcs']}+{url}@{told['vcs_info']['commit_id']}"
    return url or "churnops"
