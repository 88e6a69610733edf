"""The shares of a loss add up, name what was done to the window, and hold what undoing it brings back."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.attribution.attribute import attribute
from pipeline.diagnosis.attribution.attribution import Attribution, LossShare, Mechanism
from pipeline.diagnosis.attribution.customer_mix import fit_customer_mix
from pipeline.diagnosis.attribution.scored_rows import ScoredRows
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.calibration_line import from_log_odds, log_odds
from pipeline.diagnosis.outcomes.labelled_performance import measured_on_labels
from pipeline.diagnosis.repairs.repair import Repair, Scaled
from pipeline.diagnosis.repairs.repaired import repaired
from pipeline.models.artifact import Artifact
from pipeline.workspace.value_settings import ValueSettings
from tests.pipeline.known_windows import POLICY, REFERENCE, champion_of_known_windows, known_window, leaving
from tests.pipeline.small_tables import COLUMNS, small_table

VALUE = ValueSettings(margin=600, offer_cost=40, acceptance=0.35)
ROWS = 2000


def window_of(table: pd.DataFrame) -> Observed:
    trained = champion_of_known_windows()
    champion = cast(Artifact, SimpleNamespace(manifest=trained.artifact.manifest, scores=trained.scores))
    return replace(known_window(table), champion=champion)


def split(table: pd.DataFrame, *repairs: Repair, only_losses: bool = False) -> Attribution | None:
    observed = window_of(table)
    mended = repaired(observed, repairs) if repairs else observed
    return attribute(observed, mended, repairs, (), measured_on_labels(mended, POLICY), VALUE, only_losses=only_losses)


def share_of(told: Attribution | None, what: Mechanism) -> LossShare:
    assert told is not None
    (found,) = (share for share in told.shares if share.what == what)
    return found


@cache
def broken() -> tuple[Attribution, float]:
    """A column of a thousandth of its values, and what the campaign earns less by it on the same customers."""
    table, column = small_table(ROWS, 5), strongest()
    sent = table.assign(**{column: table[column] / 1000})
    told = split(sent, Scaled(column, 0.001))
    assert told is not None
    once, y = np.ones(ROWS), table["churned"].to_numpy(dtype=np.float64)
    scores = champion_of_known_windows().scores
    sent_, whole = (ScoredRows(scores(rows), VALUE).measured("profit", once, y) for rows in (sent, table))
    return told, sent_ - whole


def strongest() -> str:
    """The numerical column by which churners of the table differ most from stayers."""
    by_outcome = REFERENCE.groupby("churned")[list(COLUMNS.numerical)].mean()
    return str(((by_outcome.loc[1] - by_outcome.loc[0]).abs() / REFERENCE[list(COLUMNS.numerical)].std()).idxmax())


def test_of_every_measure_the_shares_add_up_to_what_is_measured_less_what_was_promised() -> None:
    told, _ = broken()
    assert [one.measure for one in (told, *told.others)] == ["profit", "roc_auc", "log_loss"]
    for one in (told, *told.others):
        assert sum(share.amount for share in one.shares) == pytest.approx(one.total) == pytest.approx(one.measured - one.promised)
        assert one.shares[-1].what == "unexplained"


def test_a_broken_column_has_the_loss_that_its_repair_brings_back() -> None:
    told, lost = broken()
    share = share_of(told, "broken_column")
    assert told.lost and share.where == strongest()
    assert told.told[0] == share
    assert share.low <= lost <= share.high


@pytest.mark.slow
def test_where_the_odds_of_everybody_rose_it_is_the_level() -> None:
    table = small_table(ROWS, 5)
    p = from_log_odds(log_odds(champion_of_known_windows().scores(table)) + 0.8)
    told = split(table.assign(churned=(np.random.default_rng(1).random(ROWS) < p).astype(np.int8)))
    level, behaviour = share_of(told, "churn_level"), share_of(told, "changed_behaviour")
    assert level.low > 0 and level.amount > 5 * abs(share_of(told, "customer_mix").amount)
    assert behaviour.low <= 0 <= behaviour.high


@pytest.mark.slow
def test_where_other_customers_came_it_is_the_mix_and_weights_bring_the_reference_back() -> None:
    table, column = small_table(4 * ROWS, 5), strongest()
    ranks = table[column].rank(pct=True).to_numpy()
    safer = ranks if REFERENCE[column].corr(REFERENCE["churned"]) < 0 else 1 - ranks
    come = table[np.random.default_rng(2).random(len(table)) < safer**2].reset_index(drop=True)
    told = split(come)
    mix = share_of(told, "customer_mix")
    assert mix.high < 0 and told is not None and told.told[0] == mix
    assert column in str(mix.where)
    cells, before = (np.eye(4)[rows] for rows in (np.repeat([0, 1, 2, 3], [700, 200, 50, 50]), np.repeat([0, 1, 2, 3], 250)))
    once = np.ones(1000)
    found = fit_customer_mix(cells, before, once)
    assert found.weights(once) @ cells / found.weights(once).sum() == pytest.approx(np.full(4, 0.25), abs=0.01)


@pytest.mark.slow
def test_one_group_that_behaves_differently_is_named_and_the_level_stays() -> None:
    table = small_table(ROWS, 5)
    told = split(leaving(table, table["payment"] == "cheque", 0.0, 3))
    assert told is not None
    group = told.told[0]
    assert (group.what, group.where) == ("changed_behaviour", "payment cheque") and group.high < 0
    assert abs(share_of(told, "churn_level").amount) < abs(group.amount) / 4


def test_nothing_is_split_where_nothing_was_lost_or_all_outcomes_are_the_same() -> None:
    calm = small_table(ROWS, 8)
    assert split(calm, only_losses=True) is None
    assert split(calm.assign(churned=0)) is None
    told = split(calm)
    assert told is not None and not told.lost
