"""Events of other tools: each form is read, what has not ended waits, and a line that tells nothing is named."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import DataError
from pipeline.rulings.imported_events import ImportedEvent, read_events
from pipeline.rulings.noted_events import LONGEST_NAME

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)


def read(tmp_path: Path, *lines: Any) -> list[tuple[str, str, datetime, datetime]]:
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n", encoding="utf-8")
    return told(read_events(file))


def told(events: tuple[ImportedEvent, ...]) -> list[tuple[str, str, datetime, datetime]]:
    return [(event.kind, event.name, event.since, event.until) for event in events]


@pytest.mark.parametrize("time", ["2026-11-20T09:00:00Z", "2026-11-20T10:00:00+01:00", "2026-11-20T09:00:00"])
@pytest.mark.parametrize("key", ["time", "deployed_at"])
def test_a_deploy_is_a_moment(tmp_path: Path, key: str, time: str) -> None:
    found = read(tmp_path, {"commit": "3f2a" + "0" * 36, key: time, "message": "New join\n\nof tariffs", "author": "anna"})
    assert found == [("deploy", "deploy 3f2a00000000: New join of tariffs", NINE, NINE + INSTANT)]


def test_runs_of_airflow_last_and_wait_until_they_have_ended(tmp_path: Path) -> None:
    run = {"dag_id": "features", "run_id": "scheduled__2026-11-20", "state": "failed", "start_date": "2026-11-20T09:00:00+00:00"}
    ended = {**run, "end_date": "2026-11-20T10:00:00+00:00"}
    assert read(tmp_path, ended, {**run, "state": "running", "end_date": None}, {**run, "state": "queued", "start_date": None}) == [
        ("airflow", "airflow features failed", NINE, NINE + HOUR)
    ]


def test_results_of_dbt_are_an_event_each(tmp_path: Path) -> None:
    steps = [
        {"name": "compile", "started_at": "2026-11-20T09:00:00.000000Z", "completed_at": "2026-11-20T09:00:01Z"},
        {"name": "execute", "started_at": "2026-11-20T09:00:01Z", "completed_at": "2026-11-20T10:00:00Z"},
    ]
    results = [
        {"unique_id": "model.shop.customers", "status": "success", "timing": steps, "execution_time": 3599.0},
        {"unique_id": "test.shop.not_null", "status": "skipped", "timing": []},
    ]
    file = tmp_path / "run_results.json"
    file.write_text(json.dumps({"metadata": {"dbt_version": "1.9"}, "results": results}, indent=2), encoding="utf-8")
    assert told(read_events(file)) == [("dbt", "dbt model.shop.customers success", NINE, NINE + HOUR)]


def test_whatever_else_has_a_time_and_a_name(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {"time": "2026-11-20T09:00Z", "name": "price list"},
        {"time": "2026-11-20T09:00Z", "name": "x", "until": "2026-11-20T10:00Z"},
    )
    assert found == [("other", "price list", NINE, NINE + INSTANT), ("other", "x", NINE, NINE + HOUR)]


def test_a_list_of_an_api_is_read_as_lines_are(tmp_path: Path) -> None:
    file = tmp_path / "runs.json"
    run = {"dag_id": "a", "state": "success", "start_date": "2026-11-20T09:00Z", "end_date": "2026-11-20T10:00Z"}
    for whole in ([run], {"dag_runs": [run], "total_entries": 1}, run):
        file.write_text(json.dumps(whole), encoding="utf-8")
        assert told(read_events(file)) == [("airflow", "airflow a success", NINE, NINE + HOUR)]


def test_names_are_one_short_line(tmp_path: Path) -> None:
    ((_, name, _, _),) = read(tmp_path, {"commit": "3f2a", "time": "2026-11-20T09:00Z", "message": "a\u202e\n" + "b" * 500})
    assert (len(name), name.isprintable()) == (LONGEST_NAME, True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"commit": "3f2a"}, "line 2 tells no event: `time`"),
        ({"commit": 7, "time": "2026-11-20"}, "line 2 tells no event: `commit`"),
        ({"name": "x", "time": "last week"}, "line 2 tells no event: `time`"),
        ({"what": "ever"}, "line 2 tells no event: `time`"),
        ({"dag_id": "a"}, "line 2 tells no event: `state`"),
        ([1, 2], "line 2 tells no event: it is no JSON object"),
        ({"results": [3]}, "line 2, result 1 tells no event"),
    ],
)
def test_a_line_that_tells_no_event_is_named(tmp_path: Path, line: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(tmp_path, {"time": "2026-11-20T09:00Z", "name": "x"}, line)


def test_an_event_with_two_times_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_text('{"time": "2026-11-20T09:00Z", "name": "x", "time": "2026-11-21T09:00Z"}', encoding="utf-8")
    with pytest.raises(DataError, match="'time' stands twice"):
        read_events(file)


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text('{"time": "2026-11-20T09:00Z", "name": "x"}\n{"time": \n', encoding="utf-8")
    with pytest.raises(DataError, match=r"events\.jsonl, line 2 is no JSON"):
        read_events(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not text in UTF-8"):
        read_events(file)
