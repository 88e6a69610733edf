"""`churnops reports approve` asks a person at a terminal to type what will happen; anything else deploys nothing.

One run of each kind is a process at a real pseudo-terminal; the others only say that they are at one, and run here."""

import io
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pytest

from pipeline.record.champion import require_champion
from tests.checkout import ROOT
from tests.end_to_end.command_line import CommandLine
from tests.reports.waiting import LATER, Waiting, snapshot

CHURNOPS = [sys.executable, "-m", "tests.reports.churnops_at", LATER.isoformat()]
PATIENCE_SECONDS = 60
NO_TERMINAL = "churnops: Approval needs a person at a terminal; there is none here. Run the command yourself, without pipes."


@dataclass(frozen=True)
class Ended:
    """How a command ended, and all that its terminal showed."""

    code: int
    shown: str


def at_a_terminal(command: list[str], answers: dict[str, str], more: Mapping[str, str] = MappingProxyType({})) -> Ended:
    """Run `command` on a pseudo-terminal; whenever it shows one of `answers`' keys, its value is typed, once."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": "200", "NO_COLOR": "1", **more}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT, start_new_session=True)
    os.close(theirs)
    shown, left, deadline = "", dict(answers), time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.1)[0]:
                if process.poll() is not None:
                    break
                continue
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
            shown += chunk.decode(errors="replace")
            for asked in [asked for asked in left if asked in shown]:
                os.write(ours, f"{left.pop(asked)}\n".encode())
        return Ended(process.wait(10), shown)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


class Typed(io.StringIO):
    """A standard input on which `text` was typed."""

    def __init__(self, text: str, *, terminal: bool) -> None:
        super().__init__(text)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def typing(monkeypatch: pytest.MonkeyPatch, text: str, *, stdin: bool = True, stdout: bool = True) -> None:
    """The next command of this process reads `text`; which of the two streams are a terminal."""
    monkeypatch.setattr(sys, "stdin", Typed(f"{text}\n", terminal=stdin))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: stdout)


def command(waiting: Waiting, verb: str = "approve", *options: str) -> list[str]:
    """`churnops reports VERB` on the triaged case."""
    return [*CHURNOPS, "reports", verb, waiting.ours, "--workspace", str(waiting.opened.workspace.root), *options]


def version(waiting: Waiting) -> str:
    """The challenger's."""
    assert waiting.case.challenger is not None
    return waiting.case.challenger.version


def test_typing_what_will_happen_deploys_it(waiting: Waiting) -> None:
    challenger = waiting.case.challenger
    assert challenger is not None
    ended = at_a_terminal(
        command(waiting, "approve", "--reason", "Looks right.", "--reviewer", "Ada"), {"to confirm": f"deploy {challenger.version}"}
    )
    assert ended.code == 0, ended.shown
    assert f"Deployed version {challenger.version}" in ended.shown
    for fact in (
        challenger.digest[:12],
        waiting.case.champion.digest[:12],
        f"{challenger.metrics.roc_auc.value:.3f}",
        "Ada",
        "Looks right.",
    ):
        assert fact in ended.shown
    assert require_champion(waiting.opened.workspace, waiting.opened.ledger).digest == challenger.digest
    decision = waiting.case.decision
    assert decision is not None
    assert (decision.reviewer, decision.reason) == ("Ada", "Looks right.")


@pytest.mark.parametrize("typed", ["", "yes", "2", "deploy", "DEPLOY 2", "deploy 22", "deploy  2"])
def test_any_other_words_deploy_nothing(waiting: Waiting, churnops: CommandLine, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    assert version(waiting) == "2"
    before = snapshot(waiting)
    typing(monkeypatch, typed)
    ended = churnops("reports", "approve", waiting.ours, "--reason", "r")
    assert (ended.code, ended.err.strip()) == (1, "churnops: Not confirmed; nothing was deployed.")
    assert snapshot(waiting) == before


@pytest.mark.slow
def test_nor_do_they_at_a_real_terminal(waiting: Waiting) -> None:
    before = snapshot(waiting)
    ended = at_a_terminal(command(waiting, "approve", "--reason", "r"), {"to confirm": "deploy 22"})
    assert ended.code == 1
    assert "Not confirmed; nothing was deployed." in ended.shown
    assert snapshot(waiting) == before


@pytest.mark.slow
def test_without_a_reason_a_terminal_is_asked_for_one(waiting: Waiting) -> None:
    ended = at_a_terminal(command(waiting), {"Reason": "I read it.", "to confirm": f"deploy {version(waiting)}"})
    assert ended.code == 0, ended.shown
    assert waiting.case.decision is not None
    assert waiting.case.decision.reason == "I read it."


@pytest.mark.parametrize(("stdin", "stdout"), [(False, True), (True, False), (False, False)])
def test_without_a_terminal_it_refuses_whatever_is_piped_in(
    waiting: Waiting, churnops: CommandLine, monkeypatch: pytest.MonkeyPatch, stdin: bool, stdout: bool
) -> None:
    before = snapshot(waiting)
    typing(monkeypatch, f"deploy {version(waiting)}", stdin=stdin, stdout=stdout)
    ended = churnops("reports", "approve", waiting.ours, "--reason", "r")
    assert (ended.code, ended.err.strip()) == (1, NO_TERMINAL)
    assert snapshot(waiting) == before


@pytest.mark.parametrize("missing", [pytest.param("stdin", marks=pytest.mark.slow), pytest.param("stdout", marks=pytest.mark.slow), "both"])
def test_a_process_without_a_terminal_refuses_too(waiting: Waiting, missing: str) -> None:
    before = snapshot(waiting)
    ours, theirs = pty.openpty()
    try:
        ended = subprocess.run(
            command(waiting, "approve", "--reason", "r"),
            **({"input": f"deploy {version(waiting)}\n"} if missing != "stdout" else {"stdin": theirs}),
            stdout=theirs if missing == "stdin" else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            timeout=PATIENCE_SECONDS,
        )
    finally:
        os.close(theirs)
        os.close(ours)
    assert (ended.returncode, ended.stderr.strip()) == (1, NO_TERMINAL)
    assert snapshot(waiting) == before


def test_no_option_answers_in_a_persons_stead(waiting: Waiting, churnops: CommandLine) -> None:
    before = snapshot(waiting)
    for option in ("--yes", "-y", "--force", "--confirm", "--no-input"):
        assert churnops("reports", "approve", waiting.ours, "--reason", "r", option).code == 2, option
    assert snapshot(waiting) == before


def test_a_tampered_report_is_refused_before_anything_is_asked(
    waiting: Waiting, churnops: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with waiting.report.open("a") as stream:
        stream.write("\n")
    before = snapshot(waiting)
    typing(monkeypatch, f"deploy {version(waiting)}")
    ended = churnops("reports", "approve", waiting.ours, "--reason", "r")
    assert ended.code == 1
    assert "was changed after it was written" in " ".join(ended.err.split())
    assert "to confirm" not in ended.out + ended.err
    assert snapshot(waiting) == before


def test_rejecting_needs_a_reason_and_a_person_and_moves_nothing(
    waiting: Waiting, churnops: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pointer = waiting.opened.workspace.champion_pointer.read_bytes()
    silent = churnops("reports", "reject", waiting.ours)
    assert (silent.code, silent.err.strip()) == (1, 'churnops: A decision needs a reason. Give one with --reason "…".')
    piped = churnops("reports", "reject", waiting.ours, "--reason", "Not now.")
    assert (piped.code, piped.err.strip()) == (1, NO_TERMINAL)
    typing(monkeypatch, "yes")
    assert churnops("reports", "reject", waiting.ours, "--reason", "Not now.").code == 1
    assert waiting.case.status == "pending_approval"
    typing(monkeypatch, f"reject {version(waiting)}")
    assert churnops("reports", "reject", waiting.ours, "--reason", "Not now.").code == 0
    assert waiting.case.status == "rejected"
    assert waiting.opened.workspace.champion_pointer.read_bytes() == pointer
