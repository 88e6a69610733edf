"""Work from the page is the command that a person would type, of what the page offers and nothing else, one at a time, and it can be ended."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.clock import utc_now
from pipeline.record.opened_workspace import Opened
from pipeline.state.leases import held
from pipeline.worlds.simulation import simulate
from reports.web.review_page.guard import Stop
from reports.web.review_page.job_process import JobProcess, JobRun, environment
from reports.web.review_page.job_run import BUSY
from reports.web.review_page.jobs import job_of
from reports.web.review_page.window_files import window_files
from tests.reports.web.review_page.browser import Browser

PATIENCE_SECONDS = 120
HOSTILE = ["--help.csv", "-w.csv", "a b'c\"$(touch pwned)`touch pwned`;&|.csv", "ünïcode ☃.csv", "<img src=x onerror=alert(1)>.csv"]
UNUSABLE = [
    "*.csv",
    "w[ee]k.csv",
    "week?.csv",
    "{a,b}.csv",
    "line\nend.csv",
    "\x1b[2J.csv",
    "right\u202eto-left.csv",
    ".hidden.csv",
    "no-table.py",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Below a folder with a file that is nobody's business here."""
    (tmp_path / "secret.csv").write_text("x\n1\n")
    root = tmp_path / "workspace"
    (root / "deliveries" / "a" / "b" / "too" / "deep").mkdir(parents=True)
    return root


def test_tables_are_offered_by_name_and_nothing_that_leads_elsewhere(folder: Path) -> None:
    for name in (*HOSTILE, *UNUSABLE, "deliveries/week.parquet", "deliveries/a/b/too/deep/week.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x\n1\n")
    (folder / ".churnops").mkdir()
    (folder / ".churnops" / "state.csv").write_text("x\n1\n")
    (folder / "link.csv").symlink_to(folder.parent / "secret.csv")
    (folder / "linked").symlink_to(folder.parent)
    os.mkfifo(folder / "pipe.csv")
    assert set(window_files(folder)) == {*HOSTILE, "deliveries/week.parquet"}


def test_a_job_is_put_together_from_what_the_page_offers(trained: Opened) -> None:
    root = trained.workspace.root
    (root / "--help.csv").write_text("x\n1\n")

    def words(approver: bool = False, **form: str) -> tuple[str, ...]:
        return job_of(trained, form, approver=approver).words

    assert words(kind="triage", window="week") == ("triage", "--operator", "auto", "--json")
    assert words(kind="check", window="month") == ("diagnose", "--window", "30d", "--json")
    assert words(kind="check", window="file:--help.csv", outcomes="--help.csv") == (
        "diagnose", f"--current={root}/--help.csv", f"--outcomes={root}/--help.csv", "--json",
    )  # fmt: skip
    assert words(kind="train", family="logistic_regression") == ("train", "--estimator", "logistic_regression", "--json")
    assert words(kind="simulate", scenario="market_shift", weeks="2")[:3] == ("simulate", "-s", "market_shift")
    for wrong in (
        {"kind": "approve"},
        {"kind": ""},
        {"kind": "check"},
        {"kind": "check", "window": "--help"},
        *(
            {"kind": kind, "window": f"file:{path}"}
            for kind in ("check", "triage")
            for path in ("/etc/passwd", "../secret.csv", "churnops.toml", "")
        ),
        {"kind": "check", "window": "week", "outcomes": "../secret.csv"},
        {"kind": "train", "family": "--compare"},
        {"kind": "simulate", "scenario": "--help", "weeks": "1"},
        {"kind": "simulate", "scenario": "none", "weeks": "520"},
    ):
        with pytest.raises(Stop, match="does not offer that"):
            words(approver=True, **wrong)


def test_traffic_is_generated_where_customers_are_made_up_and_a_first_model_is_an_approvers(trained: Opened, fresh: Opened) -> None:
    data = trained.settings.data.model_copy(update={"synthetic_seed": None})
    real = replace(trained, settings=trained.settings.model_copy(update={"data": data}))
    with pytest.raises(Stop, match="does not offer that"):
        job_of(real, {"kind": "simulate", "scenario": "none", "weeks": "1"}, approver=True)
    for kind in ("train", "compare"):
        with pytest.raises(Stop, match="an approver's to start"):
            job_of(fresh, {"kind": kind, "family": ""}, approver=False)
        assert job_of(fresh, {"kind": kind, "family": ""}, approver=True).kind == kind


@pytest.mark.parametrize("by", ["otto", "otto@example.com", "a b <c@d.e>; touch x"])
def test_the_command_works_in_the_name_of_who_started_it(by: str) -> None:
    """So that the reports it files name them, and they are no second person to themselves."""
    asked = [sys.executable, "-P", "-c", "from agent.setup.person import who; print(who())"]
    said = subprocess.run(asked, env=environment(by), capture_output=True, text=True, check=True).stdout.strip()
    assert said == by


def ended(jobs: JobProcess) -> JobRun:
    """The newest job once it runs no longer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (run := jobs.newest()) and run.running:
        assert time.monotonic() < deadline, run.text
        time.sleep(0.2)
    assert run is not None
    return run


@pytest.mark.slow
def test_a_check_of_a_file_with_a_hostile_name_is_the_command_and_one_at_a_time(trained: Opened) -> None:
    root, name = trained.workspace.root, HOSTILE[2]
    lines = (root / trained.settings.data.file).read_text().splitlines()
    (root / name).write_text("\n".join(lines[:900]) + "\n")
    browser, jobs = Browser(trained).sign_in(), JobProcess(trained.workspace, trained.clock)
    form = browser.form("/review/jobs", "/jobs")
    assert browser.send(form, kind="check", window=f"file:{name}", outcomes="").status_code == 303
    again = browser.send(form, kind="check", window="week", outcomes="")
    assert (again.status_code, "A job runs already" in again.text) == (409, True)
    running = browser.get("/review/jobs")
    assert (running.headers["refresh"], "Running" in running.text) == ("3", True)
    assert "refresh" not in browser.get("/review/jobs?hold=yes").headers
    run = ended(jobs)
    assert (run.exit_code, run.cancelled, run.started.job.title) == (0, False, f"Check of file {name}"), run.text
    shown = browser.get("/review/jobs")
    assert ("It ended." in shown.text, "refresh" in shown.headers) == (True, False)
    assert run.text
    assert not list(root.rglob("pwned"))
    assert trained.cases.all() == ()


@pytest.mark.slow
def test_a_triage_waits_for_no_check_and_is_cancelled_in_order(trained: Opened) -> None:
    simulate(trained, "market_shift", 2_000, labelled_share=0.6, seed=3)
    jobs = JobProcess(trained.workspace, utc_now)
    job = job_of(trained, {"kind": "triage", "window": "week"}, approver=False)
    with held(trained.state, "watch", "a check", on_lost=lambda: None):
        assert jobs.start(job, "otto")
        busy = ended(jobs)
    assert (busy.exit_code, "Another process works on this workspace" in busy.text) == (BUSY, True)
    assert trained.cases.all() == ()
    assert jobs.start(job, "otto")
    run = jobs.newest()
    assert run is not None and run.running
    jobs.cancel("another job")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not trained.cases.all() and time.monotonic() < deadline:
        time.sleep(0.05)
    jobs.cancel(run.started.job_id)
    cancelled = ended(jobs)
    assert cancelled.cancelled
    (case,) = trained.cases.all()
    assert case.status in {"open", "partial"} or cancelled.exit_code == 0, cancelled.text
    with held(trained.state, "watch", "the next check", on_lost=lambda: None) as free:
        assert free, "the turn is given back"
