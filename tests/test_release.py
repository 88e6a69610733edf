"""A release says the same version everywhere, its changelog is in order, and the workflows ask for what the Makefile has."""

import re
import tomllib
from datetime import date
from typing import Any

import pytest
import yaml

from tests.checkout import ROOT

VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_the_changelog_is_in_order_and_knows_no_version_ahead_of_ours() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first, *released = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert first == "[Unreleased]"
    found = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})", heading) for heading in released]
    assert all(found), released
    versions = [parts(one[1]) for one in found if one]
    dates = [date.fromisoformat(one[2]) for one in found if one]
    assert versions == sorted(set(versions), reverse=True) and dates == sorted(dates, reverse=True)
    assert all(version <= parts(VERSION) for version in versions)
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= KINDS


def test_the_version_stands_in_one_place_and_the_examples_follow_it() -> None:
    for path in (ROOT / "deploy").rglob("*.yaml"):
        for tag in re.findall(r"\bchurnops:(\d[\w.]*)", path.read_text(encoding="utf-8")):
            assert tag == VERSION, path.name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_do_no_more_than_it_says_and_asks_for_what_there_is(path: Any) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"} and workflow["concurrency"]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for job in workflow["jobs"].values():
        assert "uses" in job or job["timeout-minutes"] > 0
        for step in job.get("steps", ()):
            assert set(re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))) <= targets
            assert re.fullmatch(r"[\w./-]+@[\w./-]+", step.get("uses", "a@b"))


def test_every_python_that_we_say_is_supported_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    check = yaml.safe_load((ROOT / ".github" / "workflows" / "check.yml").read_text(encoding="utf-8"))
    tested = check["jobs"]["test"]["strategy"]["matrix"]["python"]
    said = [found[1] for name in project["classifiers"] if (found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", name))]
    assert said == tested
    assert project["requires-python"] == f">={tested[0]}"
