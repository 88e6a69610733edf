"""Reference, window, log and outcomes at URLs: the same commands, the same answers, and nothing left behind."""

import gc
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from pipeline.intake.reference import load_reference
from pipeline.record.opened_workspace import open_workspace
from pipeline.worlds.telephone_customers import make_customers
from prompts import policy_text
from tests.conftest import Clock, copied
from tests.end_to_end.command_line import CommandLine
from tests.s3 import S3Store, s3_store

pytestmark = pytest.mark.filterwarnings("ignore:Fetching:pipeline.errors.Notice")


@pytest.fixture(scope="module")
def server() -> Iterator[S3Store]:
    with s3_store() as found:
        yield found


@pytest.fixture
def here(
    churnops: CommandLine, champion_workspace: Path, server: S3Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[CommandLine]:
    """A command line in a workspace with a champion, with a bucket within reach."""
    server.reach(monkeypatch)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    churnops.folder.rmdir()
    with copied(champion_workspace, churnops.folder):
        yield churnops


@pytest.fixture(scope="module")
def customers(server: S3Store) -> pd.DataFrame:
    """800 customers of four days, in the bucket as one file each day and as one of outcomes."""
    frame = make_customers(800, seed=5).assign(scored_at=[f"2026-11-0{1 + row // 200}T10:00:00Z" for row in range(800)])
    for day, rows in frame.drop(columns="Churn").groupby(frame["scored_at"].str[:10]):
        server.put("scored", {f"day={day}/part-0.parquet": rows.to_parquet()})
    server.put("known", {"outcomes.csv": frame[["customerID", "Churn"]].to_csv(index=False).encode()})
    return frame


@pytest.mark.slow
def test_a_window_and_its_outcomes_come_from_a_bucket(here: CommandLine, customers: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "scored").mkdir()
    customers.drop(columns="Churn").to_parquet(tmp_path / "scored" / "all.parquet")
    fetched = here("drift", "--json", "--current", "s3://churn/scored/")
    local = here("drift", "--json", "--current", str(tmp_path / "scored"))
    for key in ("current_rows", "share", "drifted"):
        assert fetched.json[key] == local.json[key], fetched.err
    assert fetched.json["current_rows"] == 800
    assert "Fetching 4 files, " in fetched.err
    assert " from s3://churn/scored/." in fetched.err
    added = here("outcomes", "add", "s3://churn/known/outcomes.csv", "--json")
    assert (added.code, added.json["added"]) == (0, 800), added.err


@pytest.mark.slow
def test_the_log_lies_in_a_bucket(here: CommandLine, customers: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHURNOPS_PREDICTIONS__FILE", "s3://churn/scored/*/*.parquet")
    monkeypatch.setenv("CHURNOPS_PREDICTIONS__TIME", "scored_at")
    said = here("drift", "--json", "--since", "2026-11-03")
    assert (said.code, said.json["current_rows"]) == (0, 400), said.err
    gc.collect()
    assert list((tmp_path / "temporary").iterdir()) == [], "what was fetched goes with the window"


def test_a_reference_at_a_url_is_guarded_by_its_sha256(here: CommandLine, server: S3Store, tmp_path: Path) -> None:
    server.put("reference", {"customers.csv": make_customers(600, seed=3).to_csv(index=False).encode()})
    made = here("init", "--data", "s3://churn/reference/customers.csv", "--target", "Churn", "--workspace", "new", "--json")
    assert made.code == 0, made.err
    assert 'file = "s3://churn/reference/customers.csv"' in (here.folder / "new" / "churnops.toml").read_text()
    opened = open_workspace(here.folder / "new", policy_text(), Clock())
    assert len(load_reference(opened)) == 600
    opened.state.close()
    server.put("reference", {"customers.csv": make_customers(600, seed=4).to_csv(index=False).encode()})
    said = here("train", "--workspace", "new")
    assert said.code == 1
    assert "The reference table s3://churn/reference/customers.csv changed: its sha256 is" in said.err


def test_a_url_with_a_secret_is_not_written_down(here: CommandLine) -> None:
    for url in ("https://host/c.csv?sig=secret", "https://user:secret@host/c.csv"):
        said = here("init", "--data", url, "--target", "Churn", "--workspace", "new")
        assert (said.code, "secret" in said.err, (here.folder / "new").exists()) == (1, False, False)
