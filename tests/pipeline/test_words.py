"""Every code that people may meet has its words."""

from typing import get_args

from pipeline.diagnosis.diagnosis import Action
from pipeline.diagnosis.finding import Cause
from pipeline.record.cases import Status
from pipeline.words import ACTIONS, CAUSES, DRIFT_LEVELS, STATUSES
from pipeline.workspace.policy import Band


def test_every_cause_action_status_and_band_has_words_and_no_other_has() -> None:
    assert set(CAUSES) == set(get_args(Cause))
    assert set(ACTIONS) == set(get_args(Action))
    assert set(STATUSES) == set(get_args(Status))
    assert set(DRIFT_LEVELS) == set(get_args(Band))


def test_no_code_is_shown_in_place_of_words() -> None:
    shown = [*(vars(words) for words in (*CAUSES.values(), *ACTIONS.values())), dict(STATUSES), dict(DRIFT_LEVELS)]
    assert [text for texts in shown for text in texts.values() if "_" in text or not text] == []
