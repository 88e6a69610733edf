"""How a dated table is cut: whole moments, whole batches, and roles as they were known then."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.replay.dated_table import Columns, DatedTable, Pace, parse_reference, read_dated
from tests.pipeline.replay.dated_customers import A_WEEK, START, as_file, dated_customers

SAID = Columns("seen", "churned")
PACE = Pace(timedelta(weeks=2), timedelta(days=10), timedelta(weeks=6))


def test_batches_follow_the_reference_without_a_gap(table: DatedTable) -> None:
    assert len(table.reference) == 6 * A_WEEK
    assert [batch.number for batch in table.batches] == [1, 2, 3, 4]
    assert [len(batch.rows) for batch in table.batches] == [2 * A_WEEK] * 4
    assert table.batches[0].since == START + timedelta(weeks=6)
    assert all(batch.until == after.since for batch, after in zip(table.batches, table.batches[1:], strict=False))
    assert (table.without_batch, table.undated) == (0, 0)
    assert (table.columns.id, table.columns.time) == ("customer_id", "seen")


@pytest.mark.parametrize("reference", [6 * A_WEEK, 6 / 14, timedelta(weeks=6)])
def test_a_reference_is_rows_or_a_share_or_a_length(reference: int | float | timedelta, tmp_path: Path) -> None:
    table = read_dated(as_file(dated_customers(14, 3), tmp_path), SAID, replace(PACE, reference=reference))
    assert len(table.reference) == 6 * A_WEEK


def test_rows_of_one_moment_are_on_one_side(tmp_path: Path) -> None:
    rows = dated_customers(14, 3)
    monthly = rows.assign(seen=[(START + timedelta(weeks=place // (2 * A_WEEK) * 2)).isoformat() for place in range(len(rows))])
    table = read_dated(as_file(monthly, tmp_path), SAID, replace(PACE, reference=650))
    assert len(table.reference) == 600
    assert {len(batch.rows) for batch in table.batches} == {300}


def test_order_in_the_file_is_none(tmp_path: Path, table: DatedTable) -> None:
    shuffled = dated_customers(14, 3).sample(frac=1, random_state=1)
    again = read_dated(as_file(shuffled, tmp_path), SAID, PACE)
    pd.testing.assert_frame_equal(again.batches[2].rows, table.batches[2].rows)


def test_a_last_batch_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    table = read_dated(as_file(dated_customers(15, 3), tmp_path), SAID, PACE)
    assert len(table.batches) == 4
    assert table.without_batch == A_WEEK


def test_roles_are_what_the_reference_shows(tmp_path: Path) -> None:
    rows = dated_customers(14, 3)
    rows["tariff"] = [1.5 if place < 8 * A_WEEK else place % 7 / 2 for place in range(len(rows))]  # begins to vary later
    table = read_dated(as_file(rows, tmp_path), SAID, PACE)
    assert "tariff" not in table.columns.features
    assert ("tariff", "it is constant") in table.roles.ignored


def test_rows_without_a_time_or_an_outcome_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = dated_customers(14, 3)
    rows.loc[5, "seen"] = None
    rows.loc[[9, 2000], "churned"] = None
    table = read_dated(as_file(rows, tmp_path), SAID, PACE)
    assert table.undated == 3
    assert len(table.reference) == 6 * A_WEEK - 2


def test_time_and_id_are_the_columns_that_were_named(tmp_path: Path) -> None:
    rows = dated_customers(14, 3).rename(columns={"seen": "billing_cycle", "customer_id": "ref"})
    rows["scored_at"] = rows["billing_cycle"]
    table = read_dated(as_file(rows, tmp_path), Columns("billing_cycle", "churned", id="ref"), PACE)
    assert (table.columns.time, table.columns.id) == ("billing_cycle", "ref")
    assert table.columns.features == ("tenure", "calls", "plan")


@pytest.mark.parametrize(
    ("said", "pace", "sentence"),
    [
        (Columns("when", "churned"), PACE, "has no column `when`"),
        (Columns("seen", "left"), PACE, "has no column `left`"),
        (Columns("plan", "churned"), PACE, "values of `plan`"),
        (Columns("seen", "churned", id="plan2"), PACE, "`plan2` cannot be the id"),
        (Columns("seen", "tenure"), PACE, "different values"),
        (SAID, replace(PACE, batch=timedelta(weeks=4)), "2 of 3 needed batches"),
        (SAID, replace(PACE, reference=timedelta(weeks=60)), "0 of 3 needed batches"),
        (SAID, replace(PACE, reference=0.00001), "No row is older"),
        (SAID, replace(PACE, batch=timedelta(hours=1)), "Choose a longer --batch"),
    ],
)
def test_what_cannot_be_replayed_is_said_with_the_next_step(said: Columns, pace: Pace, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        read_dated(as_file(dated_customers(14, 3), tmp_path), said, pace)
    assert sentence in str(raised.value)
    assert raised.value.next_step


@pytest.mark.parametrize("text", ["", "soon", "0", "-3", "1.5", "nan", "inf", "1e400", "2y"])
def test_what_is_no_size_of_a_reference_is_said(text: str) -> None:
    with pytest.raises(DataError, match="size of a reference"):
        parse_reference(text)


def test_sizes_of_a_reference() -> None:
    assert [parse_reference(text) for text in ("8064", "0.3", "24w")] == [8064, 0.3, timedelta(weeks=24)]
