"""Declared expectations and imported deploys, as a person meets them: checked in a second, and first in a triage."""

import json
import shutil
import sqlite3
import tomllib
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Simulated
from tests.end_to_end.command_line import CommandLine


@pytest.fixture
def calm(churnops: CommandLine, simulated: Simulated) -> CommandLine:
    """A workspace with a champion and a logged week like the reference."""
    churnops.folder = churnops.folder.with_name("week")
    shutil.copytree(simulated("none", 400, 0.5, 1), churnops.folder)
    return churnops


def declare(churnops: CommandLine, text: str) -> None:
    with (churnops.folder / "churnops.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")


def break_charges(churnops: CommandLine) -> str:
    """Charges of the newest tenth of the rows times 100; returns the scoring time of the first of them."""
    with closing(sqlite3.connect(churnops.folder / ".churnops" / "state.db")) as connection, connection:
        rows = connection.execute("SELECT seq, predicted_at, features FROM predictions ORDER BY predicted_at DESC LIMIT 40").fetchall()
        for seq, _, features in rows:
            broken = json.loads(features)
            broken["MonthlyCharges"] *= 100
            connection.execute("UPDATE predictions SET features = ? WHERE seq = ?", (json.dumps(broken), seq))
    return str(rows[-1][1])


def test_a_proposal_is_pasted_checked_and_kept_to(calm: CommandLine) -> None:
    before = (calm.folder / "churnops.toml").read_bytes()
    assert calm("expectations", "check").code == 1
    proposed = calm("expectations", "propose")
    assert (proposed.code, (calm.folder / "churnops.toml").read_bytes()) == (0, before)
    declare(calm, proposed.out)
    assert tomllib.loads((calm.folder / "churnops.toml").read_text("utf-8"))["expectations"]["columns"]["tenure"]["min"] == 0
    said = calm("expectations", "check", "--json")
    assert (said.code, said.json["as_declared"], said.json["rows"]) == (0, True, 400)
    assert calm("expectations", "check", "customers.csv", "--from-log").code == 2
    whole = calm("expectations", "check", "customers.csv", "--json")
    assert (whole.code, whole.json["violations"]) == (0, [])


def test_a_misspelt_column_is_one_sentence(calm: CommandLine) -> None:
    declare(calm, "[expectations.columns.MonthlyCharge]\nmin = 0")
    said = calm("expectations", "check")
    assert said.code == 1
    assert "perhaps `MonthlyCharges` is meant" in said.err


@pytest.mark.slow
def test_a_broken_expectation_leads_the_triage_and_names_the_deploy_before_it(calm: CommandLine) -> None:
    first = datetime.fromisoformat(break_charges(calm))
    declare(calm, "[expectations.columns.MonthlyCharges]\nmax = 300")
    checked = calm("expectations", "check", "--json")
    (found,) = checked.json["violations"]
    assert (checked.code, found["kind"], found["rows"], len(found["examples"])) == (10, "above", 40, 3)
    assert "40 rows (10.0%)" in checked.err

    deploys = calm.folder / "deploys.jsonl"
    deploys.write_text(
        json.dumps({"commit": "3f2a", "time": (first - timedelta(minutes=4)).isoformat(), "message": "cents"}) + "\n", "utf-8"
    )
    assert calm("event", "import", "deploys.jsonl", "--json").json == {"added": 1, "known": 0}
    assert calm("event", "import", "deploys.jsonl", "--json").json == {"added": 0, "known": 1}
    assert "deploy 3f2a: cents (deploys.jsonl)" in calm("event", "list").out

    said = calm("triage", "--operator", "rulebook", "--json", "--detailed-exit-code")
    assert (said.code, said.json["diagnosis"]["cause"], said.json["action"]) == (10, "data_fault", "fix_data")
    told = said.json["diagnosis"]["findings"][0]
    assert told["follows"] == [{"name": "deploy 3f2a: cents", "minutes": 4.0}]
    assert "It began 4 minutes after “deploy 3f2a: cents”" in Path(said.json["report"]["path"]).read_text("utf-8")


@pytest.mark.slow
def test_a_log_that_is_too_old_needs_people(calm: CommandLine) -> None:
    before = calm("triage", "--operator", "rulebook", "--json", "--detailed-exit-code")
    assert before.code == 0
    text = (calm.folder / "churnops.toml").read_text("utf-8").replace('newest_within = ""', 'newest_within = "1h"')
    (calm.folder / "churnops.toml").write_text(text, "utf-8")
    said = calm("triage", "--operator", "rulebook", "--json", "--detailed-exit-code")
    assert (said.code, said.json["diagnosis"]["findings"][0]["name"]) == (10, "feed_late")
    assert said.json["case_id"] != before.json["case_id"]
    assert "the feed stopped" in said.json["diagnosis"]["said"]
