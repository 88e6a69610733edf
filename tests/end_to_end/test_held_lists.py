"""A broken column keeps lists back, at the command line and over HTTP, until it is repaired or a person goes on."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.predictions import read_predictions
from pipeline.worlds.simulation import WEEK
from prompts import policy_text
from tests.conftest import NOON, Clock, Simulated
from tests.end_to_end.command_line import CommandLine

TO_REPAIR = 0.01  # cents


@pytest.fixture
def broken(churnops: CommandLine, simulated: Simulated) -> tuple[CommandLine, str]:
    """The command line in a workspace whose newest week came in cents, and the case that says so."""
    churnops.folder = churnops.folder.with_name("week")
    shutil.copytree(simulated("unit_change", 400, 0.0, 1), churnops.folder)
    settings = churnops.folder / "churnops.toml"
    settings.write_text(settings.read_text("utf-8") + '\n[owners]\nMonthlyCharges = "Billing team <billing@example.com>"\n', "utf-8")
    case = churnops("triage", "--operator", "rulebook", "--json").json
    assert case["diagnosis"]["owners"] == ["Billing team <billing@example.com>"]
    return churnops, case["case_id"]


def at(folder: Path) -> Opened:
    return open_workspace(folder, policy_text(), Clock())


def logged(folder: Path) -> pd.DataFrame:
    """The week as it was logged, under the names of the reference."""
    opened = at(folder)
    frame = read_predictions(opened.state, opened.settings.data.columns, NOON - 30 * WEEK, NOON)
    opened.state.close()
    return frame.drop(columns="_time").rename(columns={"_id": "customerID"})


@pytest.mark.slow
def test_no_list_is_sent_until_a_person_goes_on(broken: tuple[CommandLine, str]) -> None:
    churnops, case = broken
    said = churnops("score", "--from-log", "--out", "list.csv", "--json")
    assert said.code == 10
    assert said.json["held_by"] == [case]
    assert all(word in said.err for word in (case, "`MonthlyCharges`", "Billing team <billing@example.com>"))
    assert not (churnops.folder / "list.csv").exists()

    said = churnops("score", "--from-log", "--top", "5", "--out", "list.csv", "--despite", case, "--json")
    assert (said.code, said.json["listed"], said.json["scored"]) == (0, 5, 400)
    listed = pd.read_csv(churnops.folder / "list.csv")
    assert list(listed.columns) == ["id", "score", "tier", "action", "expected_value", "reasons"]
    assert listed["score"].is_monotonic_decreasing
    opened = at(churnops.folder)
    entry = opened.ledger.last(("went_on",))
    assert entry is not None
    assert (entry.case_id, entry.body["columns"]) == (case, ["MonthlyCharges"])
    opened.state.close()


@pytest.mark.slow
def test_a_repaired_file_says_who_changes(broken: tuple[CommandLine, str]) -> None:
    churnops, case = broken
    sent = logged(churnops.folder)
    repaired = sent.assign(MonthlyCharges=sent["MonthlyCharges"] * TO_REPAIR).iloc[:300]
    repaired.to_csv(churnops.folder / "repaired.csv", index=False)
    said = churnops("rescore", case, "repaired.csv", "--out", "changed.parquet", "--json")
    assert said.code == 0, said.err
    found = said.json
    assert (found["rescored"], found["missing"]) == (300, 100)
    table = pd.read_parquet(churnops.folder / "changed.parquet")
    assert list(table.columns) == ["id", "old_score", "old_tier", "new_score", "new_tier"]
    assert int((table["old_tier"] != table["new_tier"]).sum()) == found["tier_raised"] + found["tier_lowered"] > 0

    alone = churnops("score", "repaired.csv", "--despite", case, "--json").json["customers"]
    assert {one["id"]: one["score"] for one in alone} == pytest.approx(dict(zip(table["id"], table["new_score"], strict=True)))
    again = churnops("rescore", case)
    assert again.code == 1, "nobody was scored since, and no file was given"


@pytest.mark.slow
def test_a_hold_keeps_lists_back_until_it_is_ended(churnops: CommandLine, simulated: Simulated) -> None:
    churnops.folder = churnops.folder.with_name("calm")
    shutil.copytree(simulated("none", 400, 0.5, 1), churnops.folder)
    case = churnops("triage", "--operator", "rulebook", "--json").json["case_id"]
    assert churnops("score", "--from-log").code == 0
    assert churnops("hold", case).code == 0
    assert "holds lists back" in churnops("score", "--from-log").err
    assert churnops("hold", case, "--end").code == 0
    assert churnops("score", "--from-log").code == 0
    assert churnops("hold", case, "--end").code == 1


@pytest.mark.parametrize(
    "arguments",
    [("score",), ("score", "a.csv", "--from-log"), ("score", "--from-log", "--out", "list.docx"), ("score", "--from-log", "--top", "0")],
)
def test_wrong_usage_is_said(churnops: CommandLine, arguments: tuple[str, ...]) -> None:
    assert churnops(*arguments).code == 2
