"""A window that lies in files: a team's own prediction log under its own column names, `--current`, and `--outcomes`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.predictions import log_outcomes
from pipeline.settings import DataSettings, PredictionSettings, Settings
from pipeline.state import State, open_state
from pipeline.windows import Window, file_window, logged_window

from .small_tables import COLUMNS, small_table

NEWEST = datetime(2026, 11, 21, 9, tzinfo=UTC)
DAY = timedelta(days=1)
DATA = DataSettings(
    file="c.csv", sha256="", target="churned", positive="yes", id="customer", numerical=COLUMNS.numerical, categorical=COLUMNS.categorical
)
OWN_NAMES = {"id": "Kunde", "time": "scored at", "score": "p(churn)"}


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state.db", create=True)


def settings(**predictions: str) -> Settings:
    return Settings(data=DATA, predictions=PredictionSettings(**predictions))


def table(*rows: tuple[str, datetime | None]) -> pd.DataFrame:
    """A log as a team might have it: its own column names, columns of its own, times without a fixed zone."""
    ids, times = zip(*rows, strict=True)
    features = small_table(len(rows), 1)[list(COLUMNS.features)]
    return features.assign(**{"Kunde": ids, "scored at": [time and time.isoformat() for time in times], "p(churn)": 0.25, "Region": "Süd"})


def write(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".jsonl":
        rows = json.loads(frame.to_json(orient="records", double_precision=15))
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        frame.to_csv(path, index=False)
    return path


def own_log(state: State, path: Path) -> Window:
    return logged_window(state, settings(file=str(path), **OWN_NAMES), NEWEST + 40 * DAY)


def current(folder: Path, frame: pd.DataFrame, outcomes: str | None = None, **predictions: str) -> Window:
    said = None
    if outcomes is not None:
        said = folder / "outcomes.csv"
        said.write_text(outcomes, encoding="utf-8")
    return file_window(settings(**(predictions or OWN_NAMES)), write(frame, folder / "current.csv"), said)


def churned(window: Window) -> list[float | None]:
    return [None if pd.isna(value) else value for value in window.churned]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_an_own_log_is_read_under_its_own_column_names(state: State, tmp_path: Path, ending: str) -> None:
    frame = table(("old", NEWEST - 7 * DAY), ("a", NEWEST - DAY), ("b", NEWEST))
    log_outcomes(state, ids=["a"], predicted=[NEWEST - DAY], observed=[NEWEST], churned=[1])
    window = own_log(state, write(frame, tmp_path / f"log{ending}"))
    assert list(window.ids) == ["a", "b"]
    assert (window.since, window.until, window.source) == (NEWEST - DAY, NEWEST, f"log{ending}")
    assert list(window.scores) == [0.25, 0.25]
    assert churned(window) == [1, None]
    expected = small_table(3, 1)[list(COLUMNS.features)].iloc[1:].astype(dict.fromkeys(COLUMNS.categorical, object))
    pd.testing.assert_frame_equal(window.features, expected, check_index_type=False)


def test_every_format_of_a_log_has_the_same_fingerprint(state: State, tmp_path: Path) -> None:
    frame = table(("a", NEWEST - DAY), ("b", NEWEST))
    marks = {own_log(state, write(frame, tmp_path / f"log{ending}")).fingerprint for ending in (".csv", ".jsonl", ".parquet")}
    assert len(marks) == 1


def test_the_fingerprint_of_an_own_log_follows_the_window_alone(state: State, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = [("old", NEWEST - 9 * DAY), ("a", NEWEST - DAY), ("b", NEWEST)]
    before = own_log(state, write(table(*rows), path)).fingerprint
    assert own_log(state, write(table(*rows).iloc[1:], path)).fingerprint == before, "a log that forgets old rows"
    assert own_log(state, write(table(*rows).assign(tenure=1), path)).fingerprint != before
    log_outcomes(state, ids=["b"], predicted=[NEWEST], observed=[NEWEST], churned=[0])
    assert own_log(state, write(table(*rows), path)).fingerprint != before


def test_without_its_own_names_a_log_has_those_of_the_reference(state: State, tmp_path: Path) -> None:
    frame = table(("a", NEWEST)).rename(columns={"Kunde": "customer"})
    window = logged_window(state, settings(file=str(write(frame, tmp_path / "log.csv"))), NEWEST)
    assert list(window.ids) == ["a"]
    assert (window.times, window.scores, window.since) == (None, None, None)


def test_a_daily_scored_base_is_no_repeat(state: State, tmp_path: Path) -> None:
    frame = table(*((id_, NEWEST - day * DAY) for day in range(3) for id_ in "ab"))
    assert own_log(state, write(frame, tmp_path / "log.csv")).rows == 6


@pytest.mark.parametrize(("predictions", "times"), [(OWN_NAMES, (NEWEST, NEWEST)), ({"id": "Kunde"}, (NEWEST, NEWEST - DAY))])
def test_a_customer_twice_at_one_scoring_time_is_refused(tmp_path: Path, predictions: dict[str, str], times: tuple[datetime, ...]) -> None:
    frame = table(("a", times[0]), ("b", NEWEST), ("a", times[1]))
    with pytest.raises(DataError, match=r"current.csv has 1 rows that repeat a customer at the same scoring time") as refused:
        current(tmp_path, frame, **predictions)
    assert "`time` under [predictions]" in refused.value.next_step


@pytest.mark.parametrize("score", [-0.1, 1.5, "high", None])
def test_a_score_that_is_no_probability_is_refused(tmp_path: Path, score: object) -> None:
    frame = table(("a", NEWEST), ("b", NEWEST)).astype({"p(churn)": object})
    frame.loc[1, "p(churn)"] = score
    with pytest.raises(DataError, match=r"Column p\(churn\) of current.csv is not a probability in every row"):
        current(tmp_path, frame)


def test_a_window_without_a_feature_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"current.csv lacks `tenure`, `payment`"):
        current(tmp_path, table(("a", NEWEST)).drop(columns=["tenure", "payment"]))


def test_dated_outcomes_join_by_id_and_scoring_time_in_any_zone(tmp_path: Path) -> None:
    frame = table(("a", NEWEST - DAY), ("a", NEWEST), ("b", NEWEST))
    window = current(tmp_path, frame, "Kunde,churned,predicted_at\na,yes,2026-11-21T10:00:00+01:00\nb,no,2026-11-21 09:00\n")
    assert churned(window) == [None, 1, 0]


def test_undated_outcomes_join_by_id_alone(tmp_path: Path) -> None:
    frame = table(("a", NEWEST - DAY), ("a", NEWEST), ("b", NEWEST), ("c", NEWEST))
    assert churned(current(tmp_path, frame, "Kunde,churned\na,yes\nb,no\nz,yes\n")) == [1, 1, 0, None]


def test_a_row_without_a_scoring_time_stands_in_where_no_dated_one_is_known(tmp_path: Path) -> None:
    frame = table(("a", NEWEST - DAY), ("a", NEWEST))
    assert churned(current(tmp_path, frame, "Kunde,churned,predicted_at\na,no,\na,yes,2026-11-21T09:00Z\n")) == [0, 1]


@pytest.mark.parametrize(
    "outcomes",
    [
        "Kunde,churned\na,no\na,yes\n",
        "Kunde,churned,observed_at\na,no,2026-12-01\na,yes,2026-12-20\n",
        "Kunde,churned,observed_at\na,yes,2026-12-20\na,no,2026-12-01\n",
    ],
)
def test_the_later_word_wins(tmp_path: Path, outcomes: str) -> None:
    assert churned(current(tmp_path, table(("a", NEWEST)), outcomes)) == [1]


def test_rows_without_an_answer_or_an_id_say_nothing(tmp_path: Path) -> None:
    frame = table(("a", NEWEST), ("b", NEWEST), ("", NEWEST))
    assert churned(current(tmp_path, frame, "Kunde,churned\na,\nb,yes\n,yes\n")) == [None, 1, None]


def test_an_outcome_file_may_name_the_id_as_the_reference_does(tmp_path: Path) -> None:
    assert churned(current(tmp_path, table(("a", NEWEST)), "customer,churned\na,yes\n")) == [1]


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ("Kunde,left\na,yes\n", "outcomes.csv lacks `Kunde` or `churned`"),
        ("name,churned\na,yes\n", "outcomes.csv lacks `Kunde` or `churned`"),
        ("Kunde,churned\na,yes\nb,no\nc,maybe\n", "`churned` holds 2 values beside `yes`"),
        ("Kunde,churned,predicted_at\na,yes,soon\n", "1 values of `predicted_at` are not dates or times"),
    ],
)
def test_an_outcome_file_that_cannot_be_used_is_refused(tmp_path: Path, outcomes: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        current(tmp_path, table(("a", NEWEST)), outcomes)


def test_outcomes_for_a_window_without_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"current.csv has no id column, so outcomes cannot be joined"):
        current(tmp_path, table(("a", NEWEST)).drop(columns="Kunde"), "Kunde,churned\na,yes\n")


def test_the_fingerprint_of_files_changes_with_rows_and_known_outcomes_only(tmp_path: Path) -> None:
    frame = table(("a", NEWEST), ("b", NEWEST))
    bare = current(tmp_path, frame).fingerprint
    known = current(tmp_path, frame, "Kunde,churned\na,yes\n").fingerprint
    swapped = current(tmp_path, frame, "Kunde,churned\nb,yes\n").fingerprint
    moved = current(tmp_path, frame.assign(tenure=1.0)).fingerprint
    rescored = current(tmp_path, frame.assign(**{"p(churn)": 0.5})).fingerprint
    assert len({bare, known, swapped, moved, rescored}) == 5
    assert current(tmp_path, frame.assign(Region="Nord")).fingerprint == bare
    assert current(tmp_path, frame, "Kunde,churned\nstranger,no\na,yes\n").fingerprint == known
