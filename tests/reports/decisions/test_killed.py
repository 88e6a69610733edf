"""Killed ahead of any step onto the disk, a command has happened or not; asked again it happens once, and the ledger verifies.

`make test-slow` kills at the first step, near the last and at some between; `make soak` at every one."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete

from pipeline.record.champion import find_champion, open_champion, require_champion
from pipeline.record.mlflow_mirror import _client, champion_version
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.alerts import newest_alerts
from pipeline.state.watch_tables import leases
from pipeline.worlds.simulation import simulate
from prompts import policy_text
from reports.decisions.recovery import recover
from reports.decisions.verification import verify
from tests.checkout import ROOT
from tests.conftest import Clock
from tests.reports.waiting import LATER, approve_case, waiting_in

SAMPLED = 6  # steps of each command


@dataclass(frozen=True)
class Act:
    """A command, how its workspace is made ready, and whether it has happened."""

    arguments: Callable[[Opened], list[str]]
    happened: Callable[[Opened], bool]
    rows: dict[str, int]
    trainings: int


def waits(opened: Opened) -> bool:
    return [case.status for case in opened.cases.all()] == ["pending_approval"]


def ours(opened: Opened) -> str:
    return waiting_in(opened).ours


SAID = ["--reason", "I read it."]
ACTS = {
    "first training": Act(
        lambda _: ["train"], lambda opened: find_champion(opened.workspace, opened.ledger) is not None, {"deployed": 1}, 1
    ),
    "train, gate, report": Act(lambda _: ["train", "--estimator", "logistic_regression"], waits, {"reported": 1, "deployed": 0}, 1),
    "triage": Act(lambda _: ["triage", "--operator", "rulebook"], waits, {"reported": 1, "deployed": 0}, 1),
    "watch": Act(lambda _: ["watch", "--once", "--operator", "rulebook"], waits, {"reported": 1, "deployed": 0}, 1),
    "approve": Act(
        lambda opened: ["reports", "approve", ours(opened), *SAID],
        lambda opened: opened.cases.get(ours(opened)).status == "approved",
        {"approved": 1, "deployed": 1},
        0,
    ),
    "roll back": Act(
        lambda _: ["rollback", *SAID],
        lambda opened: opened.ledger.entries()[-1].kind == "rolled_back",
        {"rolled_back": 1, "deployed": 0},
        0,
    ),
}


@pytest.fixture(params=[pytest.param(act, marks=pytest.mark.soak) if act == "watch" else act for act in ACTS])
def act(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(act: str, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of a workspace in which the command is about to be given."""
    made = {
        "first training": "untrained_workspace",
        "train, gate, report": "champion_workspace",
        "triage": "champion_workspace",
        "watch": "champion_workspace",
    }
    name = made.get(act, "pending_workspace")
    root = tmp_path / "template"
    shutil.copytree(request.getfixturevalue(name), root)
    opened = open_workspace(root, policy_text(), Clock(LATER))
    if act == "first training":
        with _client(opened.workspace) as client:  # its migrations are MLflow's steps, and hundreds
            client.search_experiments()
    if act in {"triage", "watch"}:
        simulate(opened, "market_shift", 1_500, labelled_share=0.9, seed=3)
    if act == "roll back":
        approve_case(opened, ours(opened))
    opened.state.close()
    return root


class Commands:
    """Gives commands to `killed_at`."""

    def __init__(self, taught: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reports.killed_at", LATER.isoformat(), str(taught)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def give(self, root: Path, arguments: list[str], last: int) -> tuple[int, str, int]:
        """Exit code of the command killed ahead of step `last`, what it said, and how many steps it made where it was not killed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(
            json.dumps({"last": last, "arguments": [*arguments, *([] if arguments[0] == "watch" else ["--workspace"]), str(root)]}) + "\n"
        )
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["code"], answer["said"], answer["steps"]

    def end(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    given = Commands(tmp_path / "taught")
    yield given
    given.end()


@pytest.mark.parametrize("most", [pytest.param(SAMPLED, marks=pytest.mark.slow), pytest.param(None, marks=pytest.mark.soak)])
def test_killed_ahead_of_any_step_it_has_happened_or_not_and_happens_once(
    act: str, template: Path, tmp_path: Path, commands: Commands, most: int | None
) -> None:
    wanted = ACTS[act]
    whole = tmp_path / "whole"
    shutil.copytree(template, whole)
    before = _open(template)
    arguments, old, rows_before = wanted.arguments(before), _serving(before), Counter(row.kind for row in before.ledger.entries())
    before.state.close()
    code, said, _ = commands.give(whole, arguments, 0)
    assert code == 0, said
    # Counted a second time: the first training is made, later ones are copied from it.
    again = tmp_path / "again"
    shutil.copytree(template, again)
    _, _, steps = commands.give(again, arguments, 0)
    after = _open(whole)
    new, after_rows = _serving(after), Counter(row.kind for row in after.ledger.entries())
    after.state.close()
    outcomes: Counter[str] = Counter()
    for last in places(steps, most):
        root = tmp_path / f"killed-{last}"
        shutil.copytree(template, root)
        code, said, _ = commands.give(root, arguments, last)
        over = code == 0 and last > steps - 3  # a commit more or less is a matter of threads: it came to its end, and has happened
        assert over or code == -signal.SIGKILL, (last, said)
        opened = _open(root)
        assert _serving(opened) in {old, new}, last
        recover(opened)
        assert verify(opened).ok, (last, verify(opened).problems)
        happened = wanted.happened(opened)
        outcomes["new" if happened else "old"] += 1
        if act == "watch":  # whoever was killed holds its turn for a minute; the next watch comes whatever has happened
            with opened.state.write() as connection:
                connection.execute(delete(leases))
        if not happened or act == "watch":
            code, said, _ = commands.give(root, arguments, 0)
            assert code == 0, (last, said)
            assert wanted.happened(opened), last
        told = [alert.condition.kind for alert in newest_alerts(opened.state, 9, over=True)]
        assert told.count("challenger_waits") == (act == "watch"), (last, told)
        rows = Counter(row.kind for row in opened.ledger.entries())
        assert {kind: rows[kind] - rows_before[kind] for kind in wanted.rows} == wanted.rows, last
        assert rows["trained"] - rows_before["trained"] == wanted.trainings, last
        assert (rows, _serving(opened)) == (after_rows, new), last
        assert verify(opened).ok, (last, verify(opened).problems)
        assert champion_version(opened.workspace) == require_champion(opened.workspace, opened.ledger).version, last
        open_champion(opened)
        opened.state.close()
        shutil.rmtree(root)
    assert min(outcomes["old"], outcomes["new"]) > 0  # a step before the deed and one after it
    sys.stderr.write(f"\n{act}: {steps} steps, killed ahead of {outcomes.total()}: {dict(outcomes)}, 0 lost, 0 doubled\n")


def places(steps: int, most: int | None) -> list[int]:
    """Numbers of the steps to be killed ahead of: all, or the first, one that every run reaches near its end, and evenly between them."""
    if most is None or steps <= most:
        return list(range(1, steps + 1))
    return [1 + round(place * (steps - 3) / (most - 1)) for place in range(most)]


def _open(root: Path) -> Opened:
    return open_workspace(root, policy_text(), Clock(LATER))


def _serving(opened: Opened) -> str | None:
    """Digest of the champion. Another training of the same rows is another artifact, but the version counts up alike."""
    champion = find_champion(opened.workspace, opened.ledger)
    return champion.digest if champion else None
