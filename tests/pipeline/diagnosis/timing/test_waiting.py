"""Whether to train now, at the next outcomes or never follows from gains over time, their errors, the label delay and the cost."""

from datetime import UTC, datetime, timedelta

from pipeline.diagnosis.timing.gain_forecast import Moment, SeenGain
from pipeline.diagnosis.timing.timing import Costs, gain_seen, retraining_time
from pipeline.diagnosis.timing.waiting import Standing, WeighedWait, weigh_waiting
from pipeline.state.check_figures import GainFigure
from pipeline.windows.stretch import Stretch, TwoWindows
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tests.tools.desk import diagnosis_of

RULES = load_policy(policy_text(), {}).retraining
DAY = timedelta(days=1)
AUGUST = datetime(2026, 8, 1, tzinfo=UTC)


def weighed(*gains: float, error: float = 0.5, cost: float = 1.5) -> WeighedWait:
    """After so many months of one champion, outcomes a month late."""
    seen = [SeenGain(Moment("1", age + 1), gain, error) for age, gain in enumerate(gains)]
    return weigh_waiting(seen, Standing("1", len(gains) + 1, 1.0, 1.0), cost, RULES)


def test_a_gain_that_lasts_pays_now_and_none_never_does() -> None:
    assert weighed(4, 5, 5).pays_now and weighed(4, 5, 5).a_month.points > 1
    quiet = weighed(0.2, -0.1, 0.1, -0.2, 0.1)
    assert not quiet.pays_now and quiet.now.points < 0 and quiet.costs_in is None


def test_the_cost_decides() -> None:
    assert weighed(2, 2.2, 2.4, cost=0.5).pays_now
    assert not weighed(2, 2.2, 2.4, cost=30).pays_now


def test_an_uncertain_gain_waits_for_the_next_outcomes() -> None:
    unsure = weighed(1.5, error=3.0)
    assert not unsure.pays_now and unsure.later.points > max(0.0, unsure.now.points)


def test_a_growing_gain_says_when_waiting_starts_to_cost() -> None:
    dear = weighed(0.3, 0.6, 0.9, 1.2, error=0.1, cost=6.0)
    assert not dear.pays_now and dear.costs_in is not None and 0 < dear.costs_in <= 12
    sooner = weighed(0.3, 0.6, 0.9, 1.2, error=0.1, cost=3.0)
    assert sooner.costs_in is not None and sooner.costs_in < dear.costs_in


def test_how_fast_customers_changed_under_the_last_model_is_known_of_the_next() -> None:
    before = [SeenGain(Moment("1", age), 2.0 * age, 0.5) for age in (1, 2, 3, 4)]
    now = SeenGain(Moment("2", 1.0), 2.0, 1.0)
    stands = Standing("2", 2.0, 1.0, 1.0)
    assert weigh_waiting([*before, now], stands, 1.5, RULES).now.points > weigh_waiting([now], stands, 1.5, RULES).now.points


def windows(days: int) -> TwoWindows:
    """A recent week, and four weeks whose outcomes are known, a month older."""
    until = AUGUST + days * DAY
    return TwoWindows(recent=Stretch(since=until - 7 * DAY, until=until), matured=Stretch(since=until - 58 * DAY, until=until - 30 * DAY))


def gain(days: int, points: float, model: str = "a") -> GainFigure:
    return GainFigure(model=model, at=AUGUST + (days - 44) * DAY, age=days / 30, points=points, error=0.5)


def test_looks_at_much_the_same_outcomes_count_once_and_dates_are_days_from_the_newest_row() -> None:
    daily = [gain(day, 3.0) for day in range(90, 100)]
    told = retraining_time(gain(100, 3.0), daily, windows(100), Costs(1.5), RULES)
    assert told is not None and (told.looks, told.best) == (1, "now")
    assert told.next_outcomes == AUGUST + 128 * DAY and told.costs_from == AUGUST + 100 * DAY
    unsure = retraining_time(gain(30, 1.0).model_copy(update={"error": 3.0}), [], windows(100), Costs(1.0), RULES)
    assert unsure is not None and unsure.best == "next" and unsure.costs_from is not None
    assert unsure.costs_from >= unsure.next_outcomes, "what the next outcomes tell is worth the wait"
    monthly = retraining_time(gain(100, 3.0), [gain(40, 0.5), gain(70, 2.0), gain(70, 9.0, "b")], windows(100), Costs(1.5), RULES)
    assert monthly is not None and monthly.looks == 4


def test_this_look_counts_beside_an_earlier_one_of_the_same_outcomes() -> None:
    now, alone = gain(100, 12.0), retraining_time(gain(100, 12.0), [], windows(100), Costs(1.5), RULES)
    unsure = gain(100, 0.2).model_copy(update={"error": 5.0})
    assert alone is not None and alone.best == "now"
    for earlier in (unsure, unsure.model_copy(update={"at": now.at + 0.1 * DAY})):
        assert retraining_time(now, [earlier], windows(100), Costs(1.5), RULES) == alone


def test_without_gains_of_other_models_nobody_says_when() -> None:
    found = diagnosis_of("concept_drift")
    assert gain_seen(found.findings, "combined", "a", AUGUST, windows(100)) is None
