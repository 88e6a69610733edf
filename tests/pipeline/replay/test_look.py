"""What can be seen when a batch has ended: nothing that came later, and nothing the champion was trained on."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd

from pipeline.models.artifact import Artifact
from pipeline.replay.dated_table import DatedTable, Pace
from pipeline.replay.look import Look, see
from pipeline.workspace.policy import Policy
from tests.pipeline.replay.dated_customers import A_WEEK


def times(look: Look) -> pd.Series:
    assert look.window.labelled.times is not None
    return look.window.labelled.times


def test_outcomes_are_known_when_their_delay_is_over(table: DatedTable, pace: Pace, champion: Artifact, policy: Policy) -> None:
    look = see(table, table.batches[1], pace, champion, None, policy)
    assert look.recent.labelled_rows == 0
    assert look.recent.rows == 2 * A_WEEK
    assert look.known_until == look.now - pace.label_delay
    assert times(look).max() <= look.known_until
    # One batch's length of outcomes, the newest that are known, beside the rows of the batch.
    assert look.window.labelled_rows == 2 * A_WEEK
    assert look.window.since is not None and look.window.since >= table.batches[1].since
    reach = look.window.wider
    assert reach is not None and reach.since is not None and abs(reach.since - (look.known_until - pace.batch)) < timedelta(hours=2)
    assert look.window.until is not None and look.window.until < look.now


def test_before_any_delay_is_over_the_batch_stands_alone(table: DatedTable, pace: Pace, champion: Artifact, policy: Policy) -> None:
    look = see(table, table.batches[0], replace(pace, label_delay=timedelta(weeks=8)), champion, None, policy)
    assert look.window.labelled_rows == 0
    assert look.window.rows == 2 * A_WEEK
    assert not look.can_train(policy.training)


def test_outcomes_that_trained_the_champion_are_not_looked_at_again(
    table: DatedTable, pace: Pace, champion: Artifact, policy: Policy
) -> None:
    before = see(table, table.batches[2], pace, champion, None, policy)
    after = see(table, table.batches[3], pace, champion, before.known_until, policy)
    assert times(after).min() > before.known_until
    assert after.matured["seen"].min() > before.known_until
    assert len(before.matured) > before.window.labelled_rows  # it goes back no further than a batch


def test_outcomes_are_taken_from_further_back_until_they_are_enough_to_train_on(
    table: DatedTable, pace: Pace, champion: Artifact, policy: Policy
) -> None:
    rules = policy.training.model_copy(update={"min_labelled_rows": 2 * A_WEEK + 1})
    strict = policy.model_copy(update={"training": rules})
    look = see(table, table.batches[3], pace, champion, None, strict)
    assert look.window.labelled_rows == 4 * A_WEEK
    assert look.can_train(rules)
