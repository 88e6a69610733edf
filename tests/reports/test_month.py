"""A month says who served, what was found and how it went, of that month alone; what people and data named stays text."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import ChurnopsError
from pipeline.state.alerts import Condition, raise_in
from pipeline.state.check_figures import CheckFigures, IntervalFigure
from reports.month import first_of, month, month_markdown
from reports.month_page import month_page
from tests.agent.watch.standing_cases import put_check
from tests.conftest import Clock
from tests.end_to_end.command_line import CommandLine
from tests.reports.live_customers import log_live_customers
from tests.reports.waiting import DECISION, LATER, Waiting, approve_case

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def live_through_it(waiting: Waiting) -> None:
    """November: a deploy, two checks, customers, an alert with markup in it; and a check in December."""
    opened = waiting.opened
    assert isinstance(opened.clock, Clock)
    approve_case(opened, waiting.ours, DECISION.model_copy(update={"reason": "Better | <b>now</b> [here](http://x.example)"}))
    log_live_customers(opened, LATER + timedelta(hours=1), rows=40)
    for value in (0.81, 0.74):
        opened.clock.advance(hours=2)
        put_check(opened, "no_deploy_needed", figures=CheckFigures(rows=9, measured=IntervalFigure(value=value), drift={"tenure": 1.5}))
    with opened.state.write() as connection:
        raise_in(connection, Condition("a", "people_must_act", "warning", "<script>alert(1)</script>", "All of it."), opened.clock())
    opened.clock.advance(days=20)
    put_check(opened, "failed")


def test_it_tells_the_month_and_no_other(waiting: Waiting) -> None:
    live_through_it(waiting)
    told = month(waiting.opened, NOVEMBER)
    text = month_markdown(told, "churn")
    assert "40 predictions logged on 1 day; 2 checks; 2 cases opened; 1 deploy; 1 alert." in text
    assert "| ROC-AUC, measured | 0.810 | 0.740 | 0.740 | 0.810 |" in text
    assert "(first model)" in text and "by Ada): Better \\| &lt;b&gt;now&lt;/b&gt;" in text
    assert f"| {waiting.ours} | 2026-11-21 |" in text and "nobody took it on" in text
    december = month(waiting.opened, first_of("2026-12"))
    assert (len(december.checks), december.cases, december.before is not None) == (1, (), True)
    assert month(waiting.opened, first_of("2026-10")).before is None
    with pytest.raises(ChurnopsError, match="2027-01 has not begun"):
        month(waiting.opened, first_of("2027-01"))


def test_the_page_holds_no_markup_but_its_own(waiting: Waiting) -> None:
    live_through_it(waiting)
    page = month_page(month_markdown(month(waiting.opened, NOVEMBER), "<i>churn</i>"))
    assert "<script" not in page and "<b>" not in page and "<i>" not in page and "href" not in page
    assert "&lt;script&gt;" in page and "<table>" in page


def test_the_command_writes_two_files_or_none(waiting: Waiting, churnops: CommandLine) -> None:
    root = waiting.opened.workspace.root
    assert churnops("report", "--month", "2026-11", "--json").json["files"] == ["churnops-2026-11.md", "churnops-2026-11.html"]
    assert (root / "churnops-2026-11.md").read_text().startswith("# pending: 2026-11")
    for wrong in ("2026-13", "November", "2027-01", "9999-12", "0001-01"):
        refused = churnops("report", "--month", wrong)
        assert refused.code == 1 and refused.err.count("\n") == 1
    assert len(list(root.glob("churnops-*"))) == 2
