"""The repaired window: rows, labelled rows and scores as if the fault had not been, everything else as it was."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np

from pipeline.diagnosis.repairs.repair import Place, Scaled
from pipeline.diagnosis.repairs.repaired import repaired
from pipeline.models.artifact import Artifact
from tests.pipeline.known_windows import FEATURES, champion_of_known_windows, known_window
from tests.pipeline.small_tables import COLUMNS, small_table


def test_rows_and_scores_are_as_if_they_had_come_whole() -> None:
    table = small_table(600, 5)
    column = COLUMNS.numerical[0]
    whole, known = known_window(table), np.arange(600) % 3 > 0
    trained = champion_of_known_windows()
    champion = cast(Artifact, SimpleNamespace(manifest=trained.artifact.manifest, scores=trained.scores))
    late = (whole.times.dt.strftime("%Y-%m-%d") >= "2026-11-18").to_numpy()  # type: ignore[union-attr]
    broken = replace(
        known_window(table.assign(**{column: np.where(late, table[column] * 100, table[column])}), known=known), champion=champion
    )
    back = repaired(broken, [Scaled(column, 100.0, Place(days=("2026-11-18", "2026-11-21")))])
    assert np.allclose(back.window[column], whole.window[column])
    assert np.allclose(back.scores, whole.scores)
    assert np.allclose(back.labelled.features[FEATURES[0]], whole.labelled.features[FEATURES[0]][known])
    assert np.allclose(back.labelled_scores, whole.labelled_scores[known])
    assert back.labelled.churned.equals(broken.labelled.churned)
    assert back.rows == 600
    assert not np.allclose(broken.scores, whole.scores)
