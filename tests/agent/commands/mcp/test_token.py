"""Tokens at the terminal: one that approves is made by a person there, and by nothing else."""

import os
import subprocess

import pytest

from pipeline.record.opened_workspace import Opened
from pipeline.workspace.tokens import TokenBook
from tests.checkout import ROOT
from tests.reports.decisions.test_approval_terminal import CHURNOPS, PATIENCE_SECONDS, at_a_terminal


@pytest.mark.slow
def test_a_token_that_approves_takes_a_terminal(trained: Opened) -> None:
    create = [*CHURNOPS, "mcp", "token", "create", "--name", "ann", "--scope", "approve", "--workspace", str(trained.workspace.root)]
    piped = subprocess.run(
        create, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=ROOT, env=os.environ, timeout=PATIENCE_SECONDS
    )
    assert (piped.returncode, piped.stdout) == (1, "")
    assert "person at a terminal" in piped.stderr
    assert TokenBook(trained.workspace, trained.clock).all() == ()
    made = at_a_terminal(create, {})
    assert made.code == 0, made.shown
    (token,) = TokenBook(trained.workspace, trained.clock).all()
    assert (token.name, token.scope) == ("ann", "approve")
