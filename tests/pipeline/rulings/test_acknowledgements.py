"""An acknowledged shift is the same one only while nothing about it is news."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.clock import stamp
from pipeline.drift.summary import BlindSpot
from pipeline.rulings.acknowledgements import Moved, Shift, covering, shift_of
from pipeline.state.database import open_state
from pipeline.state.ruling_tables import acknowledgements
from tests.tools.desk import drift_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KNOWN = Shift(
    moved=(Moved(column="tenure", direction="up", share=0.2), Moved(column="contract", direction=None, share=0.1)),
    wrong=(("more_missing", "charges"),),
    harmed=False,
)


def changed(**changes: Any) -> Shift:
    return KNOWN.model_copy(update=changes)


def tenure(**changes: Any) -> tuple[Moved, ...]:
    return (KNOWN.moved[0].model_copy(update=changes), KNOWN.moved[1])


@pytest.mark.parametrize(
    ("now", "same"),
    [
        (KNOWN, True),
        (changed(moved=tenure(share=0.3)), True),  # just 1.5 times
        (changed(moved=tenure(share=0.301)), False),
        (changed(moved=tenure(share=0.01)), True),
        (changed(moved=KNOWN.moved[:1], wrong=()), True),  # some of it went back
        (changed(moved=tenure(direction="down")), False),
        (changed(moved=(*KNOWN.moved, Moved(column="charges", direction="up", share=0.01))), False),
        (changed(wrong=(("more_missing", "tenure"),)), False),
        (changed(wrong=(*KNOWN.wrong, ("constant", "charges"))), False),
        (changed(harmed=True), False),
    ],
)
def test_what_is_news(now: Shift, same: bool) -> None:
    assert now.within(KNOWN, 1.5) is same


def test_harm_that_was_known_is_no_news() -> None:
    assert changed(harmed=True).within(changed(harmed=True), 1.5)


def test_a_shift_is_read_off_the_drift_by_either_verdict() -> None:
    drift = drift_of(0.4, 900, "retrain")
    (feature,) = drift.features
    quiet = feature.model_copy(update={"name": "quiet", "drifted": False, "calibrated": False})
    only_calibrated = feature.model_copy(update={"name": "calibrated", "drifted": False})
    spot = BlindSpot(what="constant", column="charges", share=1.0, said="It is.")
    shift = shift_of(drift.model_copy(update={"features": (feature, quiet, only_calibrated), "findings": (spot, spot)}), harmed=True)
    assert [moved.column for moved in shift.moved] == ["tenure", "calibrated"]
    assert (shift.moved[0].direction, shift.moved[0].share) == ("up", 0.127)
    assert (shift.wrong, shift.harmed) == ((("constant", "charges"),), True)


@pytest.mark.parametrize(
    ("champion", "at", "found"), [("c" * 64, 0, True), ("c" * 64, 9, True), ("c" * 64, 10, False), ("d" * 64, 0, False)]
)
def test_it_holds_for_its_champion_until_its_end(tmp_path: Path, champion: str, at: int, found: bool) -> None:
    state = open_state(tmp_path / "state.db", create=True)
    row = {
        "case_id": "2026-11-20-abcdef", "champion": "c" * 64, "until": stamp(NOW + timedelta(days=10)), "reason": "A campaign.",
        "shift": KNOWN.model_dump(mode="json"), "at": stamp(NOW), "by": "anna",
    }  # fmt: skip
    with state.write() as connection:
        connection.execute(acknowledgements.insert().values(**row))
    assert (covering(state, champion, KNOWN, NOW + timedelta(days=at), 1.5) is not None) is found
