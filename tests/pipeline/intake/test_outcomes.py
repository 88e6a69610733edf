"""Outcomes added to the log: counted, once, by the format that `--outcomes` reads, under a team's own names and words; pulled and taken back."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.intake.outcomes import Added, add_outcomes, newest_intake, pull_outcomes, undo_intake
from pipeline.intake.window_labels import label_rule
from pipeline.intake.windows import file_window, logged_window
from pipeline.record.opened_workspace import Opened
from pipeline.state.predictions import log_predictions, read_labelled
from pipeline.windows.spans import Last
from pipeline.windows.window import Window
from pipeline.workspace.outcome_settings import OutcomeSettings
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, CHAMPION, DAY, NEWEST, small_opened

TWO = {"strangers": 0, "repeated": 0, "unused_dates": (), "labels_every_scoring": True}
ONE = {"strangers": None, "repeated": 0, "unused_dates": (), "labels_every_scoring": False}


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """A workspace that scored C00000 to C00002 on two days."""
    opened = small_opened(tmp_path)
    for times in ([NEWEST - DAY] * 3, [NEWEST] * 3):
        log_predictions(
            opened.state, small_table(3, 1), COLUMNS, ids=["C00000", "C00001", "C00002"], times=times, scores=[0.5] * 3, version="1"
        )
    return opened


def under(opened: Opened, **named: Any) -> Opened:
    """The workspace with these keys under [outcomes]."""
    return replace(opened, settings=opened.settings.model_copy(update={"outcomes": OutcomeSettings(**named)}))


def written(opened: Opened, *lines: str, header: str = "customer,churned") -> Path:
    file = opened.workspace.root / "outcomes.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


def add(opened: Opened, *lines: str, header: str = "customer,churned") -> Added:
    return add_outcomes(opened, written(opened, *lines, header=header))


def labelled(opened: Opened, known_after: timedelta = timedelta()) -> list[tuple[str, int]]:
    rows = read_labelled(opened.state, COLUMNS, NEWEST - 7 * DAY, NEWEST, opened.clock() + known_after, label_rule(opened.settings))
    return list(zip(rows["_id"], rows["_churned"], strict=True))


def test_added_outcomes_are_known_to_windows(opened: Opened) -> None:
    assert add(opened, "C00000,yes", "C00002,no") == Added(added=2, corrected=0, known=0, **TWO)
    assert labelled(opened) == [("C00000", 1), ("C00002", 0)] * 2


def test_adding_them_again_changes_nothing(opened: Opened) -> None:
    add(opened, "C00000,yes", "C00002,no")
    assert add(opened, "C00002,no", "C00000,yes", "C00001,no") == Added(added=1, corrected=0, known=2, **TWO)
    assert len(labelled(opened)) == 6


def test_another_word_counts_from_then_on_and_is_said(opened: Opened) -> None:
    add(opened, "C00000,yes")
    assert add(opened, "C00000,no") == Added(added=1, corrected=1, known=0, **TWO)
    assert labelled(opened) == [("C00000", 0)] * 2


def test_an_outcome_belongs_to_the_scoring_it_names_and_is_known_when_it_was_seen(opened: Opened) -> None:
    seen = opened.clock() + DAY
    add(opened, f"C00000,yes,{NEWEST.isoformat()},{seen.isoformat()}", header="customer,churned,predicted_at,observed_at")
    assert labelled(opened) == []
    assert labelled(opened, DAY) == [("C00000", 1)]


def test_a_scoring_day_is_the_prediction_of_that_day(opened: Opened) -> None:
    add(opened, f"C00000,yes,{NEWEST:%Y-%m-%d}", header="customer,churned,predicted_at")
    rows = read_labelled(opened.state, COLUMNS, NEWEST - 7 * DAY, NEWEST, opened.clock())
    assert list(rows["_time"]) == [NEWEST]


def test_customers_nobody_scored_are_counted(opened: Opened) -> None:
    assert add(opened, "C00000,yes", "X,no").strangers == 1


def test_rows_that_repeat_a_customer_without_scoring_times_are_counted_and_the_latest_word_wins(opened: Opened) -> None:
    assert add(opened, "C00000,yes", "C00001,no", "C00000,no") == Added(2, 0, 0, **{**TWO, "repeated": 1})
    assert labelled(opened) == [("C00000", 0), ("C00001", 0)] * 2


def test_an_old_word_that_labels_the_newest_scorings_is_told_of_and_with_a_horizon_labels_none(opened: Opened, tmp_path: Path) -> None:
    header = "customer,churned,known_on"
    told, before = "C00000,no,2026-11-20 09:00", "C00001,no,2026-12-20 09:00"
    assert add(under(opened, observed_at="known_on"), told, header=header).labels_every_scoring
    assert labelled(opened) == [("C00000", 0)] * 2
    assert not add(under(opened, observed_at="known_on", horizon="14d"), told, before, header=header).labels_every_scoring
    assert not add(opened, "C00002,no,2026-11-21T09:00:00Z", header="customer,churned,predicted_at").labels_every_scoring
    (tmp_path / "once").mkdir()
    fresh = small_opened(tmp_path / "once")
    log_predictions(fresh.state, small_table(1, 1), COLUMNS, ids=["C00000"], times=[NEWEST], scores=[0.5], version="1")
    assert not add(fresh, "C00000,no").labels_every_scoring


@pytest.mark.parametrize(("customers", "again"), [(5, True), (10, False)])
def test_so_it_is_in_a_log_of_the_teams_own(tmp_path: Path, customers: int, again: bool) -> None:
    ids = [f"C{number % customers}" for number in range(10)]
    small_table(10, 1).assign(customer=ids).to_csv(tmp_path / "own.csv", index=False)
    opened = small_opened(tmp_path, file="own.csv")
    assert add(opened, "C1,no", "C2,yes").labels_every_scoring == again


def test_in_a_log_of_the_teams_own_nobody_is_a_stranger(tmp_path: Path) -> None:
    opened = small_opened(tmp_path, file="own.csv")
    assert add(opened, "X,no", "Y,yes") == Added(added=2, corrected=0, known=0, **ONE)


def test_a_file_that_is_none_is_one_sentence_and_adds_nothing(opened: Opened) -> None:
    with pytest.raises(DataError, match="lacks"):
        add(opened, "C00000,yes", header="customer,left")
    assert labelled(opened) == []


def test_under_its_own_names_and_words_a_team_s_file_is_read_as_it_is(opened: Opened) -> None:
    named = under(
        opened, id="kunde", outcome="status", scored_at="bewertet", observed_at="gesehen", yes=("Gekündigt", "1"), no=("aktiv", "pausiert")
    )
    header, seen = "kunde,status,bewertet,gesehen", (opened.clock() + DAY).isoformat()
    told = add(named, f"C00000,GEKÜNDIGT,{NEWEST.isoformat()},{seen}", f"C00001,Aktiv,,{NEWEST}", f"C00002,1.0,,{NEWEST}", header=header)
    assert (told.added, told.unused_dates) == (3, ())
    assert labelled(opened) == [("C00001", 0), ("C00002", 1)] * 2
    assert ("C00000", 1) in labelled(opened, DAY)


@pytest.mark.parametrize(
    ("words", "churned"),
    [
        (["YES", "No"], [1, 0]),
        (["yes", "stayed"], [1, 0]),  # beside a yes one other word can only be the no
        (["no", "no"], [0, 0]),
        (["yes", "yes"], [1, 1]),
    ],
)
def test_words_are_those_of_the_reference_in_any_case_of_letters(opened: Opened, words: list[str], churned: list[int]) -> None:
    add(opened, f"C00000,{words[0]}", f"C00001,{words[1]}")
    assert [value for _, value in labelled(opened)][:2] == churned


@pytest.mark.parametrize(
    ("named", "words", "said"),
    [
        # Churners alone, in words of their own, are nobody who stayed.
        ({}, ["churned", "churned"], "1 value that is neither a yes nor a no, in 2 of 2 rows"),
        ({}, ["yes", "no", "maybe"], "1 value that is neither"),
        ({}, ["yes", "left", "stayed"], "2 values that are neither a yes nor a no, in 2 of 3 rows"),
        ({"no": ("active",)}, ["yes", "no"], "1 value that is neither"),
    ],
)
def test_a_word_without_a_meaning_is_counted_and_never_quoted(opened: Opened, named: dict[str, Any], words: list[str], said: str) -> None:
    with pytest.raises(DataError, match=said) as refused:
        add(under(opened, **named), *(f"C{place:05},{word}" for place, word in enumerate(words)))
    assert not any(word in str(refused.value) for word in ("maybe", "left", "stayed"))
    assert 'under [outcomes] in churnops.toml, `yes = ["…"]`' in refused.value.next_step


def test_words_without_a_meaning_that_many_customers_share_are_shown(opened: Opened) -> None:
    lines = [f"C{place:05},{'gone' if place % 2 else 'active' + 50 * '!'}" for place in range(20)]
    with pytest.raises(DataError, match=rf"first in data row 1; met “active{33 * '!'}…”, “gone”\.") as refused:
        add(opened, *lines, "C00020,Ada Lovelace")
    assert "Lovelace" not in str(refused.value).title()


@pytest.mark.parametrize(("positive", "churned"), [("yes", [1, 0]), ("no", [0, 1]), ("Churned", [1, 0])])
def test_booleans_need_no_words(opened: Opened, positive: str, churned: list[int]) -> None:
    data = opened.settings.data.model_copy(update={"positive": positive})
    booleans = replace(opened, settings=opened.settings.model_copy(update={"data": data}))
    add(booleans, "C00000,true", "C00001,False")
    assert [value for _, value in labelled(opened)][:2] == churned


@pytest.mark.parametrize(
    ("named", "header", "said"),
    [
        ({}, "customer,Churned", 'Did you mean `Churned`? Then write outcome = "Churned" under [outcomes]'),
        ({"id": "customer_no"}, "customer_nr,churned", 'Did you mean `customer_nr`? Then write id = "customer_nr"'),
        ({"observed_at": "closed on"}, "customer,churned,closed_on", 'Did you mean `closed_on`? Then write observed_at = "closed_on"'),
        ({}, "customer,x", "Its columns are `customer`, `x`; name outcome under [outcomes]"),
    ],
)
def test_a_missing_column_names_the_one_that_is_meant(opened: Opened, named: dict[str, Any], header: str, said: str) -> None:
    with pytest.raises(DataError) as refused:
        add(under(opened, **named), ",".join(["C00000", "yes", "2026-01-31"][: header.count(",") + 1]), header=header)
    assert said in refused.value.next_step


def test_columns_of_dates_that_nobody_reads_are_named(opened: Opened) -> None:
    header = "customer,churned,closed_on,account,plan,predicted_at"
    told = add(opened, "C00000,yes,31.01.2026,1700000000,gold,", "C00001,no,,1700000001,2026,", header=header)
    assert told.unused_dates == ("closed_on",)
    assert add(under(opened, observed_at="closed_on"), "C00001,no,31.01.2026,1,gold,", header=header).unused_dates == ()


def test_outcomes_are_pulled_from_the_file_that_is_named(opened: Opened) -> None:
    written(opened, "C00000,yes", "C00001,no")
    named = under(opened, file="outcomes.csv")
    assert (pull_outcomes(named).added, pull_outcomes(named).known) == (2, 2)
    assert newest_intake(named).source == "outcomes.csv"
    with pytest.raises(DataError, match="does not say where outcomes lie"):
        pull_outcomes(opened)


def test_outcomes_are_pulled_from_a_table(opened: Opened) -> None:
    with sqlite3.connect(opened.workspace.root / "crm.db") as connection:
        frame = pd.DataFrame({"kunde": ["C00000", "C00001", "C00002"], "weg": [1, 0, None], "am": [str(NEWEST + 2 * DAY)] * 3})
        frame.to_sql("churn", connection, index=False)
    where = {"table": "churn", "url": "sqlite:///crm.db", "yes": ("1",), "no": ("0",), "observed_at": "am"}
    named = under(opened, id="kunde", outcome="weg", **where)
    assert (pull_outcomes(named).added, newest_intake(named).source) == (2, "churn")
    assert labelled(opened) == [("C00000", 1), ("C00001", 0)] * 2
    with pytest.raises(DataError, match="churn lacks `churned`"):
        pull_outcomes(under(opened, id="kunde", **where))
    with pytest.raises(DataError, match="churn lacks `customer`") as refused:
        pull_outcomes(under(opened, outcome="weg", **where))
    assert "`kunde`" in refused.value.next_step


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl"])
def test_a_label_that_the_log_gets_later_is_pulled_once_it_is_there(tmp_path: Path, ending: str) -> None:
    log = tmp_path / f"log{ending}"
    frame = small_table(4, 1)[list(COLUMNS.features)].assign(
        customer=["a", "a", "b", "c"], at=[(NEWEST - day * DAY).isoformat() for day in (1, 0, 0, 0)]
    )
    opened = under(small_opened(tmp_path, file=log.name, time="at"), column="label_30d", yes=("1",), no=("0",))

    def pulled(*label: float | None) -> tuple[Added, list[int]]:
        told = frame.assign(label_30d=label)
        if ending == ".csv":
            told.to_csv(log, index=False)
        elif ending == ".parquet":
            told.to_parquet(log)
        else:
            told.to_json(log, orient="records", lines=True)
        added = pull_outcomes(opened)
        return added, logged_window(opened, CHAMPION, BASELINE).labelled.churned.tolist()

    first, known = pulled(1, None, None, None)
    assert (first.added, known) == (1, [1])
    second, known = pulled(1, 0, 1, None)
    assert (second.added, second.known, known) == (2, 1, [1, 0, 1])
    assert newest_intake(opened).source == f"label_30d of log{ending}"
    with pytest.raises(DataError, match="has no outcome yet: `label_30d` is empty in every row"):
        pulled(None, None, None, None)


def test_an_intake_is_taken_back_and_goes_into_the_ledger(opened: Opened) -> None:
    add(opened, "C00000,no")
    add(opened, "C00000,yes", "C00001,yes")
    newest = newest_intake(opened)
    assert (newest.source, newest.rows, newest.at) == ("outcomes.csv", 2, opened.clock())
    undo_intake(opened, newest)
    assert labelled(opened) == [("C00000", 0)] * 2
    (entry,) = opened.ledger.of_kind("outcomes_undone")
    assert entry.body == {"number": newest.number, "source": "outcomes.csv", "rows": 2, "by": ""}
    with pytest.raises(DataError, match="taken back meanwhile"):
        undo_intake(opened, newest)
    undo_intake(opened, newest_intake(opened))
    assert labelled(opened) == []
    with pytest.raises(DataError, match="No intake of outcomes can be taken back"):
        newest_intake(opened)


def daily(folder: Path, days: int, **predictions: str) -> tuple[Opened, Path]:
    """A workspace, and a file in which three customers are scored daily, up to the newest day."""
    opened = small_opened(folder, **(predictions or {"time": "at"}))
    scored = [(id_, NEWEST - day * DAY) for day in range(days) for id_ in "abc"]
    frame = small_table(len(scored), 1)[list(COLUMNS.features)]
    frame = frame.assign(customer=[id_ for id_, _ in scored], at=[at.isoformat() for _, at in scored])
    frame.to_csv(folder / "log.csv", index=False)
    return opened, folder / "log.csv"


def by_day(window: Window) -> dict[tuple[str, int], int]:
    """Known outcomes by customer and days before the newest prediction."""
    known = window.labelled
    assert known.ids is not None
    assert known.times is not None
    return {(id_, (NEWEST - at).days): int(churned) for id_, at, churned in zip(known.ids, known.times, known.churned, strict=True)}


CHURNERS = ("a,yes,2026-11-18T09:00Z", "z,yes,2026-11-19T09:00Z")  # three days and two days before the newest prediction


@pytest.mark.parametrize("where", ["log", "file", "logged by churnops"])
def test_with_a_horizon_and_churners_alone_daily_predictions_are_labelled_until_the_feed_ends(tmp_path: Path, where: str) -> None:
    opened, file = daily(tmp_path, 8, **({"file": "log.csv", "time": "at"} if where == "log" else {"time": "at"}))
    opened = under(opened, horizon="2d", absence="stayed")
    said = written(opened, *CHURNERS, header="customer,churned,observed_at")
    if where == "file":
        window = file_window(opened, BASELINE, file, said)
    else:
        add_outcomes(opened, said)
        if where != "log":
            frame = pd.read_csv(file)
            times = [pd.Timestamp(at).to_pydatetime() for at in frame["at"]]
            log_predictions(
                opened.state, frame, COLUMNS, ids=frame["customer"].tolist(), times=times, scores=[0.5] * len(frame), version="1"
            )
        window = logged_window(opened, CHAMPION, BASELINE, Last(30 * DAY))
    # The newest word is two days old, and the horizon two days: four days ago the last one was over.
    stayed = {(id_, day): 0 for id_ in "bc" for day in (4, 5, 6, 7)} | {("a", 6): 0, ("a", 7): 0}
    assert by_day(window) == stayed | {("a", 4): 1, ("a", 5): 1}


def test_with_a_horizon_a_file_must_say_when_and_a_window_when_it_was_scored(tmp_path: Path) -> None:
    opened, file = daily(tmp_path, 3)
    named = under(opened, horizon="2d")
    with pytest.raises(DataError, match="does not say when each customer churned") as refused:
        file_window(named, BASELINE, file, written(named, "a,yes,2026-11-18", header="customer,churned,closed_on"))
    assert "observed_at under [outcomes] (`closed_on` may be it)" in refused.value.next_step
    said = written(named, *CHURNERS, header="customer,churned,observed_at")
    with pytest.raises(DataError, match="1 of its 2 ids are there, but no horizon is over yet"):
        file_window(named, BASELINE, file, said)
    timeless = under(small_opened(tmp_path), horizon="2d")
    pd.read_csv(file).drop(columns="at").drop_duplicates("customer").to_csv(file, index=False)
    with pytest.raises(DataError, match=r"log\.csv has no scoring time, from where the horizon of 2d counts"):
        file_window(timeless, BASELINE, file, said)


def test_with_a_horizon_what_a_file_says_of_the_future_is_not_known_and_ends_no_horizon(tmp_path: Path) -> None:
    opened, file = daily(tmp_path, 8)
    named = under(opened, horizon="2d", absence="stayed")
    said = written(named, *CHURNERS, "b,yes,2062-11-19", header="customer,churned,observed_at")
    assert max(day for _, day in by_day(file_window(named, BASELINE, file, said))) == 7
    assert min(day for _, day in by_day(file_window(named, BASELINE, file, said))) == 4
