"""What a window is compared with: all of the champion's training data, or those of one segment."""

import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.models.artifact import Artifact
from pipeline.profiles.counting import profile_reference
from pipeline.profiles.profile import spelling_of
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.sources.rows import rows_of
from pipeline.sources.source import ALL_ROWS, Frame, Restriction
from pipeline.windows.baseline import Baseline, baseline_of, segments_of
from tests.pipeline.small_windows import assert_profiles_equal


@pytest.fixture
def champion(trained: Opened) -> Artifact:
    return open_champion(trained)[1]


def assert_holds_its_rows(baseline: Baseline, rows: pd.DataFrame, champion: Artifact) -> None:
    """Profile and rows tell the same: what the profile leaves open is looked up in the rows."""
    columns = champion.manifest.columns
    features = list(columns.features)
    held = rows_of(
        baseline.source, columns.model_copy(update={"id": None, "time": None}), baseline.restriction, spelling_of(baseline.profile)
    )
    pd.testing.assert_frame_equal(held[features], rows[features].sort_values(features, kind="stable", ignore_index=True))
    assert_profiles_equal(
        baseline.profile.model_copy(update={"extra": ()}), profile_reference(Frame(rows[list(columns.features)]), columns)
    )


def test_the_baseline_is_the_champions_training_data(champion: Artifact) -> None:
    baseline = baseline_of(champion)
    assert (baseline.digest, baseline.restriction, baseline.importances) == (champion.digest, ALL_ROWS, champion.importances())
    assert_holds_its_rows(baseline, champion.reference(), champion)


def test_a_segment_is_the_profile_of_its_rows_most_frequent_first(champion: Artifact) -> None:
    reference = champion.reference()
    segments = segments_of(champion, "Contract")
    assert list(segments) == list(reference["Contract"].value_counts().index)
    assert sum(segment.profile.rows for segment in segments.values()) == len(reference)
    for value, segment in segments.items():
        assert segment.restriction == Restriction(segment=("Contract", value))
        assert (segment.digest, segment.importances) == (champion.digest, champion.importances())
        assert_holds_its_rows(segment, reference[reference["Contract"] == value], champion)


@pytest.mark.parametrize("column", ["tenure", "Churn", "planet", ""])
def test_what_is_no_categorical_feature_makes_no_segments(champion: Artifact, column: str) -> None:
    with pytest.raises(DataError, match=f"`{column}` is no categorical feature") as refused:
        segments_of(champion, column)
    assert "Contract" in refused.value.next_step
