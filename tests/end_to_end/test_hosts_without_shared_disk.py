"""Two hosts with nothing in common but PostgreSQL and an object store: one trains and decides, the other looks and serves, both answer alike."""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.clock import utc_now
from pipeline.record.opened_workspace import Opened, open_workspace
from prompts import policy_text
from tests.end_to_end.command_line import CommandLine, Said
from tests.end_to_end.http_load import Load, versions
from tests.end_to_end.test_serve import Server, served
from tests.pipeline.serving.swaps import another_model, deploy
from tests.postgres import postgres_server
from tests.reports.decisions.test_approval_terminal import at_a_terminal
from tests.reports.web.test_prediction_api import customer
from tests.s3 import S3Store, s3_store

_HANDED_OVER = ("churnops.toml", "customers.csv")  # as version control and a team's own storage would


@dataclass(frozen=True)
class Hosts:
    """The command line, and the folders of the two."""

    churnops: CommandLine
    one: Path
    other: Path

    def on(self, host: Path, *command: str) -> Said:
        said = self.churnops(*command, "-w", str(host))
        assert said.code in (0, 20), said.err
        return said

    def opened(self, host: Path) -> Opened:
        return open_workspace(host, policy_text(), utc_now)


@pytest.fixture(scope="module")
def store() -> Iterator[S3Store]:
    with s3_store() as found:
        yield found


@pytest.fixture
def hosts(churnops: CommandLine, champion_workspace: Path, store: S3Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    """The first has trained a champion and moved to where both reach; the second has settings and reference alone."""
    store.reach(monkeypatch)
    two = Hosts(churnops, churnops.folder / "one", churnops.folder / "other")
    with postgres_server() as url:
        shutil.copytree(champion_workspace, two.one)
        two.on(two.one, "move", "--to", url, "--artifacts", "s3://churn/team")
        monkeypatch.setenv("CHURNOPS_DATABASE_URL", url)
        monkeypatch.setenv("CHURNOPS_ARTIFACT_URL", "s3://churn/team")
        two.other.mkdir()
        for name in _HANDED_OVER:
            shutil.copy(two.one / name, two.other / name)
        yield two


@pytest.mark.slow
def test_what_one_host_trains_another_triages_and_a_third_command_approves(hosts: Hosts) -> None:
    one, other = hosts.one, hosts.other
    joined = hosts.on(other, "status", "--json")
    assert (joined.json["champion"]["version"], "joins the workspace" in joined.err) == ("1", True)
    hosts.on(one, "simulate", "--scenario", "market_shift", "--rows", "2000")
    case = hosts.on(other, "triage", "--operator", "rulebook", "--json").json
    assert (case["status"], case["challenger"]["version"]) == ("pending_approval", "2")
    assert case["report"]["path"].startswith(str(other))
    # The report, and all that the ledger vouches for, are read where they were not written.
    shown = hosts.on(one, "reports", "show", case["case_id"], "--json").json
    assert (shown["intact"], case["case_id"] in shown["markdown"]) == (True, True)
    assert hosts.on(one, "triage", "--operator", "rulebook", "--json").json["report"]["path"].startswith(str(one))
    with served(hosts.opened(one)) as here, served(hosts.opened(other)) as there:
        assert answered(here, there, hosts.opened(one)) == ["1", "1"]
        approve = [
            sys.executable,
            "-m",
            "churnops",
            "reports",
            "approve",
            case["case_id"],
            "-w",
            str(one),
            "--reason",
            "Right.",
            "--reviewer",
        ]
        assert at_a_terminal([*approve, "Ada"], {"to confirm": "deploy 2"}).code == 0
        assert answered(here, there, hosts.opened(one)) == ["2", "2"]
    for host in (one, other):
        assert hosts.on(host, "reports", "verify", "--json").json["ok"]
        looked = {finding["name"]: finding["state"] for finding in hosts.churnops("doctor", "--json", "-w", str(host)).json["findings"]}
        assert (looked["object store"], looked["ledger"], looked["champion"]) == ("ok", "ok", "ok")
    hosts.on(other, "backup", str(hosts.churnops.folder / "b.tgz"))


@pytest.mark.parametrize("deploys", [pytest.param(10, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.soak)])
def test_no_answer_that_began_after_a_deploy_was_acknowledged_is_the_old_champions(hosts: Hosts, deploys: int) -> None:
    one, other = hosts.opened(hosts.one), hosts.opened(hosts.other)
    first = json.loads((hosts.one / ".churnops" / "champion").read_bytes())["digest"]
    models = {"1": first, "2": another_model(one, 1), "3": another_model(one, 2)}
    moved: list[tuple[float, str]] = []

    def swap() -> None:
        load.answered(10)
        for number in range(deploys):
            version = str(1 + (number + 1) % 3)
            deploy(one, models[version], version)
            moved.append((time.monotonic(), version))
            load.answered(len(load.answers) + 12)

    with served(other, "--workers", "2") as server:
        load = Load(server.port, customer(one))
        load.run(8, then=swap)
    assert (load.cut, {answer.status for answer in load.answers}) == ([], {200})
    stale = 0
    for answer, version in zip(load.answers, versions(load.answers), strict=True):
        acknowledged = [deployed for at, deployed in moved if at <= answer.asked_at][-1:] or ["1"]
        meanwhile = [deployed for at, deployed in moved if answer.asked_at < at <= answer.asked_at + answer.seconds + 1]
        stale += version not in {*acknowledged, *meanwhile}
    assert stale == 0
    assert set(versions(load.answers)) == {"1", "2", "3"}


def answered(here: Server, there: Server, opened: Opened) -> list[object]:
    loads = [Load(server.port, customer(opened)) for server in (here, there)]
    for load in loads:
        load.run(1, then=lambda load=load: load.answered(1))  # type: ignore[misc]
    return [versions(load.answers)[-1] for load in loads]
