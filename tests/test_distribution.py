"""What is handed out: wheel and sdist are the same bytes whenever they are built, nothing is missing from them, and the docs know every extra."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

from tests.checkout import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def build(source: Path, place: Path, *targets: str) -> dict[str, bytes]:
    """The files that hatchling builds from `source`, by name."""
    kinds = [word for target in targets for word in ("-t", target)]
    command = [sys.executable, "-m", "hatchling", "build", *kinds, "-d", str(place)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    subprocess.run(command, cwd=source, env=environment, capture_output=True, check=True, timeout=120)
    return {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}


@pytest.mark.slow
def test_two_builds_are_the_same_bytes_and_so_is_the_wheel_of_the_sdist(tmp_path: Path) -> None:
    first = build(ROOT, tmp_path / "first", "wheel", "sdist")
    assert build(ROOT, tmp_path / "second", "wheel", "sdist") == first
    (packed,) = (tmp_path / "first").glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert {"LICENSE", "README.md", "SECURITY.md", "requirements.lock", "requirements-image.lock"} <= {
        path.name for path in source.iterdir()
    }
    wheel = f"churnops-{PROJECT['version']}-py3-none-any.whl"
    assert build(source, tmp_path / "third", "wheel") == {wheel: first[wheel]}


def test_the_guide_has_every_extra_once_with_its_weight() -> None:
    guide = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9]+)` \|.*\| (\d+) MB \| \d+ \|$", guide, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(PROJECT["optional-dependencies"])


def test_the_locks_agree() -> None:
    """What runs in the image was tested by the development lock."""

    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+(?:\[[\w,]+\])?==\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    def bare(pinned: set[str]) -> set[str]:
        return {re.sub(r"\[.*\]", "", pin) for pin in pinned}

    assert bare(pins("requirements-image.lock")) <= bare(pins("requirements.lock"))
