"""A workspace around the small table, opened without any training, and what its windows are compared with."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from pipeline.models.importance import Importance
from pipeline.profiles.counting import profile_reference
from pipeline.profiles.profile import Profile, cells_of
from pipeline.record.champion import Champion
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import ALL_ROWS, Frame
from pipeline.state.database import open_state
from pipeline.tables.schema import Schema
from pipeline.windows.baseline import Baseline
from pipeline.workspace.data_settings import DataSettings
from pipeline.workspace.folder import Workspace
from pipeline.workspace.policy import load_policy
from pipeline.workspace.prediction_settings import PredictionSettings
from pipeline.workspace.settings import EngineSettings, Settings
from prompts import policy_text
from tests.pipeline.small_tables import COLUMNS, small_table

NEWEST = datetime(2026, 11, 21, 9, tzinfo=UTC)
DAY = timedelta(days=1)
CHAMPION = Champion(version="1", digest="c" * 64, ledger_seq=1, ledger_hash="0" * 64)
DATA = DataSettings(
    file="c.csv", sha256="", target="churned", positive="yes", id="customer", numerical=COLUMNS.numerical, categorical=COLUMNS.categorical
)


def small_baseline(frame: pd.DataFrame, columns: Schema = COLUMNS, *importances: float) -> Baseline:
    """Typed rows as the reference of a champion; each feature matters 0.1 to it, or what is said."""
    drops = importances or (0.1,) * len(columns.features)
    weights = tuple(Importance(feature=name, auc_drop=drop) for name, drop in zip(columns.features, drops, strict=True))
    return Baseline(CHAMPION.digest, profile_reference(Frame(frame), columns), Frame(frame), ALL_ROWS, weights)


BASELINE = small_baseline(small_table(1200, 9))


def small_opened(
    folder: Path,
    clock: Callable[[], datetime] = lambda: NEWEST + 40 * DAY,
    engine: Literal["duckdb", "spark"] = "duckdb",
    **predictions: Any,
) -> Opened:
    """An opened workspace in `folder`; `predictions` is the section of the settings."""
    settings = Settings(data=DATA, predictions=PredictionSettings(**predictions), engine=EngineSettings(name=engine))
    workspace = Workspace(folder)
    (folder / DATA.file).write_text("churned\nyes\nno\n", encoding="utf-8")
    return Opened(
        workspace, settings, load_policy(policy_text(), {}), open_state(workspace.state_db, create=not workspace.home.exists()), clock
    )


def assert_profiles_equal(one: Profile, other: Profile) -> None:
    """The same counts in the same cells; sums may differ by what adding floats in another order does."""
    apart = {"numerical": {"__all__": {"content": {"sums"}}}}
    assert one.model_dump(exclude=apart) == other.model_dump(exclude=apart)
    for first, second in zip(one.numerical, other.numerical, strict=True):
        for sums, others in zip(cells_of(first)[1], cells_of(second)[1], strict=True):
            assert abs(sums - others) <= 1e-9 * max(1.0, abs(sums))
