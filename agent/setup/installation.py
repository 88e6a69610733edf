"""What the machine has of what churnops needs: packages, programs, keys; and whether something stands in the way of ours."""

import importlib.util
import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from agent.operators.claude import Provider, key_available
from pipeline.code_folder import CODE
from reports.decisions.workspace_health import Finding

OURS = ("agent", "churnops_client", "pipeline", "prompts", "reports", "tools")


def installation(provider: Provider, agreed: bool | None, *, signed: bool) -> tuple[Finding, ...]:
    """Python, packages, programs and keys. No key is shown, only whether there is one."""
    python = Finding(name="python", state="ok", said=f"Python {sys.version.split()[0]}.")
    return (python, *_packages(), *_shadows(), *_programs(signed=signed), _key(provider, agreed))


def _packages() -> list[Finding]:
    """Packages we name without condition, and which extras are here."""
    try:
        needed = _required("churnops", "")
    except PackageNotFoundError:
        return [Finding(name="churnops", state="note", said="churnops runs from a folder; it is not installed.")]
    found = []
    for requirement in needed:
        try:
            found.append(f"{requirement.name} {version(requirement.name)}")
        except PackageNotFoundError:
            return [Finding(name="packages", state="broken", said=f"{requirement.name} is not installed. Install churnops again.")]
    return [Finding(name="packages", state="ok", said=", ".join(found)), _extras()]


def _extras() -> Finding:
    """None is missed by itself: a workspace that needs one says so where it does."""
    extras = metadata("churnops").get_all("Provides-Extra") or ()
    missing = [extra for extra in extras if not all(_is_here(needed) for needed in _required("churnops", extra))]
    here = ", ".join(extra for extra in extras if extra not in missing) or "none"
    said = f"Installed: {here}."
    if missing:
        said += f" Not installed: {', '.join(missing)}; to add one: pip install 'churnops[{missing[0]}]' (docs/install.md)."
    return Finding(name="extras", state="note" if missing else "ok", said=said)


def _required(package: str, extra: str) -> list[Requirement]:
    """What a package asks for here; of an extra only what that adds.

    Raises:
        PackageNotFoundError: it is not installed.
    """
    asked = [Requirement(line) for line in requires(package) or ()]
    return [one for one in asked if _applies(one, extra) and not (extra and _applies(one, ""))]


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _is_here(needed: Requirement) -> bool:
    try:
        return version(needed.name) in needed.specifier and all(
            _is_here(further) for extra in needed.extras for further in _required(needed.name, extra)
        )
    except PackageNotFoundError:
        return False


def _shadows() -> list[Finding]:
    """Folders called like our packages, elsewhere on the path. The console script stands in front of them; other programs do not."""
    found = []
    for name in OURS:
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or not origin.is_relative_to(CODE):
            found.append(Finding(name="shadow", state="broken", said=f"`{name}` is imported from {origin}, not from {CODE}. Rename it."))
        others = [
            folder for folder in sys.path if folder and Path(folder).resolve() != CODE and (Path(folder) / name / "__init__.py").is_file()
        ]
        found += [
            Finding(name="shadow", state="note", said=f"{folder} has a package called `{name}`, too.") for folder in dict.fromkeys(others)
        ]
    return found


def _programs(*, signed: bool) -> list[Finding]:
    found = []
    for name, why in (("git", "names who decides"), ("ssh-keygen", "signs and checks approvals")):
        place = shutil.which(name)
        if place:
            found.append(Finding(name=name, state="ok", said=f"{place} {why}."))
        else:
            needed = signed and name == "ssh-keygen"
            found.append(Finding(name=name, state="broken" if needed else "note", said=f"{name}, which {why}, is not installed."))
    return found


def _key(provider: Provider, agreed: bool | None) -> Finding:
    present = key_available(os.environ, provider)
    consent = {True: "this workspace agreed to use it", False: "this workspace refused it", None: "this workspace was not asked yet"}[
        agreed
    ]
    said = f"A key for Claude ({provider}) is set" if present else f"No key for Claude ({provider}) is set; the rulebook works without"
    return Finding(name="claude", state="ok" if present and agreed else "note", said=f"{said}; {consent}.")
