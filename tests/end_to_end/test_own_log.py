"""A team's own log, under names and values of its own, in PostgreSQL and in files: mapped by one command, then watched; no view, no renaming."""

import re
import sqlite3
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import create_engine

from pipeline.record.opened_workspace import Opened
from pipeline.workspace.settings_file import set_predictions
from pipeline.worlds.telephone_customers import make_customers
from tests.conftest import NOON
from tests.end_to_end.command_line import CommandLine
from tests.postgres import postgres_server
from tests.reports.decisions.test_approval_terminal import CHURNOPS, at_a_terminal

YES_NO = {"Yes": "Y", "No": "N"}
NAMES = {
    "customerID": "cust_no",
    "gender": "gender",
    "SeniorCitizen": "is_senior",
    "Partner": "has_partner",
    "Dependents": "dependents",
    "tenure": "tenure_months",
    "PhoneService": "phone_svc",
    "MultipleLines": "multi_lines",
    "InternetService": "internet_service",
    "OnlineSecurity": "online_sec",
    "OnlineBackup": "online_backup",
    "DeviceProtection": "device_prot",
    "TechSupport": "tech_support",
    "StreamingTV": "stream_tv",
    "StreamingMovies": "stream_movies",
    "Contract": "contract_type",
    "PaperlessBilling": "paperless",
    "PaymentMethod": "pay_method",
    "MonthlyCharges": "mthly_charges",
    "TotalCharges": "total_amount",
}
# All but these bear a name that says which one they are.
DOUBTFUL = {"total_amount", "paperless", "is_senior"}


def customers(rows: int = 1200, seed: int = 77) -> pd.DataFrame:
    return make_customers(rows, seed)


def as_logged(frame: pd.DataFrame) -> pd.DataFrame:
    """The same customers as the team's log has them, scored over the last week."""
    log = frame.drop(columns="Churn").rename(columns=NAMES)
    for name in ("has_partner", "dependents", "phone_svc", "paperless"):
        log[name] = log[name].map(YES_NO)
    log["is_senior"] = log["is_senior"].astype(bool)
    log["gender"] = log["gender"].str[0]
    log["contract_type"] = log["contract_type"].str.lower().str.replace(r"\W", "_", regex=True)
    log["total_amount"] = pd.to_numeric(log["total_amount"], errors="coerce")
    times = [NOON.replace(tzinfo=None) - pd.Timedelta(hours=number % 160) for number in range(len(log))]
    return log.assign(scored_at=times, p_churn=[number % 97 / 100 for number in range(len(log))], model_version="rf-7", region="north")


@pytest.fixture
def here(trained: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A command line in a workspace with a champion."""
    return CommandLine(trained.workspace.root, monkeypatch, capsys)


@pytest.fixture
def bare(fresh: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A command line in a workspace without one."""
    return CommandLine(fresh.workspace.root, monkeypatch, capsys)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


def in_postgresql(url: str, frame: pd.DataFrame, schema: str = "ml", table: str = "scored") -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create schema if not exists {schema}")
        frame.to_sql(table, connection, schema=schema, index=False, if_exists="replace")
    engine.dispose()


def accept(folder: Path, pairs: list[dict[str, Any]]) -> None:
    """Write what was in doubt, as a person would by hand."""
    names, values = {pair["column"]: pair["feature"] for pair in pairs}, {pair["feature"]: pair["values"] for pair in pairs}
    set_predictions(folder / "churnops.toml", {}, names, values)


def predictions(folder: Path) -> dict[str, object]:
    section = tomllib.loads((folder / "churnops.toml").read_text(encoding="utf-8"))["predictions"]
    assert isinstance(section, dict)
    return section


@pytest.mark.slow
def test_a_log_in_postgresql_is_mapped_watched_and_diagnosed_as_it_is(here: CommandLine, server: str) -> None:
    whole = customers()
    in_postgresql(server, as_logged(whole))
    said = here("init", "--log", server, "--log-table", "ml.scored", "--yes", "--json")
    assert said.code == 0, said.err
    mapped = said.json["log"]
    features = {pair["feature"]: pair["column"] for pair in mapped["pairs"] if pair["role"] == "feature"}
    assert features == {name: column for name, column in NAMES.items() if name != "customerID"}
    assert {pair["role"]: pair["column"] for pair in mapped["pairs"] if pair["role"] != "feature"} == {
        "id": "cust_no",
        "time": "scored_at",
        "score": "p_churn",
        "model_version": "model_version",
    }
    assert (mapped["lacking"], mapped["unmatched"]) == ([], ["region"])
    doubtful = [pair for pair in mapped["pairs"] if not pair["written"]]
    assert {pair["column"] for pair in doubtful} == DOUBTFUL
    refused = here("drift")
    assert (refused.code, "ml.scored lacks" in refused.err) == (1, True)
    accept(here.folder, doubtful)
    whole.drop(columns="Churn").to_csv(here.folder / "trained.csv", index=False)
    by_hand, as_it_is = here("drift", "--current", "trained.csv", "--json"), here("drift", "--json")
    assert as_it_is.code == by_hand.code == 0, as_it_is.err + by_hand.err
    for mine, its in zip(as_it_is.json["features"], by_hand.json["features"], strict=True):
        assert mine.pop("score") == pytest.approx(its.pop("score"), abs=1e-9)  # engines add floats in any order
        exact = ("name", "kind", "method", "drifted", "direction", "change")
        assert [mine[key] for key in exact] == [its[key] for key in exact]
    closed = whole["Churn"].map({"Yes": "Terminated", "No": "running"}).where(whole.index % 3 > 0)
    in_postgresql(server, pd.DataFrame({"account_ref": whole["customerID"], "state": closed}), "crm", "accounts")
    settings = here.folder / "churnops.toml"
    named = '[outcomes]\ntable = "crm.accounts"\nid = "account_ref"\noutcome = "state"\nyes = ["terminated"]\nno = ["running"]\n'
    text = settings.read_text(encoding="utf-8")
    settings.write_text(re.sub(r"\[outcomes\]\n(?:.+\n)*", lambda _: named, text), encoding="utf-8")
    pulled = here("outcomes", "pull", "--json")
    assert (pulled.code, pulled.json["added"]) == (0, int(closed.notna().sum())), pulled.err
    labelled = here("diagnose", "--json")
    assert labelled.json["cause"] == "none"
    assert (labelled.json["recent"]["rows"], labelled.json["matured"]["labelled"]) == (1200, int(closed.notna().sum()))
    in_postgresql(server, as_logged(whole).assign(mthly_charges=lambda log: log["mthly_charges"] * 100))
    diagnosis = here("diagnose", "--json").json
    assert (diagnosis["cause"], diagnosis["column"]) == ("data_fault", "MonthlyCharges")


@pytest.mark.slow
def test_a_triage_of_a_mapped_log_knows_the_outcomes_by_the_log_s_ids(
    here: CommandLine, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = customers()
    in_postgresql(server, as_logged(whole))
    url = server.replace("tests@", "tests:geheim@")
    said = here("init", "--log", url, "--log-table", "ml.scored", "--yes")
    assert "set CHURNOPS_PREDICTIONS_URL to it" in " ".join(said.out.split())
    assert "geheim" not in (here.folder / "churnops.toml").read_text(encoding="utf-8")
    monkeypatch.setenv("CHURNOPS_PREDICTIONS__URL", url)
    mapped = here("init", "--log-table", "ml.scored", "--yes", "--json").json["log"]
    accept(here.folder, [pair for pair in mapped["pairs"] if not pair["written"]])
    whole[["customerID", "Churn"]].rename(columns=NAMES).to_csv(here.folder / "outcomes.csv", index=False)
    said = here("triage", "--operator", "rulebook", "--outcomes", "outcomes.csv", "--json")
    assert (said.code, said.json["stopped"]) == (0, "finished"), said.err
    whole.assign(cust_no="stranger")[["cust_no", "Churn"]].to_csv(here.folder / "outcomes.csv", index=False)
    assert "No outcome in outcomes.csv belongs to a row of ml.scored" in here("diagnose", "--outcomes", "outcomes.csv").err


def test_without_a_terminal_and_without_yes_nothing_is_written(bare: CommandLine) -> None:
    as_logged(customers(300)).to_csv(bare.folder / "log.csv", index=False)
    before = (bare.folder / "churnops.toml").read_bytes()
    said = bare("init", "--log", "log.csv")
    assert (said.code, (bare.folder / "churnops.toml").read_bytes()) == (0, before)
    assert "Nothing was written; --yes writes the pairs that are not in doubt." in said.out
    assert "mthly_charges" in said.out


@pytest.mark.slow
def test_at_a_terminal_each_pair_in_doubt_is_asked_for(bare: CommandLine) -> None:
    frame = as_logged(customers(400))
    frame = frame.rename(columns={"tenure_months": "age_of_account"}).drop(columns="total_amount")
    (bare.folder / "logs").mkdir()
    frame.to_parquet(bare.folder / "logs" / "day.parquet")
    command = [*CHURNOPS, "init", "--log", str(bare.folder / "logs"), "--workspace", str(bare.folder)]
    ended = at_a_terminal(
        command,
        {
            "pairs into churnops.toml?": "y",
            "the log's `tenure`?": "y",
            "the log's `PaperlessBilling`?": "n",
            "the log's `SeniorCitizen`?": "y",
        },
    )
    assert ended.code == 0, ended.shown
    section = predictions(bare.folder)
    assert (section["file"], section["id"], section["score"]) == ("logs", "cust_no", "p_churn")
    assert section["columns"]["age_of_account"] == "tenure"  # type: ignore[index]
    assert section["values"]["Contract"]["month_to_month"] == "Month-to-month"  # type: ignore[index]
    assert "has no column for `TotalCharges`" in " ".join(ended.shown.split())
    assert "paperless" not in section["columns"]  # type: ignore[operator]


@pytest.mark.slow
def test_what_a_person_mapped_stays(bare: CommandLine) -> None:
    as_logged(customers(400)).to_csv(bare.folder / "log.csv", index=False)
    settings = bare.folder / "churnops.toml"
    text = settings.read_text(encoding="utf-8")
    start = text.index("[predictions.columns]")
    end = text.index("\n", start)
    settings.write_text(text[:end] + '\nregion = "tenure"  # it is, believe me' + text[end:], encoding="utf-8")
    pairs = bare("init", "--log", "log.csv", "--yes", "--json").json["log"]["pairs"]
    (tenure,) = (pair for pair in pairs if pair["feature"] == "tenure")
    assert (tenure["column"], tenure["confidence"], tenure["reasons"]) == ("region", 1.0, ["as in churnops.toml"])
    assert "# it is, believe me" in settings.read_text(encoding="utf-8")
    assert "tenure_months" not in predictions(bare.folder)["columns"]  # type: ignore[operator]


@pytest.mark.slow
def test_of_a_database_with_one_table_it_need_not_be_named(bare: CommandLine) -> None:
    with sqlite3.connect(bare.folder / "scores.db") as connection:
        as_logged(customers(300)).astype({"scored_at": str}).to_sql("scored", connection, index=False)
    assert bare("init", "--log", "sqlite:///scores.db", "--yes").code == 0
    assert (predictions(bare.folder)["table"], predictions(bare.folder)["url"]) == ("scored", "sqlite:///scores.db")
    with sqlite3.connect(bare.folder / "scores.db") as connection:
        connection.execute("create table other (a)")
    said = bare("init", "--log", "sqlite:///scores.db")
    assert (said.code, "Name it with --log-table; it has `other`, `scored`." in said.err) == (1, True)


def test_a_log_that_is_not_there_is_one_sentence(bare: CommandLine) -> None:
    before = (bare.folder / "churnops.toml").read_bytes()
    assert bare("init", "--log", "gone.csv").code == 1
    assert bare("init", "--log", "log.csv", "--log-table", "t").code == 1
    assert (bare.folder / "churnops.toml").read_bytes() == before
