"""A window that lies in files: a team's own prediction log under its own column names, `--current`, and `--outcomes`."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import ChurnopsError, DataError, Notice
from pipeline.intake.window_choice import WindowChoice
from pipeline.intake.window_rows import window_rows
from pipeline.intake.windows import file_window, logged_window
from pipeline.record.opened_workspace import Opened
from pipeline.state.outcomes import log_outcomes
from pipeline.windows.spans import WEEK, Last, NewestRows, Since, SinceDeploy
from pipeline.windows.window import Window, require_whole
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, CHAMPION, DAY, NEWEST, small_opened

OWN_NAMES = {"id": "Kunde", "time": "scored at", "score": "p(churn)"}
FORMATS = (".csv", ".jsonl", ".parquet")


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return small_opened(tmp_path, file="log.csv", **OWN_NAMES)


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


def own_log(folder: Path, frame: pd.DataFrame, ending: str = ".csv", **predictions: str) -> Window:
    """The team's log, named by a path from the workspace's folder."""
    path = write(frame, folder / f"log{ending}")
    return logged_window(small_opened(folder, file=path.name, **(predictions or OWN_NAMES)), CHAMPION, BASELINE)


def current(folder: Path, frame: pd.DataFrame, outcomes: str | None = None, **predictions: str) -> Window:
    said = None
    if outcomes is not None:
        said = folder / "outcomes.csv"
        said.write_text(outcomes, encoding="utf-8")
    return file_window(small_opened(folder, **(predictions or OWN_NAMES)), BASELINE, write(frame, folder / "current.csv"), said)


def churned(window: Window) -> dict[int, int]:
    """Known outcomes by the place of the row among those of customers with any outcome, in the order of time and id."""
    return {int(place): int(value) for place, value in window.labelled.churned.items()}


@pytest.mark.parametrize("ending", FORMATS)
def test_an_own_log_is_read_under_its_own_column_names(opened: Opened, tmp_path: Path, ending: str) -> None:
    frame = table(("old", NEWEST - 7 * DAY), ("a", NEWEST - DAY), ("b", NEWEST))
    log_outcomes(opened.state, ids=["a"], predicted=[NEWEST - DAY], observed=[NEWEST], churned=[1])
    window = own_log(tmp_path, frame, ending)
    assert (window.name, window.rows, window.since, window.until) == (f"log{ending}", 2, NEWEST - DAY, NEWEST)
    expected = small_table(3, 1)[list(COLUMNS.features)].iloc[1:].reset_index(drop=True).astype(dict.fromkeys(COLUMNS.categorical, object))
    pd.testing.assert_frame_equal(window_rows(window), expected)
    assert window.labelled.ids is not None
    assert window.labelled.times is not None
    assert (list(window.labelled.ids), list(window.labelled.times), churned(window)) == (["a"], [NEWEST - DAY], {0: 1})
    pd.testing.assert_frame_equal(window.labelled.features, expected.iloc[:1])
    assert window.profile.extra == ("Region",), "columns that the settings name are expected"


def test_every_format_of_a_log_has_the_same_fingerprint(opened: Opened, tmp_path: Path) -> None:
    frame = table(("a", NEWEST - DAY), ("b", NEWEST))
    log_outcomes(opened.state, ids=["a"], predicted=[NEWEST - DAY], observed=[NEWEST], churned=[1])
    assert len({own_log(tmp_path, frame, ending).fingerprint for ending in FORMATS}) == 1


def test_the_fingerprint_of_an_own_log_follows_the_window_alone(opened: Opened, tmp_path: Path) -> None:
    rows = [("old", NEWEST - 9 * DAY), ("a", NEWEST - DAY), ("b", NEWEST)]
    before = own_log(tmp_path, table(*rows)).fingerprint
    assert own_log(tmp_path, table(*rows).iloc[1:]).fingerprint == before, "a log that forgets old rows"
    assert own_log(tmp_path, table(*rows).assign(tenure=1)).fingerprint != before
    log_outcomes(opened.state, ids=["b"], predicted=[NEWEST], observed=[NEWEST], churned=[0])
    assert own_log(tmp_path, table(*rows)).fingerprint != before


def test_without_its_own_names_a_log_has_those_of_the_reference(opened: Opened, tmp_path: Path) -> None:
    frame = table(("a", NEWEST)).rename(columns={"Kunde": "customer", "scored at": "seit"})
    log_outcomes(opened.state, ids=["a"], predicted=[NEWEST], observed=[NEWEST], churned=[1])
    window = own_log(tmp_path, frame, id="")
    assert (window.rows, window.since, window.columns.id) == (1, None, "customer")
    assert (window.labelled_rows, window.profile.extra) == (1, ("Region", "p(churn)", "seit"))


@pytest.mark.parametrize("ending", FORMATS)
def test_a_daily_scored_base_is_no_repeat(tmp_path: Path, ending: str) -> None:
    frame = table(*((id_, NEWEST - day * DAY) for day in range(3) for id_ in "ab"))
    assert own_log(tmp_path, frame, ending).rows == 6


@pytest.mark.slow
@pytest.mark.parametrize("ending", FORMATS)
def test_of_an_own_log_every_span_can_be_chosen(opened: Opened, tmp_path: Path, ending: str) -> None:
    opened.ledger.append(NEWEST - 3 * DAY, "deployed", None, {})
    path = write(table(*((f"C{day}", NEWEST - day * DAY) for day in range(10))), tmp_path / f"log{ending}")
    own = small_opened(tmp_path, file=path.name, **OWN_NAMES)
    spans = (Last(2 * DAY), Since(NEWEST - 3 * DAY), SinceDeploy(), NewestRows(5), NewestRows(50))
    assert [logged_window(own, CHAMPION, BASELINE, span).rows for span in spans] == [2, 4, 3, 5, 10]
    with pytest.raises(DataError, match="Nothing was scored since 2026-11-22"):
        logged_window(own, CHAMPION, BASELINE, Since(NEWEST + DAY))


def test_a_log_without_scoring_times_is_one_window_and_says_so_when_asked_for_a_span(tmp_path: Path) -> None:
    frame = table(("a", NEWEST), ("b", NEWEST - 30 * DAY)).drop(columns="scored at")
    assert own_log(tmp_path, frame, id="Kunde").rows == 2
    with pytest.raises(DataError, match=r"log\.csv has no scoring time, so no stretch of it can be chosen") as refused:
        logged_window(small_opened(tmp_path, file="log.csv", id="Kunde"), CHAMPION, BASELINE, WEEK)
    assert "then all rows are the window" in refused.value.next_step


def days(folder: Path, ending: str) -> Path:
    """A log of three days in a folder of each, with what else lies about in such folders."""
    for day in range(3):
        place = folder / "log" / f"day={day}"
        place.mkdir(parents=True)
        write(table(("a", NEWEST - day * DAY), (f"C{day}", NEWEST - day * DAY)), place / f"part{ending}")
    (folder / "log" / "_temporary").mkdir()
    (folder / "log" / "_temporary" / f"part{ending}").write_text("torn")
    (folder / "log" / "_SUCCESS").touch()
    return folder / "log"


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("pattern", ["", "*/*", "day=[01]/part*"])
def test_a_log_may_be_a_folder_or_a_pattern(opened: Opened, tmp_path: Path, ending: str, pattern: str) -> None:
    folder = days(tmp_path, ending)
    path = folder / f"{pattern}{ending}" if pattern else folder
    expected = 4 if "[" in pattern else 6
    log_outcomes(opened.state, ids=["a"], predicted=[NEWEST - DAY], observed=[NEWEST], churned=[1])
    own = small_opened(tmp_path, file=str(path.relative_to(tmp_path)), **OWN_NAMES)
    if pattern == "*/*":
        (folder / "_temporary" / f"part{ending}").unlink()
    window = logged_window(own, CHAMPION, BASELINE)
    assert (window.rows, len(window_rows(window)), window.labelled_rows, window.labelled_churners) == (expected, expected, 1, 1)
    assert list(window.labelled.times) == [NEWEST - DAY]  # type: ignore[arg-type]
    said = write(pd.DataFrame({"Kunde": ["a"], "churned": ["yes"], "predicted_at": [NEWEST.isoformat()]}), tmp_path / "outcomes.csv")
    given = file_window(own, BASELINE, path, said)
    assert (given.rows, given.labelled_rows) == (expected, 1)
    assert list(given.labelled.times) == [NEWEST]  # type: ignore[arg-type]


@pytest.mark.slow
def test_where_a_log_names_the_champions_version_rows_of_others_are_left_out(tmp_path: Path) -> None:
    frame = table(("a", NEWEST), ("b", NEWEST), ("a", NEWEST), ("b", NEWEST)).assign(model=[1.0, 1.0, 2.0, np.nan])
    assert own_log(tmp_path, frame, **OWN_NAMES).profile.repeats == 2
    window = own_log(tmp_path, frame, **OWN_NAMES, model_version="model")
    assert (window.name, window.rows, window.profile.repeats) == ("log.csv, version 1", 2, 0)
    assert len(window_rows(window)) == 2
    theirs = own_log(tmp_path, frame.assign(model="prod-2026"), **OWN_NAMES, model_version="model")
    assert (theirs.name, theirs.rows) == ("log.csv", 4), "their own names for versions say nothing about ours"
    with pytest.raises(DataError, match="There is no column `gone` to choose a version by"):
        own_log(tmp_path, frame, **OWN_NAMES, model_version="gone")


@pytest.mark.parametrize(("predictions", "times"), [(OWN_NAMES, (NEWEST, NEWEST)), ({"id": "Kunde"}, (NEWEST, NEWEST - DAY))])
def test_a_customer_twice_at_one_scoring_time_is_counted_and_the_window_not_whole(
    tmp_path: Path, predictions: dict[str, str], times: tuple[datetime, ...]
) -> None:
    frame = table(("a", times[0]), ("b", NEWEST), ("a", times[1]))
    if "time" not in predictions:
        frame = frame.drop(columns="scored at")
    window = current(tmp_path, frame, **predictions)
    assert window.profile.repeats == 1
    with pytest.raises(DataError, match=r"current.csv has 1 rows that repeat a customer at the same scoring time") as refused:
        require_whole(window)
    assert "`time` under [predictions]" in refused.value.next_step


@pytest.mark.parametrize("score", [-0.1, 1.5, "high", None])
def test_a_score_that_is_no_probability_is_refused(tmp_path: Path, score: object) -> None:
    frame = table(("a", NEWEST), ("b", NEWEST)).astype({"p(churn)": object})
    frame.loc[1, "p(churn)"] = score
    with pytest.raises(DataError, match=r"Column p\(churn\) of current.csv is not a probability in every row"):
        current(tmp_path, frame)


def test_a_window_without_its_column_of_scores_is_a_window(tmp_path: Path) -> None:
    assert current(tmp_path, table(("a", NEWEST), ("b", NEWEST)).drop(columns="p(churn)")).rows == 2


@pytest.mark.parametrize("ending", FORMATS)
def test_scores_from_nought_to_one_are_probabilities_in_every_format(tmp_path: Path, ending: str) -> None:
    frame = table(("a", NEWEST), ("b", NEWEST))
    assert own_log(tmp_path, frame.assign(**{"p(churn)": [0.0, 1.0]}), ending).rows == 2
    with pytest.raises(DataError, match="is not a probability in every row"):
        own_log(tmp_path, frame.assign(**{"p(churn)": [0.0, 1.0000001]}), ending)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"charges": ["12.5", "a lot"]}, "1 values of `charges` are not numbers"),
        (dict.fromkeys(COLUMNS.features), r"In log\.\w+ every value is missing in: tenure, charges"),
    ],
)
def test_a_broken_window_is_read_as_far_as_it_goes_and_not_whole(tmp_path: Path, ending: str, broken: dict[str, object], said: str) -> None:
    window = own_log(tmp_path, table(("a", NEWEST), ("b", NEWEST)).astype({"charges": object}).assign(**broken), ending)
    assert (window.rows, window_rows(window)["charges"].isna().any()) == (2, True)
    with pytest.raises(DataError, match=said):
        require_whole(window)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"charges": None}, r"every value is missing in: charges\. There is no verdict on it"),
        ({"charges": ["n/a", "nan"], "payment": None}, r"every value is missing in: charges, payment\. There is no verdict on them"),
    ],
)
def test_dead_columns_are_said_and_the_others_answered_for(tmp_path: Path, broken: dict[str, object], said: str) -> None:
    window = own_log(tmp_path, table(("a", NEWEST), ("b", NEWEST)).astype({"charges": object}).assign(**broken), FORMATS[0])
    assert window_rows(window)["tenure"].notna().all() and window_rows(window)["charges"].isna().all()
    with pytest.warns(Notice, match=said):
        require_whole(window)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_window_without_a_feature_keeps_its_place_and_is_not_whole(opened: Opened, tmp_path: Path, ending: str) -> None:
    log_outcomes(opened.state, ids=["a"], predicted=[NEWEST], observed=[NEWEST], churned=[1])
    window = own_log(tmp_path, table(("a", NEWEST)).drop(columns=["tenure", "payment"]), ending)
    assert window.profile.absent == ("tenure", "payment")
    assert window_rows(window).isna().iloc[0].to_dict() == {"tenure": True, "charges": False, "contract": False, "payment": True}
    assert list(window.labelled.features) == list(COLUMNS.features)
    with pytest.raises(DataError, match=r"log\.\w+ lacks `tenure`, `payment`"):
        require_whole(window)


def test_dated_outcomes_join_by_id_and_scoring_time_in_any_zone(tmp_path: Path) -> None:
    frame = table(("a", NEWEST - DAY), ("a", NEWEST), ("b", NEWEST))
    window = current(tmp_path, frame, "Kunde,churned,predicted_at\na,yes,2026-11-21T10:00:00+01:00\nb,no,2026-11-21 09:00\n")
    assert churned(window) == {1: 1, 2: 0}


def test_undated_outcomes_join_by_id_alone(tmp_path: Path) -> None:
    frame = table(("a", NEWEST - DAY), ("a", NEWEST), ("b", NEWEST), ("c", NEWEST))
    assert churned(current(tmp_path, frame, "Kunde,churned\na,yes\nb,no\nz,yes\n")) == {0: 1, 1: 1, 2: 0}


def test_a_row_without_a_scoring_time_stands_in_where_no_dated_one_is_known(tmp_path: Path) -> None:
    frame = table(("a", NEWEST - DAY), ("a", NEWEST))
    assert churned(current(tmp_path, frame, "Kunde,churned,predicted_at\na,no,\na,yes,2026-11-21T09:00Z\n")) == {0: 0, 1: 1}


@pytest.mark.parametrize(
    "outcomes",
    [
        "Kunde,churned\na,no\na,yes\n",
        "Kunde,churned,observed_at\na,no,2026-12-01\na,yes,2026-12-20\n",
        "Kunde,churned,observed_at\na,yes,2026-12-20\na,no,2026-12-01\n",
    ],
)
def test_the_later_word_wins(tmp_path: Path, outcomes: str) -> None:
    assert churned(current(tmp_path, table(("a", NEWEST)), outcomes)) == {0: 1}


def test_rows_without_an_answer_or_an_id_say_nothing(tmp_path: Path) -> None:
    frame = table(("a", NEWEST), ("b", NEWEST), ("", NEWEST))
    assert churned(current(tmp_path, frame, "Kunde,churned\na,\nb,yes\n,yes\n")) == {0: 1}


def test_an_outcome_file_may_name_the_id_as_the_reference_does(tmp_path: Path) -> None:
    assert churned(current(tmp_path, table(("a", NEWEST)), "customer,churned\na,yes\n")) == {0: 1}


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ("Kunde,left\na,yes\n", "outcomes.csv lacks `churned`"),
        ("name,churned\na,yes\n", "outcomes.csv lacks `Kunde`"),
        ("Kunde,churned\na,yes\nb,no\nc,maybe\n", "`churned` holds 1 value that is neither a yes nor a no, in 1 of 3 rows"),
        ("Kunde,churned\na,\n", "outcomes.csv holds no outcome"),
        ("Kunde,churned,predicted_at\na,yes,soon\n", "1 values of `predicted_at` are not dates or times"),
    ],
)
def test_an_outcome_file_that_cannot_be_used_is_refused(tmp_path: Path, outcomes: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        current(tmp_path, table(("a", NEWEST)), outcomes)


def test_outcomes_for_a_window_without_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"current.csv has no id column, so outcomes cannot be joined"):
        current(tmp_path, table(("a", NEWEST)).drop(columns="Kunde"), "Kunde,churned\na,yes\n")


def test_outcomes_of_other_customers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No outcome in outcomes.csv belongs to a row of current.csv: none of its 1 ids is there"):
        current(tmp_path, table(("a", NEWEST)), "Kunde,churned\nstranger,yes\n")


def test_outcomes_of_other_scoring_times_are_refused_and_say_that_the_ids_are_right(tmp_path: Path) -> None:
    said = "Kunde,churned,predicted_at\na,yes,2026-11-19T09:00Z\nz,no,2026-11-21T09:00Z\n"
    with pytest.raises(DataError, match="1 of its 2 ids are there, but at other scoring times") as refused:
        current(tmp_path, table(("a", NEWEST), ("b", NEWEST)), said)
    assert "`scored_at` under [outcomes]" in refused.value.next_step


def test_outcomes_with_scoring_times_join_a_window_without_any_by_id_the_latest_word_counts(tmp_path: Path) -> None:
    frame = table(("a", NEWEST), ("b", NEWEST)).drop(columns="scored at")
    said = "Kunde,churned,predicted_at\na,no,2026-11-19\nb,yes,2026-11-19\na,yes,2026-11-20\n"
    assert churned(current(tmp_path, frame, said, id="Kunde")) == {0: 1, 1: 1}


@pytest.mark.parametrize("said", ["2026-11-20", "2026-11-20 09:00", "2026-11-20T09:00:12Z"])
def test_scoring_times_that_were_cut_in_the_file_are_those_of_the_window(tmp_path: Path, said: str) -> None:
    times = [NEWEST + timedelta(seconds=12, microseconds=345_678) - day * DAY for day in (2, 1, 0)]
    assert churned(current(tmp_path, table(*(("a", at) for at in times)), f"Kunde,churned,predicted_at\na,yes,{said}\n")) == {1: 1}


@pytest.mark.slow
def test_the_fingerprint_of_files_changes_with_rows_and_known_outcomes_only(tmp_path: Path) -> None:
    frame = table(("a", NEWEST), ("b", NEWEST))
    bare = current(tmp_path, frame).fingerprint
    known = current(tmp_path, frame, "Kunde,churned\na,yes\n").fingerprint
    swapped = current(tmp_path, frame, "Kunde,churned\nb,yes\n").fingerprint
    moved = current(tmp_path, frame.assign(tenure=1.0)).fingerprint
    assert len({bare, known, swapped, moved}) == 4
    assert current(tmp_path, frame.assign(Region="Nord")).fingerprint == bare
    assert current(tmp_path, frame.iloc[::-1]).fingerprint == bare
    assert current(tmp_path, frame, "Kunde,churned\nstranger,no\na,yes\n").fingerprint == known


def test_a_chat_says_where_a_window_at_a_url_is_named() -> None:
    with pytest.raises(ChurnopsError, match=r"Start it with --current URL\."):
        WindowChoice().changed("file s3://bucket/scored.parquet")


@pytest.mark.parametrize("ending", FORMATS)
def test_rows_of_an_own_log_dated_in_the_future_move_no_window(tmp_path: Path, ending: str) -> None:
    frame = table(("a", NEWEST - DAY), ("b", NEWEST), ("typo", NEWEST.replace(year=2062)), ("typo 2", NEWEST + 42 * DAY))
    window = own_log(tmp_path, frame, ending)
    assert (window.rows, window.until, window.set_aside) == (2, NEWEST, 2)
    only = table(("typo", NEWEST.replace(year=2062)))
    with pytest.raises(DataError, match=r"Every row of log\.\w+ is dated in the future") as refused:
        own_log(tmp_path, only, ending)
    assert "clock" in refused.value.next_step
