"""The examples of deploy/ are what their readers take: they parse, they are complete, and the command in each is one that churnops takes."""

import ast
import configparser
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml

from agent.cli import app
from agent.watch.schedule import following
from pipeline.workspace.alert_settings import AlertSettings
from pipeline.workspace.watch_settings import WatchSettings
from tests.checkout import ROOT
from tests.conftest import NOON

WATCH = ROOT / "deploy" / "watch"
UNITS = ("churnops-check.service", "churnops-check.timer", "churnops-watch.service")


def text(name: str) -> str:
    return (WATCH / name).read_text(encoding="utf-8")


def loaded(name: str) -> Any:
    return yaml.safe_load(text(name))


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text(name))
    return parser


def in_crontab() -> list[str]:
    lines = [line for line in text("crontab").splitlines() if line and not line.startswith("#") and not re.match(r"\w+=", line)]
    return [line.split(None, 6)[6].partition(" >>")[0] for line in lines]


def in_airflow() -> list[str]:
    calls = [node for node in ast.walk(ast.parse(text("airflow_dag.py"))) if isinstance(node, ast.keyword) and node.arg == "bash_command"]
    return [ast.literal_eval(call.value) for call in calls]


def in_cronjob() -> list[str]:
    containers = loaded("cronjob.yaml")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return [shlex.join(container["command"]) for container in containers]


COMMANDS = {
    "crontab": in_crontab(),
    "cronjob.yaml": in_cronjob(),
    "airflow_dag.py": in_airflow(),
    "github-actions.yml": [step["run"] for step in loaded("github-actions.yml")["jobs"]["check"]["steps"]],
    **{name: [unit(name)["Service"]["ExecStart"]] for name in UNITS if name.endswith(".service")},
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_of_an_example_is_one_that_churnops_takes(name: str) -> None:
    assert COMMANDS[name]
    for command in COMMANDS[name]:
        program, *arguments = shlex.split(command)
        assert Path(program).name == "churnops"
        group: Any = typer.main.get_command(app)
        _, found, rest = group.resolve_command(click.Context(group), arguments)
        given = found.make_context("churnops", list(rest)).params  # raises on what it does not take
        assert given["once"] is (name != "churnops-watch.service")


def test_every_example_stands_in_the_guide() -> None:
    guide = (ROOT / "docs" / "watch.md").read_text(encoding="utf-8")
    assert [path.name for path in WATCH.iterdir() if f"deploy/watch/{path.name}" not in guide] == []


@pytest.mark.parametrize("name", ["crontab", "cronjob.yaml", "airflow_dag.py", "github-actions.yml"])
def test_the_schedule_of_an_example_is_one_that_cron_takes(name: str) -> None:
    (fields,) = set(re.findall(r"^\s*(?:- cron: |schedule: |schedule=)?\"?((?:[\d*/,-]+ ){4}[\d*/,-]+)", text(name), re.MULTILINE))
    assert following(WatchSettings(cron=fields), NOON) > NOON


def test_the_cron_job_is_what_kubernetes_asks_for() -> None:
    job = loaded("cronjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert job["spec"]["concurrencyPolicy"] == "Forbid" and pod["restartPolicy"] == "Never"
    assert pod["terminationGracePeriodSeconds"] > 10
    (container,) = pod["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert "latest" not in container["image"]


def test_the_workflow_has_what_github_asks_for() -> None:
    workflow = loaded("github-actions.yml")
    assert set(workflow) == {"name", True, "permissions", "concurrency", "jobs"}  # `on` is true in YAML 1.1
    assert workflow["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_has_what_systemd_asks_for(name: str) -> None:
    sections = set(unit(name).sections())
    assert sections >= ({"Unit", "Timer", "Install"} if name.endswith(".timer") else {"Unit", "Service"})
    if name.endswith(".service"):
        assert int(unit(name)["Service"]["TimeoutStopSec"]) > 10
    if shutil.which("systemd-analyze") and name.endswith(".timer"):
        when = unit(name)["Timer"]["OnCalendar"]
        subprocess.run(["systemd-analyze", "calendar", when], check=True, capture_output=True)


def test_the_settings_of_the_guide_are_valid() -> None:
    guide = (ROOT / "docs" / "watch.md").read_text(encoding="utf-8")
    watch, alerts = (tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", guide, re.DOTALL))
    assert following(WatchSettings(**watch["watch"]), NOON) > NOON
    assert len(AlertSettings(**alerts["alerts"]).routes) == 3


@pytest.mark.parametrize("name", [*(f"watch/{name}" for name in COMMANDS), "compose.yaml", "kubernetes.yaml", "aws/tasks.tf"])
def test_an_example_shows_where_the_url_of_a_log_in_a_database_goes(name: str) -> None:
    """Settings that name a table are refused without it, and no scheduler hands on the variable of a person's shell."""
    said = (ROOT / "deploy" / name).read_text(encoding="utf-8")
    assert re.search(r"# .*CHURNOPS_PREDICTIONS_URL", said)


def test_no_example_holds_a_secret() -> None:
    for path in WATCH.iterdir():
        assert not re.search(r"://[^\s/]+:[^\s/]+@|hooks\.slack|xox[bp]-", path.read_text(encoding="utf-8")), path.name
