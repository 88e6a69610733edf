"""The official conformance suite and Inspector, run as anybody would: `make conformance` puts them into `.node`."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checkout import ROOT

NODE = ROOT / ".node" / "node_modules"
SUITE = NODE / "@modelcontextprotocol" / "conformance"
HERE = Path(__file__).parent


def require_node() -> None:
    """Skip, with the reason, where the suite is not installed."""
    if not (NODE / ".bin" / "conformance").exists():
        pytest.skip("the conformance suite is not here: `make conformance` installs it, and needs npm")


def scored(revision: str) -> set[str]:
    """The server scenarios that the revision's requirement set scores."""
    text = (SUITE / "requirements" / f"{revision}.yaml").read_text(encoding="utf-8")
    section = re.search(r"^server:\n((?:[ #].*\n|\n)+)", text, re.MULTILINE)
    assert section
    return set(re.findall(r"^  - ([\w-]+)", section[1], re.MULTILINE))


def say(line: str) -> None:
    """A line that `make conformance` shows."""
    sys.stdout.write(f"{line}\n")


@dataclass(frozen=True)
class Verdict:
    """How the suite ended, and the scored scenarios that passed whole."""

    exit_code: int
    passed: set[str]
    said: str


def run_suite(address: str, secret: str, revision: str, folder: Path, baseline: Path | None = None) -> Verdict:
    """Every scenario of one requirement set against the server at `address`; `baseline` lists those that are expected to fail."""
    expected = [] if baseline is None else ["--expected-failures", str(baseline)]
    given = {
        "NODE_OPTIONS": f"--import {HERE / 'with_token.mjs'}",
        "MCP_TOKEN": secret,
        "MCP_CONFORMANCE": str(SUITE / "dist" / "index.js"),
    }
    ran = _node(
        [NODE / ".bin" / "conformance", "server", "--url", address, "--requirements", revision, "-o", str(folder), *expected], **given
    )
    wanted = scored(revision)
    marks = re.findall(r"^([✓✗]) ([\w-]+): \d+ passed, (\d+) failed", ran.stdout, re.MULTILINE)
    passed = {name for mark, name, failed in marks if mark == "✓" and failed == "0"} & wanted
    return Verdict(ran.returncode, passed, ran.stdout + ran.stderr)


def inspect(target: list[str], *asked: str) -> tuple[int, object]:
    """The Inspector's exit code (0 ok, 5 the tool said no, 1 a broken protocol) and the object it printed."""
    ran = _node([NODE / ".bin" / "mcp-inspector", "--cli", *target, *asked, "--format", "json"])
    try:
        return ran.returncode, json.loads(ran.stdout)
    except json.JSONDecodeError:
        return ran.returncode, ran.stdout + ran.stderr


def _node(command: list[str | Path], **given: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{NODE / '.bin'}{os.pathsep}{os.environ['PATH']}", **given}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240, check=False)
