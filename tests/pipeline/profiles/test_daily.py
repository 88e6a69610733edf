"""Days of production are counted once: a month merges them, and gives what one pass over all rows gives."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, update

from pipeline.profiles.counting import profile_window
from pipeline.profiles.daily import profile_log
from pipeline.profiles.profile import Profile
from pipeline.sources.source import PredictionLog, Restriction
from pipeline.state.database import State, open_state, predictions
from pipeline.state.predictions import log_predictions
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, DAY, NEWEST, assert_profiles_equal, small_baseline

MIDNIGHT = NEWEST.replace(hour=0)
TICK = timedelta(microseconds=1)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state.db", create=True)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "profiles" / "cccc"


def log(state: State, times: list[datetime], version: str = "1", seed: int = 1) -> None:
    ids = [f"{version}-{seed}-{number}" for number in range(len(times))]
    frame = small_table(len(times), seed)
    log_predictions(state, frame, COLUMNS, ids=ids, times=times, scores=[0.5] * len(times), version=version)


def log_days(state: State, days: int, rows: int = 20) -> None:
    """`rows` a day at any moment of it, the first and the last one included."""
    random = np.random.default_rng(3)
    for day in range(1, days + 1):
        first = MIDNIGHT - day * DAY
        moments = [first, first + DAY - TICK, *(first + timedelta(seconds=float(s)) for s in random.uniform(0, 86_400, rows - 2))]
        log(state, moments, seed=day)


def merged(state: State, kept: Path, since: datetime, until: datetime, reference: Profile = BASELINE.profile) -> Profile:
    return profile_log(state, COLUMNS, reference, since, until, kept)


def at_once(state: State, since: datetime, until: datetime, reference: Profile = BASELINE.profile) -> Profile:
    return profile_window(PredictionLog(state.place), COLUMNS, reference, Restriction(since=since, until=until))


def contents(kept: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(kept.iterdir())}


@pytest.mark.slow
@pytest.mark.parametrize("reference_rows", [300, 2000])  # told value by value, and in cells
def test_thirty_days_merged_are_one_pass_over_their_rows(state: State, kept: Path, reference_rows: int) -> None:
    log_days(state, 31)
    reference = small_baseline(small_table(reference_rows, 9)).profile
    since, until = MIDNIGHT - 30 * DAY - timedelta(hours=8), MIDNIGHT - timedelta(hours=8)
    for _ in ("counted", "kept"):
        found = merged(state, kept, since, until, reference)
        assert_profiles_equal(found, at_once(state, since, until, reference))
        assert 590 < found.rows < 610


def test_whole_days_alone_are_kept(state: State, kept: Path) -> None:
    log_days(state, 5)
    merged(state, kept, MIDNIGHT - 4 * DAY - TICK, MIDNIGHT - timedelta(hours=1))
    assert [name[:10] for name in contents(kept)] == ["2026-11-17", "2026-11-18", "2026-11-19"]
    merged(state, kept, MIDNIGHT - 4 * DAY, MIDNIGHT)
    assert [name[:10] for name in contents(kept)][-1] == "2026-11-20"
    assert len(contents(kept)) == 4


def test_a_kept_day_is_not_counted_again(state: State, kept: Path) -> None:
    log_days(state, 3)
    since, until = MIDNIGHT - 3 * DAY - TICK, MIDNIGHT
    before, files = merged(state, kept, since, until), contents(kept)
    with state.write() as connection:  # behind its back: as many rows, the same last one
        connection.execute(update(predictions).values(features=dict.fromkeys(COLUMNS.features)))
    assert at_once(state, since, until).numerical[0].nulls == 60
    assert merged(state, kept, since, until) == before
    assert contents(kept) == files


def test_a_day_to_which_rows_came_is_counted_again(state: State, kept: Path) -> None:
    log_days(state, 3)
    since, until = MIDNIGHT - 3 * DAY - TICK, MIDNIGHT
    merged(state, kept, since, until)
    files = contents(kept)
    log(state, [MIDNIGHT - 2 * DAY + timedelta(hours=5)] * 7, seed=50)
    found = merged(state, kept, since, until)
    assert found.rows == 67
    assert_profiles_equal(found, at_once(state, since, until))
    changed = [name[:10] for name, content in contents(kept).items() if content != files[name]]
    assert changed == ["2026-11-19"]


def test_a_day_from_which_rows_went_is_counted_again(state: State, kept: Path) -> None:
    log_days(state, 2)
    since, until = MIDNIGHT - 2 * DAY - TICK, MIDNIGHT
    merged(state, kept, since, until)
    with state.write() as connection:
        connection.execute(delete(predictions).where(predictions.c.seq.in_([1, 5, 40])))
    found = merged(state, kept, since, until)
    assert found.rows == 37
    assert_profiles_equal(found, at_once(state, since, until))


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b"[]", b'{"rows": 20, "last_seq": 20, "profile": {"rows": 20}}'])
def test_a_damaged_kept_file_is_made_anew(state: State, kept: Path, damage: bytes) -> None:
    log_days(state, 2)
    since, until = MIDNIGHT - 2 * DAY - TICK, MIDNIGHT
    before, files = merged(state, kept, since, until), contents(kept)
    for name in files:
        (kept / name).write_bytes(damage)
    assert_profiles_equal(merged(state, kept, since, until), before)
    assert all(content != damage for content in contents(kept).values())
    assert merged(state, kept, since, until).rows == 40


def test_each_model_version_has_days_of_its_own(state: State, kept: Path) -> None:
    morning = MIDNIGHT - DAY + timedelta(hours=9)
    for version in ("1", "2", "../../../x", "größer/\x00"):
        log(state, [morning + timedelta(minutes=minute) for minute in range(10)], version=version, seed=len(version))
    since, until = MIDNIGHT - DAY - TICK, MIDNIGHT
    assert_profiles_equal(merged(state, kept, since, until), at_once(state, since, until))
    files = contents(kept)
    assert len(files) == 4
    assert [path.name for path in kept.parent.parent.iterdir() if path.is_dir()] == ["profiles"], "a version leads to no other folder"
    log(state, [morning], version="2", seed=60)
    merged(state, kept, since, until)
    assert [name for name, content in contents(kept).items() if content != files[name]] == ["2026-11-20-32.json"]


def test_a_stretch_without_rows_is_an_empty_profile(state: State, kept: Path) -> None:
    log_days(state, 1)
    found = merged(state, kept, MIDNIGHT - 9 * DAY, MIDNIGHT - 5 * DAY)
    assert (found.rows, found.since) == (0, None)
    assert not kept.exists()
