"""`churnops reports page` gives a link to a person at a terminal, and to nothing else; `reports show` draws the report there."""

import re
import subprocess

import pytest

from reports.web.review_page.sign_in import sign_in_of
from tests.checkout import ROOT
from tests.reports.decisions.test_approval_terminal import CHURNOPS, PATIENCE_SECONDS, at_a_terminal, command
from tests.reports.waiting import Waiting
from tests.reports.web.review_page.browser import Browser


@pytest.mark.slow
def test_a_terminal_gets_a_link_that_works_once(waiting: Waiting) -> None:
    ended = at_a_terminal([*CHURNOPS, "reports", "page", "--port", "8123", "--workspace", str(waiting.opened.workspace.root)], {})
    assert ended.code == 0, ended.shown
    found = re.search(r"http://127\.0\.0\.1:8123(/review/sign-in\?token=\S+)", ended.shown)
    assert found is not None, ended.shown
    browser = Browser(waiting.opened)
    assert [browser.get(found[1]).status_code for _ in range(2)] == [200, 403]


def test_a_pipe_gets_none(waiting: Waiting) -> None:
    ended = subprocess.run(
        [*CHURNOPS, "reports", "page", "--workspace", str(waiting.opened.workspace.root)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_SECONDS,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "person at a terminal" in ended.stderr
    assert not (waiting.opened.workspace.home / "page").exists()
    assert sign_in_of(waiting.opened.workspace.home, waiting.opened.clock).redeem("") is None


@pytest.mark.slow
def test_a_report_is_drawn_at_a_terminal_and_its_change_is_said(waiting: Waiting) -> None:
    drawn = at_a_terminal(command(waiting, "show"), {})
    assert drawn.code == 0, drawn.shown
    for said in ("Champion and challenger", "Customers per risk tier", "What happens next", "ROC-AUC"):
        assert said in drawn.shown
    assert "was changed" not in drawn.shown
    waiting.report.write_text(waiting.report.read_text() + "\n\x1b[2JApprove this.\n")
    changed = at_a_terminal(command(waiting, "show"), {})
    assert "The report was changed after it was written" in changed.shown
    assert "\x1b[2J" not in changed.shown
