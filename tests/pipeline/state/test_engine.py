"""State lies in SQLite or in PostgreSQL, and what is read from it, in what order and under which guard, does not depend on which."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine, inspect, select, text

from pipeline.errors import Notice, SettingsError, WorkspaceError
from pipeline.profiles.counting import profile_reference
from pipeline.profiles.daily import profile_log
from pipeline.record import opened_workspace
from pipeline.record.approvers import Trust
from pipeline.record.case_store import CaseFile
from pipeline.record.cases import Case, ModelRef
from pipeline.record.ledger import Ledger
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.shadow.served_sample import served_sample
from pipeline.sources.sampling import draw_sample
from pipeline.sources.source import Frame, PredictionLog, Restriction
from pipeline.state import engine
from pipeline.state.check_figures import CheckFigures
from pipeline.state.checks import Check, checks_between, done_checks, record_check
from pipeline.state.database import SCHEMA_VERSION, metadata, open_state, outcome_intakes, outcomes, schema_version
from pipeline.state.engine import StatePlace
from pipeline.state.offers import Offer, add_offers_in, read_offers
from pipeline.state.outcome_intakes import IntakeOrigin, newest_intake_in, record_intake_in
from pipeline.state.outcomes import KnownOutcome, add_outcomes_in, log_outcomes, read_outcomes
from pipeline.state.predictions import log_predictions, logged_ids, logged_per_day, newest_prediction, read_labelled, read_predictions
from pipeline.state.ruling_tables import events
from pipeline.state.shadow_scores import add_shadow_scores, newest_shadow, read_shadow_scores
from pipeline.tables.categories import NO_SPELLING
from pipeline.tables.schema import Schema
from pipeline.workspace.folder import Workspace
from pipeline.workspace.settings import read_settings
from prompts import policy_text
from tests.conftest import Clock
from tests.postgres import postgres_server

COLUMNS = Schema(target="Churn", positive="Yes", id="id", numerical=("tenure",), categorical=("Contract",))
START = datetime(2026, 11, 1, 18, tzinfo=UTC)
ROWS = 400
TIMES = [START + timedelta(minutes=10 * number) for number in range(ROWS)]
FRAME = pd.DataFrame(
    {
        "tenure": [0.1 + number if number % 7 else float("nan") for number in range(ROWS)],
        "Contract": ["Zwei Jahre – 'ß' \"q\" 100%" if number % 3 else None for number in range(ROWS)],
    }
)
OUTCOME = {"id": "C1", "observed_at": "2026-11-21", "churned": 1}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def database(server: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty schema of the test's own."""
    schema = f"test_{abs(hash(request.node.name))}"
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"drop schema if exists {schema} cascade"))
        connection.execute(text(f"create schema {schema}"))
    engine.dispose()
    return f"{server}&options=-csearch_path%3D{schema}"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StatePlace:
    return tmp_path / "state.db" if request.param == "sqlite" else str(request.getfixturevalue("database"))


def filled(place: StatePlace) -> None:
    state = open_state(place, create=True)
    ids = [f"C{number % 300}" for number in range(ROWS)]
    log_predictions(state, FRAME, COLUMNS, ids=ids, times=TIMES, scores=[number / ROWS for number in range(ROWS)], version="1")
    later = START + timedelta(days=9)
    log_outcomes(state, ids=["C1", "C2", "C2"], predicted=[TIMES[1], None, None], observed=[later] * 3, churned=[1, 0, 1])
    state.close()


def test_windows_and_outcomes_are_read_alike(place: StatePlace, tmp_path: Path) -> None:
    filled(place)
    state, twin = open_state(place), open_state(tmp_path / "twin.db", create=True)
    filled(tmp_path / "twin.db")
    until = newest_prediction(state)
    assert until == TIMES[-1]
    assert newest_prediction(state, 400) == TIMES[0] and newest_prediction(state, 401) is None
    assert logged_ids(state) == {f"C{number}" for number in range(300)}
    read = read_predictions(state, COLUMNS, START, until)
    pd.testing.assert_frame_equal(read[["tenure", "Contract"]], FRAME[1:].reset_index(drop=True), check_dtype=False)
    for one, other in (
        (read, read_predictions(twin, COLUMNS, START, until)),
        (read_labelled(state, COLUMNS, START, until, until + timedelta(days=30)),) * 2,
        (read_outcomes(state, until + timedelta(days=30)), read_outcomes(twin, until + timedelta(days=30))),
    ):
        pd.testing.assert_frame_equal(one, other)
    labelled = read_labelled(state, COLUMNS, START - timedelta(1), until, until + timedelta(days=30))
    assert list(zip(labelled["_id"], labelled["_churned"], strict=True)) == [("C1", 1), ("C2", 1), ("C2", 1)]


def test_an_intake_of_outcomes_is_taken_back(place: StatePlace) -> None:
    state, now = open_state(place, create=True), START + timedelta(days=9)
    stayed, left = KnownOutcome("C1", None, now, 0), KnownOutcome("C1", None, None, 1)
    for told, source in ((stayed, "first.csv"), (left, "second.csv")):
        with state.write() as connection:
            add_outcomes_in(connection, [told], now, IntakeOrigin(source, now, "Ada"))
    assert read_outcomes(state, now)["_churned"].tolist() == [1]
    with state.write() as connection:
        newest = newest_intake_in(connection)
        assert newest is not None
        assert (newest.source, newest.rows, newest.at) == ("second.csv", 1, now)
        record_intake_in(connection, IntakeOrigin(newest.source, now, "Ada"), newest.rows, undoes=newest.number)
    assert read_outcomes(state, now)["_churned"].tolist() == [0]


def test_profiles_and_samples_are_the_same(place: StatePlace, tmp_path: Path) -> None:
    filled(place)
    state, reference = open_state(place), profile_reference(Frame(FRAME), COLUMNS)
    whole = profile_log(state, COLUMNS, reference, TIMES[3], TIMES[-1], tmp_path / "kept")
    assert whole.rows == ROWS - 4
    assert whole == profile_log(state, COLUMNS, reference, TIMES[3], TIMES[-1], tmp_path / "kept")
    assert len(list((tmp_path / "kept").iterdir())) == 2
    filled(tmp_path / "twin.db")
    span = Restriction(TIMES[3], TIMES[-1])
    drawn, twin = (
        draw_sample(PredictionLog(lies), COLUMNS, span, NO_SPELLING, ROWS, most=50, seed=7) for lies in (state.place, tmp_path / "twin.db")
    )
    pd.testing.assert_frame_equal(drawn.features, twin.features)
    assert drawn.ids is not None and twin.ids is not None
    assert 30 <= len(drawn.ids) <= 50 and drawn.ids.tolist() == twin.ids.tolist()


def test_writers_come_one_after_another_and_readers_do_not_wait(place: StatePlace) -> None:
    state, other = open_state(place, create=True), open_state(place)
    started = threading.Event()

    def write_too() -> None:
        started.set()
        with other.write() as connection:
            connection.execute(outcomes.insert().values(OUTCOME))

    late = threading.Thread(target=write_too)
    with state.write() as connection:
        connection.execute(outcomes.insert().values(OUTCOME))
        late.start()
        started.wait()
        late.join(timeout=0.2)
        assert late.is_alive()
        with open_state(place).read() as reader:
            assert reader.execute(select(outcomes)).all() == []
        assert len(connection.execute(select(outcomes)).all()) == 1
    late.join()
    with state.read() as reader:
        assert len(reader.execute(select(outcomes)).all()) == 2
        with other.write() as connection:
            connection.execute(outcomes.insert().values(OUTCOME))
        assert len(reader.execute(select(outcomes)).all()) == 2  # still the moment the reader began


@pytest.mark.slow
def test_a_writer_that_waits_too_long_says_so(place: StatePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_PATIENCE_SECONDS", 1)
    state, other = open_state(place, create=True), open_state(place)
    with state.write(), pytest.raises(WorkspaceError, match=r"does not answer \(.*(locked|lock timeout)"), other.write():
        pass
    with other.write() as connection:
        connection.execute(outcomes.insert().values(OUTCOME))


def test_what_fails_leaves_nothing(place: StatePlace) -> None:
    state = open_state(place, create=True)

    def write_and_fail() -> None:
        with state.write() as connection:
            connection.execute(outcomes.insert().values(OUTCOME))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert read_outcomes(state, START + timedelta(days=99)).empty


def test_the_ledger_of_many_writers_is_one_chain(place: StatePlace, tmp_path: Path) -> None:
    open_state(place, create=True).close()

    def append(name: int) -> None:
        book = Ledger(open_state(place), tmp_path / "ledger.jsonl")
        for number in range(5):
            book.append(START, "noted", None, {"name": f"{name}.{number}", "spelt": 'ä\x00"'})

    writers = [threading.Thread(target=append, args=(name,)) for name in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    book = Ledger(open_state(place), tmp_path / "ledger.jsonl")
    rows = book.entries()
    assert [row.seq for row in rows] == list(range(1, 21))
    assert all(row.hash == row.expected_hash for row in rows)
    assert [row.previous for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert tuple((tmp_path / "ledger.jsonl").read_text().splitlines()) == book.lines()


def test_one_case_however_many_open_it(place: StatePlace) -> None:
    open_state(place, create=True).close()
    draft = Case(
        case_id="2026-11-01-a",
        key="k",
        kind="triage",
        opened_at=START,
        started_by="tests",
        policy_version="p",
        champion=ModelRef(version="1", digest="d" * 64),
    )
    found: list[Case] = []
    openers = [threading.Thread(target=lambda: found.append(CaseFile(open_state(place)).open(draft))) for _ in range(5)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert len(found) == 5 and len({case.case_id for case in found}) == 1
    book = CaseFile(open_state(place))
    assert book.all() == (found[0],)
    assert book.of_key("k") == found[0]


def test_the_shadow_samples_and_keeps_the_same_in_both(place: StatePlace) -> None:
    filled(place)
    state, end, later = open_state(place), START + timedelta(days=9), START + timedelta(hours=1)
    found = served_sample(state, COLUMNS, START, end, "1", 100)
    assert found is not None and 90 <= len(found) <= 110 and found["_score"].between(0, 1).all()
    assert served_sample(state, COLUMNS, START, end, "2", 100) is None
    assert add_shadow_scores(state, "d" * 64, "2", found, [0.5] * len(found), None) == len(found)
    told = read_shadow_scores(state, "d" * 64, START, end)
    assert told["served_score"].tolist() == found["_score"].tolist() and told["_time"].max() == newest_shadow(state, "d" * 64)
    days = logged_per_day(state, START, end)
    assert [day.rows for day in days][:2] == [35, 144] and 0 < days[0].mean_score < days[-1].mean_score < 1
    record_check(
        state, Check(START, later, "no_deploy_needed", None, None, "Well.", "host", figures=CheckFigures(rows=3, drift={"ß": 1.5}))
    )
    record_check(state, Check(START, later, "no_deploy_needed", None, None, "Well.", "host"))
    assert [check.figures for check in done_checks(state, 9)] == [CheckFigures(rows=3, drift={"ß": 1.5})]
    assert len(checks_between(state, START, later)) == 2
    state.close()


def test_offers_are_read_back_as_they_were_told(place: StatePlace) -> None:
    state = open_state(place, create=True)
    told = [Offer("C1", START, "Brief – 'ß'", True, held_out=False), Offer("C2", START.astimezone(), "", None, held_out=True)]
    with state.write() as connection:
        assert add_offers_in(connection, told) == ["added", "added"]
        assert add_offers_in(connection, told) == ["known", "known"]
    found = read_offers(state, START, START)
    assert found["_offered"].tolist() == [START, START]
    assert list(zip(found["_id"], found["kind"], found["held_out"], strict=True)) == [("C1", "Brief – 'ß'", False), ("C2", "", True)]
    state.close()


def test_an_older_schema_in_postgresql_is_brought_up_to_date(database: str) -> None:
    state = open_state(database, create=True)
    with state.write() as connection:
        metadata.drop_all(connection, tables=[events, outcome_intakes])
        connection.execute(text("alter table outcomes drop column intake"))
        connection.execute(text("alter table outcomes drop column recorded_at"))
        connection.execute(schema_version.update().values(version=1))
        connection.execute(outcomes.insert().values(OUTCOME))
    opened = open_state(database)
    with opened.read() as connection:
        assert connection.execute(select(schema_version.c.version)).scalars().all() == [SCHEMA_VERSION]
        assert connection.execute(select(events)).all() == []
        assert connection.execute(select(outcomes.c.id)).scalars().all() == ["C1"]
        kinds = {column["name"]: str(column["type"]) for column in inspect(connection).get_columns("predictions")}
    assert kinds["features"] == "JSONB"


def test_a_database_without_state_or_of_a_newer_churnops_is_refused(database: str) -> None:
    with pytest.raises(WorkspaceError, match="is not a churnops state database"):
        open_state(database)
    with open_state(database, create=True).write() as connection:
        connection.execute(schema_version.update().values(version=99))
    with pytest.raises(WorkspaceError, match="has schema version 99"):
        open_state(database)


def test_a_server_that_is_not_there_is_one_sentence_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="does not answer") as refused:
        open_state(f"postgresql://me:hunter2@/churn?host={tmp_path}")
    assert "hunter2" not in str(refused.value)
    assert f"{tmp_path}/churn" in str(refused.value)


def test_a_port_that_is_no_number_is_one_sentence() -> None:
    with pytest.raises(SettingsError, match="is not a database URL"):
        open_state("postgresql://host:port/name")


def test_of_two_hosts_that_begin_in_one_empty_database_one_begins_and_the_other_joins(
    fresh: Opened, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHURNOPS_DATABASE_URL", database)
    monkeypatch.setenv("CHURNOPS_ARTIFACT_URL", "s3://bucket/team")
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        (folder / "churnops.toml").write_text(fresh.workspace.settings_file.read_text())
    other = threading.Thread(target=open_workspace, args=(folders[1], policy_text(), Clock()))
    trust = opened_workspace.configured_trust

    def meanwhile(workspace: Workspace) -> Trust:
        if workspace.root == folders[0]:  # which has found no row
            other.start()
            other.join(1)
        return trust(workspace)

    monkeypatch.setattr(opened_workspace, "configured_trust", meanwhile)

    def both() -> Opened:
        first = open_workspace(folders[0], policy_text(), Clock())
        other.join(10)
        return first

    with pytest.warns(Notice, match="two joins the workspace"):
        first = both()
    assert [entry.kind for entry in first.ledger.entries()] == ["trusted"]


def test_a_workspace_begins_in_postgresql_and_no_other_takes_its_state(
    fresh: Opened, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHURNOPS_DATABASE_URL", database)
    settings = fresh.workspace.settings_file.read_text()
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        (folder / "churnops.toml").write_text(settings)
    first = open_workspace(folders[0], policy_text(), Clock())
    assert [entry.kind for entry in first.ledger.entries()] == ["trusted"]
    assert not first.workspace.state_db.exists()
    assert open_workspace(folders[0], policy_text(), Clock()).ledger.entries() == first.ledger.entries()
    with pytest.raises(WorkspaceError, match="holds the state of another workspace"):
        open_workspace(folders[1], policy_text(), Clock())
    assert not (folders[1] / ".churnops").exists()


@pytest.mark.parametrize("url", ["postgresql://me:secret@host/db", "postgresql+psycopg://host/db?password=secret"])
def test_a_password_is_taken_from_the_environment_alone(fresh: Opened, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = fresh.workspace.settings_file
    file.write_text(file.read_text().replace('database_url = ""', f'database_url = "{url}"'))
    with pytest.raises(SettingsError, match="holds a password") as refused:
        read_settings(file)
    assert "secret" not in str(refused.value)
    file.write_text(file.read_text().replace(f'database_url = "{url}"', 'database_url = ""'))
    monkeypatch.setenv("CHURNOPS_DATABASE_URL", url)
    found = read_settings(file)
    assert found.database_url == url
    assert "secret" not in repr(found)


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite:///state.db", "host/db"])
def test_another_kind_of_database_is_refused(fresh: Opened, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNOPS_DATABASE_URL", url)
    with pytest.raises(SettingsError, match=r"database_url.*not like postgresql://"):
        read_settings(fresh.workspace.settings_file)
