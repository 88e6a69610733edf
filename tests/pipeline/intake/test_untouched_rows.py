"""Which labelled rows an offer reached, and what is left of the matured window."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.intake.untouched_rows import with_untouched_rows
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import ALL_ROWS, Frame
from pipeline.state.offers import Offer, add_offers_in
from pipeline.state.outcomes import log_outcomes
from pipeline.windows.window import Labelled, Window
from pipeline.workspace.outcome_settings import OutcomeSettings
from tests.pipeline.known_windows import champion_of_known_windows
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, DAY, NEWEST, small_opened

NOON = NEWEST.replace(hour=12)


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return with_horizon(small_opened(tmp_path), "30d")


def with_horizon(opened: Opened, horizon: str) -> Opened:
    return replace(opened, settings=opened.settings.model_copy(update={"outcomes": OutcomeSettings(horizon=horizon)}))


def window(rows: int = 3, scorings: tuple[datetime, ...] = (NOON,)) -> Window:
    """`rows` customers, C00000 and so on, at each scoring, all outcomes known."""
    table = pd.concat([small_table(rows, 3).assign(_time=at) for at in scorings], ignore_index=True)
    known = Labelled(
        table[list(COLUMNS.features)], table["churned"].astype("int64"), table["customer"], table["_time"].astype("datetime64[us, UTC]")
    )
    return Window("the log", Frame(table), COLUMNS, ALL_ROWS, BASELINE.profile, known)


def after_offers(opened: Opened, window: Window, *offers: Offer) -> Window:
    with opened.state.write() as connection:
        add_offers_in(connection, offers)
    return with_untouched_rows(opened, champion_of_known_windows().artifact, window)


def left(found: Window) -> list[str]:
    assert found.labelled.ids is not None
    return found.labelled.ids.tolist()


@pytest.fixture(autouse=True)
def scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The champion of known windows has no folder; its model is there."""
    fitted = champion_of_known_windows()
    monkeypatch.setattr(type(fitted.artifact), "scores", lambda _self, rows: fitted.scores(rows))


def offer(at: datetime, id_: str = "C00000", *, held_out: bool = False) -> Offer:
    return Offer(id_, at, "", None, held_out=held_out)


@pytest.mark.parametrize(
    ("at", "reached"),
    [
        (NOON - timedelta(hours=1), False),
        (NOON, True),
        (NOON.replace(hour=0), True),  # by its day alone: at any time of it
        (NOON + 30 * DAY, True),
        (NOON + 30 * DAY + timedelta(seconds=1), False),
    ],
)
def test_an_offer_reaches_the_outcomes_of_scorings_whose_horizon_it_lies_in(opened: Opened, at: datetime, reached: bool) -> None:
    found = after_offers(opened, window(), offer(at))
    assert left(found) == (["C00001", "C00002"] if reached else ["C00000", "C00001", "C00002"])
    assert (found.offers is not None and found.offers.contacted == 1) == reached


def test_without_a_horizon_it_lies_before_the_outcome_was_observed_and_the_next_scoring(opened: Opened) -> None:
    opened, scored = with_horizon(opened, ""), window(3, (NOON, NOON + 10 * DAY))
    observed = NOON + 12 * DAY
    log_outcomes(opened.state, ids=["C00001"], predicted=[None], observed=[observed], churned=[0])
    found = after_offers(opened, scored, offer(NOON + 5 * DAY), offer(NOON + 11 * DAY, "C00001"), offer(observed + DAY, "C00001"))
    assert found.labelled.times is not None
    kept = list(zip(left(found), (found.labelled.times - NOON).dt.days, strict=True))
    assert kept == [("C00001", 0), ("C00002", 0), ("C00000", 10), ("C00002", 10)]


def test_held_out_is_who_got_no_other_offer(opened: Opened) -> None:
    offers = [offer(NOON, "C00000", held_out=True), offer(NOON, "C00001", held_out=True), offer(NOON + DAY, "C00001")]
    found = after_offers(opened, window(), *offers)
    assert found.offers is not None
    assert (found.offers.contacted, found.offers.held_out, found.offers.untouched) == (1, 1, 1)
    assert left(found) == ["C00000", "C00002"]
    assert found.labelled.set_aside is not None and found.labelled.set_aside.tolist() == ["C00001"]


def test_offers_to_others_change_nothing_and_those_that_count_change_the_fingerprint(opened: Opened) -> None:
    before = window()
    assert after_offers(opened, before, offer(NOON, "X")) is before
    found = after_offers(opened, before, offer(NOON))
    assert found.fingerprint != before.fingerprint
    assert found.fingerprint == with_untouched_rows(opened, champion_of_known_windows().artifact, before).fingerprint


def test_the_sentences_of_the_windows_say_what_was_left_out(opened: Opened) -> None:
    ids = [f"C{row:05d}" for row in range(400)]
    offers = [offer(NOON + DAY, id_, held_out=number % 10 == 0) for number, id_ in enumerate(ids)]
    found = after_offers(opened, window(800), *offers)
    assert found.offers is not None and found.offers.represented
    told = " ".join(found.windows.said)
    assert "360 contacted rows do not judge the model; 40 held out stand for them" in told
    assert found.restored is not None and found.teaching is found.restored
    assert np.isclose(found.restored.weights.sum(), 800)
    assert found.offers.share_kept is not None and f"taken to keep {found.offers.share_kept:.0%}" in told
    assert found.windows.matured.labelled == len(left(found)) == int((found.labelled.weights > 0).sum())
    assert np.isclose(found.labelled.weights.sum(), 800)
