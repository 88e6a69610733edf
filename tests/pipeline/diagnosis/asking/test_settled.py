"""What a list would settle: next to nothing where it is short, more where it is long, and no change is not called one."""

import numpy as np
import pytest

from pipeline.diagnosis.asking.choice import choose
from pipeline.diagnosis.asking.settled import Settled, settles
from pipeline.diagnosis.conclusion import conclude
from pipeline.diagnosis.setting import Setting
from tests.pipeline.known_windows import POLICY, known_window
from tests.pipeline.small_tables import small_table

ROWS = 3_000


def settled(length: int, draws: int = 8) -> Settled:
    nobody = np.zeros(ROWS, dtype=bool)
    window = known_window(small_table(ROWS, 3), known=nobody)
    found = conclude((), Setting(ROWS, 0, 0, customers=ROWS), POLICY)
    return settles(window, choose(window, POLICY, length, ~nobody, nobody, None, 1), found, POLICY, draws)


def test_ten_customers_settle_nothing() -> None:
    few = settled(10)
    assert few.rival == "concept_drift" and few.if_changed == 0.0 and few.probability == 0.0


@pytest.mark.slow
def test_everybody_settles_most() -> None:
    short, long = settled(120, 30), settled(ROWS, 30)
    assert long.if_changed > short.if_changed + 0.2
    assert long.if_not > 0.9 and short.if_not > 0.9
