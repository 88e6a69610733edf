"""Every code that people may meet has its words."""

from typing import get_args

from pipeline.diagnosis.diagnosis import Action
from pipeline.diagnosis.finding import Cause
from pipeline.record.cases import Status
from pipeline.words import ACTIONS, CAUSES, STATUSES


def test_every_cause_action_and_status_has_words_and_no_other_has() -> None:
    assert set(CAUSES) == set(get_args(Cause))
    assert set(ACTIONS) == set(get_args(Action))
    assert set(STATUSES) == set(get_args(Status))


def test_no_code_is_shown_in_place_of_words() -> None:
    shown = [*(vars(words) for words in (*CAUSES.values(), *ACTIONS.values())), dict(STATUSES)]
    assert [text for texts in shown for text in texts.values() if "_" in text or not text] == []
