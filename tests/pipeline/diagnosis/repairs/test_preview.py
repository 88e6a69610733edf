"""A suspected fault undone for whoever asks: a real one brings fit and ranking back, a wrong suspicion does not, and of a few customers nothing is told."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.repairs.preview import RepairPreview, preview_repair
from pipeline.errors import DataError
from pipeline.models.artifact import Artifact
from tests.pipeline.known_windows import POLICY, champion_of_known_windows, known_window
from tests.pipeline.small_tables import small_table

TABLE = small_table(1500, 5)


def window(table: pd.DataFrame) -> Observed:
    trained = champion_of_known_windows()
    champion = cast(Artifact, SimpleNamespace(manifest=trained.artifact.manifest, scores=trained.scores))
    return replace(known_window(table), champion=champion)


def previewed(table: pd.DataFrame, fault: str, column: str, value: str = "", other: str = "") -> RepairPreview:
    return preview_repair(window(table), POLICY.evidence.data, fault, column, value, other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "fault", "column", "value", "other"),
    [
        ({"tenure": -TABLE["tenure"]}, "sign", "tenure", "", ""),
        ({"charges": TABLE["charges"] * 100}, "unit", "charges", "", ""),
        ({"charges": TABLE["charges"] * 7}, "unit", "charges", "7", ""),
        ({"charges": TABLE["charges"] + 60}, "shift", "charges", "60", ""),
        ({"tenure": TABLE["charges"], "charges": TABLE["tenure"]}, "swap", "tenure", "", "charges"),
        ({"contract": TABLE["contract"].str.upper()}, "rename", "contract", "", ""),
    ],
)
def test_what_a_fault_took_comes_back(change: dict[str, pd.Series], fault: str, column: str, value: str, other: str) -> None:
    found = previewed(TABLE.assign(**change), fault, column, value, other)
    assert found.repaired.misfit < 0.1 < found.as_sent.misfit  # type: ignore[operator]
    assert found.repaired.score_shift < found.as_sent.score_shift  # type: ignore[operator]
    assert found.repaired.roc_auc > found.as_sent.roc_auc  # type: ignore[operator]
    assert found.repaired.low < found.repaired.roc_auc < found.repaired.high  # type: ignore[operator]
    assert found.changed > 0.9
    assert (found.customers, found.labelled) == (1500, 1500)
    assert found.first == "2026-11-14"


def test_a_default_is_set_missing_where_it_was_put_in() -> None:
    put_in = np.random.default_rng(1).random(1500) < 0.4
    found = previewed(TABLE.assign(tenure=TABLE["tenure"].mask(put_in, 999.0)), "default", "tenure", "999")
    assert found.as_sent.missing == 0.0
    assert found.repaired.missing == pytest.approx(put_in.mean(), abs=1e-3)


def test_undoing_what_did_not_happen_brings_nothing_back() -> None:
    found = previewed(TABLE, "unit", "charges", "10")
    assert not found.returns
    assert found.repaired.misfit > found.as_sent.misfit  # type: ignore[operator]
    assert found.repaired.score_shift > found.as_sent.score_shift  # type: ignore[operator]


@pytest.mark.parametrize(
    ("fault", "column", "value", "other", "said"),
    [
        ("unit", "nobody", "", "", "no feature"),
        ("unit", "contract", "", "", "categorical"),
        ("rename", "tenure", "", "", "numerical"),
        ("unit", "charges", "many", "", "no number"),
        ("unit", "charges", "nan", "", "no number"),
        ("unit", "charges", "-3", "", "no factor"),
        ("swap", "tenure", "", "contract", "changed places"),
        ("swap", "tenure", "", "", "no feature"),
        ("rename", "contract", "no such", "neither", "no such category"),
        ("unit", "charges", "", "", "suggest no unit"),
        ("default", "tenure", "-12345", "", "fewer than 10 customers"),
    ],
)
def test_what_cannot_be_undone_is_said(fault: str, column: str, value: str, other: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        previewed(TABLE, fault, column, value, other)


def test_of_fewer_than_ten_customers_nothing_is_told() -> None:
    few = TABLE.assign(tenure=TABLE["tenure"].where(np.arange(1500) >= 9, 777.0))
    with pytest.raises(DataError, match="fewer than 10"):
        previewed(few, "default", "tenure", "777")
    ten = TABLE.assign(tenure=TABLE["tenure"].where(np.arange(1500) >= 10, 777.0))
    assert previewed(ten, "default", "tenure", "777").changed == pytest.approx(10 / 1500, abs=1e-4)
