"""The reference is the table that `init` saw, byte for byte, and is divided the same way every time."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipeline.atomic_files import digest_of_file
from pipeline.errors import DataError
from pipeline.intake.reference import load_reference, load_split
from pipeline.record.opened_workspace import Opened


def test_it_is_read_whole_from_wherever_one_stands(fresh: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    frame = load_reference(fresh)
    raw = pd.read_csv(fresh.workspace.root / "customers.csv")
    assert len(frame) == len(raw)
    assert frame["Churn"].sum() == (raw["Churn"] == "Yes").sum()
    assert set(fresh.settings.data.columns.features) < set(frame.columns)


def test_a_changed_file_is_refused_naming_both_digests(fresh: Opened) -> None:
    path = fresh.reference_file
    remembered = digest_of_file(path)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(DataError) as refused:
        load_reference(fresh)
    assert remembered == fresh.settings.data.sha256
    for said in (str(path), remembered, digest_of_file(path)):
        assert said in refused.value.problem


def test_a_file_that_is_gone_is_refused_naming_its_place(fresh: Opened) -> None:
    fresh.reference_file.unlink()
    with pytest.raises(DataError, match=r"customers\.csv is gone") as refused:
        load_reference(fresh)
    assert "`file` under [data]" in refused.value.next_step


def test_it_is_divided_the_same_way_every_time(fresh: Opened) -> None:
    one, two = load_split(fresh), load_split(fresh)
    for part in ("train", "test", "held_back"):
        pd.testing.assert_frame_equal(getattr(one, part), getattr(two, part))


def test_every_customer_is_in_one_part(fresh: Opened) -> None:
    split = load_split(fresh)
    ids = [set(part["customerID"]) for part in (split.train, split.test, split.held_back)]
    assert sum(map(len, ids)) == len(set.union(*ids)) == len(load_reference(fresh))


def test_another_seed_divides_it_in_another_way(fresh: Opened) -> None:
    training = fresh.settings.training.model_copy(update={"seed": 7})
    other = replace(fresh, settings=fresh.settings.model_copy(update={"training": training}))
    assert set(load_split(other).train["customerID"]) != set(load_split(fresh).train["customerID"])
