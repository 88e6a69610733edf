"""A world shows an operator a window and its outcomes, and keeps the truth to itself."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pipeline.benchmark.customers import Table, crowds
from pipeline.benchmark.questioning import Setup
from pipeline.benchmark.world import Exhibit, World, make_world, named_columns
from pipeline.errors import DataError
from pipeline.models.artifact import Artifact, open_artifact
from pipeline.tables.schema import Schema
from pipeline.workspace.folder import Workspace
from pipeline.worlds.telephone_customers import make_customers
from tests.pipeline.benchmark.conftest import Ask


@pytest.fixture(scope="module")
def champion(setup: Setup, digest: str) -> Artifact:
    return open_artifact(Workspace(setup.folder), digest)


def world(setup: Setup, champion: Artifact, ask: Ask, kind: str, labels: str = "full", rows: int = 500) -> World:
    return make_world(ask(kind, "strong", labels), setup.table, champion, rows)


def test_no_customer_is_in_two_crowds(setup: Setup) -> None:
    parts = crowds(setup.table, 1)
    held = [{tuple(row) for row in pool.frame[list(parts.columns.features)].astype(str).to_numpy()} for pool in _pools(parts)]
    assert sum(map(len, held)) > 2_300
    assert max(len(held[0] & held[1]), len(held[1] & held[2]), len(held[0] & held[2])) <= 3  # two people may be alike


def test_a_customer_with_many_rows_is_in_one_crowd(tmp_path, setup: Setup) -> None:  # type: ignore[no-untyped-def]
    customers = make_customers(1_200, 4)
    file = tmp_path / "twice.csv"
    later = customers.assign(scored_at="2024-02-01")
    pd.concat([customers.assign(scored_at="2024-01-01"), later]).to_csv(file, index=False)
    held = [set(pool.frame["customerID"]) for pool in _pools(crowds(Table(file), 1))]
    assert sum(map(len, held)) == 1_200


def test_another_seed_divides_the_table_otherwise(setup: Setup) -> None:
    assert not crowds(setup.table, 1).future.frame.equals(crowds(setup.table, 2).future.frame)


@pytest.mark.slow
def test_a_window_has_no_more_rows_than_there_are_customers_for_it(setup: Setup, champion: Artifact, ask: Ask) -> None:
    assert len(world(setup, champion, ask, "none", rows=5_000).features) == crowds(setup.table, 1).window_rows < 1_000


def test_a_table_too_small_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "few.csv"
    make_customers(400, 1).to_csv(file, index=False)
    with pytest.raises(DataError, match=r"few\.csv divided in three"):
        crowds(Table(file), 1)


def test_an_exhibit_holds_rows_outcomes_and_champion_alone(setup: Setup, champion: Artifact, ask: Ask) -> None:
    exhibit = world(setup, champion, ask, "segment_concept").exhibit
    assert {field.name for field in dataclasses.fields(Exhibit)} == {"champion", "columns", "rows", "outcomes"}
    assert list(exhibit.rows) == ["customer", "scored_at", *exhibit.columns.features]
    assert list(exhibit.outcomes) == ["customer", "scored_at", "Churn"]


@pytest.mark.parametrize(("labels", "low", "high"), [("full", 1.0, 1.0), ("partial", 0.2, 0.4), ("none", 0.0, 0.0)])
def test_outcomes_are_known_for_as_many_as_said(setup: Setup, champion: Artifact, ask: Ask, labels: str, low: float, high: float) -> None:
    made = world(setup, champion, ask, "none", labels)
    assert low <= made.exhibit.window().labelled_rows / 500 <= high
    if labels == "partial":  # later ones are not known yet
        assert made.exhibit.outcomes["scored_at"].max() < made.exhibit.rows["scored_at"].quantile(0.65)


def test_the_window_carries_what_the_world_recorded(setup: Setup, champion: Artifact, ask: Ask) -> None:
    made = world(setup, champion, ask, "immature_labels")
    labelled = made.exhibit.window().labelled
    assert labelled.churned.sum() == np.nansum(made.known) < made.matured.sum()
    assert labelled.times is not None and labelled.ids is not None


def test_the_same_question_gives_the_same_world(setup: Setup, champion: Artifact, ask: Ask) -> None:
    first, again = (world(setup, champion, ask, "defaulted") for _ in range(2))
    pd.testing.assert_frame_equal(first.exhibit.rows, again.exhibit.rows)
    pd.testing.assert_frame_equal(first.future, again.future)


@pytest.mark.parametrize("kind", ["clipped", "drivers_reverse", "price_change"])
def test_a_change_persists_and_a_fault_stays_beside_the_mended_future(setup: Setup, champion: Artifact, ask: Ask, kind: str) -> None:
    made, plain = world(setup, champion, ask, kind), world(setup, champion, ask, "none")
    assert (made.broken is not None) == (kind == "clipped")
    if kind == "clipped":
        assert made.broken is not None
        assert made.broken["tenure"].max() < made.future["tenure"].max()
    if kind == "drivers_reverse":
        assert np.corrcoef(champion.scores(made.future), made.expected)[0, 1] < 0.1
        assert np.corrcoef(champion.scores(plain.future), plain.expected)[0, 1] > 0.3
    if kind == "price_change":
        (name,) = made.change.columns
        assert abs(made.future[name].mean() / plain.future[name].mean() - 1) > 0.2


def test_a_broken_schema_can_be_looked_at(setup: Setup, champion: Artifact, ask: Ask) -> None:
    made = world(setup, champion, ask, "schema_break")
    (gone,) = made.exhibit.window().profile.absent
    assert gone in made.change.columns
    mild = make_world(ask("schema_break", "mild"), setup.table, champion, 500)
    window = mild.exhibit.window()
    assert any(column.unreadable > 100 for column in window.profile.numerical)
    assert window.labelled_rows == 500


def test_repeated_rows_come_with_their_customers_id_and_time(setup: Setup, champion: Artifact, ask: Ask) -> None:
    rows = world(setup, champion, ask, "duplicated_rows").exhibit.rows
    assert rows.duplicated(["customer", "scored_at"]).mean() > 0.2
    assert rows.duplicated(["customer", "scored_at"]).sum() == rows.duplicated().sum()


def test_ids_and_times_never_take_a_features_name() -> None:
    schema = Schema(target="left", positive="yes", numerical=("customer", "scored_at_"))
    columns = named_columns(schema)
    assert len({columns.id, columns.time, *columns.features}) == 4


def _pools(parts):  # type: ignore[no-untyped-def]
    return parts.reference, parts.window, parts.future


def test_a_replayed_batch_is_made_of_the_reference(setup: Setup, champion: Artifact, ask: Ask) -> None:
    made, old = world(setup, champion, ask, "replayed_batch"), crowds(setup.table, ask("none").seed)
    features = list(champion.manifest.columns.features)
    known = {*map(tuple, old.reference.frame[features].astype(str).to_numpy())}
    assert {*map(tuple, made.features[features].astype(str).to_numpy())} <= known
    assert not {*map(tuple, made.future[features].astype(str).to_numpy())} <= known


def test_a_fault_with_a_second_cause_keeps_the_rows_as_they_should_have_been(setup: Setup, champion: Artifact, ask: Ask) -> None:
    made = world(setup, champion, ask, "missing_and_reversal")
    (name,) = made.change.columns
    assert made.sound is not None and made.broken is not None
    assert made.sound[name].notna().all() and made.features[name].isna().any()
    others = [feature for feature in made.features if feature != name]
    pd.testing.assert_frame_equal(made.sound[others], made.features[others])
    assert np.array_equal(made.sound_known, made.known)


def test_outcomes_of_contacted_customers_alone_are_known(setup: Setup, champion: Artifact, ask: Ask) -> None:
    made = world(setup, champion, ask, "contacted_only")
    known = ~np.isnan(made.known)
    assert 0.1 < known.mean() < 0.45
    assert not np.isnan(made.matured).any()
    assert champion.scores(made.features[known]).mean() > champion.scores(made.features[~known]).mean() + 0.1
