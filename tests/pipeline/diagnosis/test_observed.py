"""What is seen of a window beside the champion's reference; a broken window is seen too."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.atomic_files import digest_of_folder
from pipeline.diagnosis.data_faults.checks import data_checks
from pipeline.diagnosis.observed import SAMPLE_ROWS, Observed, observe
from pipeline.measures.measure import Metrics
from pipeline.models.artifact import MANIFEST, METRICS, REFERENCE_SCORES, Artifact, DriftReference, Manifest
from pipeline.profiles.counting import profile_window
from pipeline.sources.source import ALL_ROWS, Files, Frame
from pipeline.training.drift_reference import RowsBefore
from pipeline.windows.baseline import baseline_of, segments_of
from pipeline.windows.window import Labelled, Window
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tests.pipeline.small_artifacts import TABLE, small_artifact
from tests.pipeline.small_tables import COLUMNS, small_table

RULES = load_policy(policy_text(), {}).evidence.data
FEATURES = list(COLUMNS.features)
NEWEST = datetime(2026, 11, 21, tzinfo=UTC)
DATED = COLUMNS.model_copy(update={"time": "seen"})


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return opened(small_artifact(tmp_path_factory.mktemp("champion") / "artifact"))


def opened(folder: Path) -> Artifact:
    return Artifact(
        digest_of_folder(folder),
        folder,
        Manifest.model_validate_json((folder / MANIFEST).read_bytes()),
        Metrics.model_validate_json((folder / METRICS).read_bytes()),
    )


def look(champion: Artifact, source: Files | Frame, labelled: Labelled | None = None) -> Observed:
    baseline = baseline_of(champion)
    nothing = Labelled(pd.DataFrame(columns=FEATURES), pd.Series(dtype="int64"), None, None)
    profile = profile_window(source, DATED, baseline.profile)
    return observe(champion, baseline, Window("test", source, DATED, ALL_ROWS, profile, labelled or nothing))


def dated(rows: int) -> pd.DataFrame:
    return small_table(rows, 5).assign(seen=[NEWEST - timedelta(hours=hour % 48) for hour in range(rows)])


def test_a_small_window_is_observed_whole_and_scored_by_the_champion(champion: Artifact) -> None:
    frame = dated(300)
    known = frame.iloc[:40]
    observed = look(champion, Frame(frame), Labelled(known[FEATURES], known["churned"], known["customer"], known["seen"]))
    assert (observed.rows, len(observed.window), len(observed.reference)) == (300, 300, 200)
    assert observed.ids is not None and observed.times is not None
    assert sorted(observed.ids) == sorted(frame["customer"])
    assert (observed.times.min(), observed.times.max()) == (frame["seen"].min(), frame["seen"].max())
    np.testing.assert_allclose(observed.scores, champion.scores(observed.window))
    np.testing.assert_allclose(observed.labelled_scores, champion.scores(known))
    np.testing.assert_allclose(observed.reference_scores, champion.reference_scores())
    pd.testing.assert_frame_equal(observed.reference, champion.reference()[[*FEATURES, "churned"]])
    assert set(observed.importances) == set(FEATURES)


def test_population_is_compared_with_the_drift_reference_and_outcomes_with_the_training_rows(tmp_path: Path) -> None:
    strangers, learnt = small_table(300, 8)[FEATURES], TABLE[FEATURES].iloc[:50]
    rows = pd.concat([strangers, learnt], ignore_index=True)
    told = DriftReference(rows=350, carried_over=0, since=None, until=None, data_sha256="")
    folder, out_of_fold = small_artifact(tmp_path / "artifact", before=RowsBefore(rows, told, len(rows))), np.linspace(0.2, 0.8, len(TABLE))
    np.save(folder / REFERENCE_SCORES, out_of_fold)
    champion = opened(folder)
    observed = look(champion, Frame(dated(300)))
    assert (len(observed.before), len(observed.reference), observed.profile_before.rows) == (350, 200, 350)
    pd.testing.assert_frame_equal(observed.before, rows, check_dtype=False)
    # Customers of the training are scored as ones whom the model has not seen, like everybody else before it.
    np.testing.assert_allclose(observed.before_scores[:300], champion.scores(strangers))
    np.testing.assert_allclose(observed.before_scores[300:], out_of_fold[:50])
    np.testing.assert_allclose(observed.reference_scores, out_of_fold)


def test_what_tells_the_calendar_is_scored_but_not_judged(champion: Artifact) -> None:
    frame = dated(300).assign(contract="monthly")
    assert [spot.column for spot in data_checks(look(champion, Frame(frame)), RULES)] == ["contract"]
    columns = DATED.model_copy(update={"calendar": ("contract",)})
    baseline = baseline_of(champion)
    window = Window("test", Frame(frame), columns, ALL_ROWS, profile_window(Frame(frame), columns, baseline.profile), None)
    observed = observe(champion, baseline, window)
    assert data_checks(observed, RULES) == ()
    for seen in (observed.window, observed.reference):
        assert "contract" not in seen
    assert set(observed.columns.features) == {*FEATURES} - {"contract"}
    assert len(observed.profile.categorical) == len(observed.profile_before.categorical) == len(COLUMNS.categorical) - 1
    np.testing.assert_allclose(np.sort(observed.scores), np.sort(champion.scores(frame)))


def test_a_segment_of_the_reference_keeps_its_rows_own_scores(champion: Artifact) -> None:
    part = segments_of(champion, "contract")["monthly"]
    source = Frame(dated(300))
    nothing = Labelled(pd.DataFrame(columns=FEATURES), pd.Series(dtype="int64"), None, None)
    window = Window("test", source, DATED, part.restriction, profile_window(source, DATED, part.profile, part.restriction), nothing)
    observed = observe(champion, part, window)
    assert set(observed.reference["contract"]) == set(observed.window["contract"]) == {"monthly"}
    monthly = (champion.reference()["contract"] == "monthly").to_numpy()
    np.testing.assert_array_equal(observed.reference_scores, champion.reference_scores()[monthly])


def test_a_large_window_is_sampled_the_same_each_time(champion: Artifact, tmp_path: Path) -> None:
    rows = 3 * SAMPLE_ROWS
    small_table(rows, 6).assign(customer=np.arange(rows).astype(str)).to_parquet(tmp_path / "large.parquet")
    first, again = (look(champion, Files(str(tmp_path / "large.parquet"))) for _ in range(2))
    assert (first.rows, first.times) == (rows, None)
    assert SAMPLE_ROWS - 10 <= len(first.window) <= SAMPLE_ROWS
    pd.testing.assert_frame_equal(first.window, again.window)
    assert first.window["tenure"].mean() == pytest.approx(36, abs=0.5)


def absent(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=["tenure", "payment"])


def words(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(charges=["a lot" if place % 4 else "12.5" for place in range(len(frame))])


def empty(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(charges=np.nan, contract=None)


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.head(30)])


def without_anything(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[["customer", "seen"]]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("broken", "names"),
    [
        (absent, {("missing_column", "tenure"), ("missing_column", "payment")}),
        (words, {("text_in_numbers", "charges")}),
        (empty, {("all_missing", "charges"), ("all_missing", "contract")}),
        (twice, {("duplicate_rows", None)}),
        (without_anything, {("missing_column", name) for name in FEATURES}),
    ],
)
def test_a_broken_window_is_observed_and_what_is_broken_is_found(
    champion: Artifact,
    tmp_path: Path,
    broken: Callable[[pd.DataFrame], pd.DataFrame],
    names: set[tuple[str, str | None]],
    ending: str,
) -> None:
    frame, path = broken(dated(300)), tmp_path / f"window.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    observed = look(champion, Files(str(path)))
    assert list(observed.window) == FEATURES
    assert len(observed.window) == len(observed.scores) == len(frame)
    assert {
        (finding.name, finding.column) for finding in data_checks(observed, RULES) if finding.name in {name for name, _ in names}
    } == names


def test_an_empty_window_is_observed(champion: Artifact) -> None:
    observed = look(champion, Frame(dated(3).head(0)))
    assert (observed.rows, len(observed.window), len(observed.scores)) == (0, 0, 0)
    assert data_checks(observed, RULES) == ()
