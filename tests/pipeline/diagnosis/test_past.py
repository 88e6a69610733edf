"""An active base scored again and again is no broken data, and what breaks on it is."""

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.population.grown_columns import find_grown_columns
from pipeline.errors import DataError
from pipeline.sources.source import Frame, Restriction
from pipeline.windows.window import Roster, Window, require_whole
from pipeline.workspace.value_settings import ValueSettings
from tests.pipeline.diagnosis.daily_worlds import DAYS, POLICY, SCHEMA, customers, scored, seen, trained

BASE = 400
RNG = np.random.default_rng
TIMELESS = SCHEMA.model_copy(update={"time": None})
WEEK = Restriction(since=DAYS[0] - pd.Timedelta(hours=1))


def found(observed: Observed) -> Diagnosis:
    return diagnose(observed, POLICY, {"challengers", "support", "score", "prior", "dependency", "moved_alone"}, value=ValueSettings())


def names(told: Diagnosis) -> list[str]:
    return [finding.name for finding in told.findings if finding.notable]


def of_training(rows: int = BASE) -> pd.DataFrame:
    """Customers of the reference, as they were then."""
    return trained().champion.rows.head(rows)  # type: ignore[attr-defined, no-any-return]


def roster() -> Roster:
    return Roster(Frame(of_training(2500).drop(columns="churned")), TIMELESS)


def refreshed(every: int, last_before_end: int, days: int, column: str = "usage", rows: int = 60) -> pd.DataFrame:
    """A base scored daily whose column changes for all customers every so many days, the last time so many days before the end."""
    base, log = customers(rows, 31), []
    for day in range(days):
        number = -(-max(0, days - 1 - last_before_end - day) // every)
        values = base[column] + (RNG(number).normal(0, 5, rows) if column == "usage" else number)
        log.append(base.assign(**{column: values}, scored=DAYS[-1] - pd.Timedelta(days=days - 1 - day)))
    return pd.concat(log, ignore_index=True)


def test_customers_of_the_training_scored_daily_are_an_active_base_and_no_old_rows() -> None:
    told = found(seen(trained(), scored(of_training(), np.full(BASE, 7)), roster=roster()))
    assert told.population is not None
    assert (told.cause, told.population.kind, told.population.declared) == ("none", "active_base", False)
    assert told.population.known_before == 1
    assert "guessed" in told.population.said


def test_rows_of_the_training_delivered_once_are_old_rows_unless_people_say_that_they_are_the_base() -> None:
    once = scored(of_training(), np.ones(BASE, dtype=np.int64))
    assert names(found(seen(trained(), once, roster=roster()))) == ["replayed_rows"]
    assert names(found(seen(trained(), once, declared="new_customers"))) == ["replayed_rows"]
    assert found(seen(trained(), once, roster=roster(), declared="active_base")).cause == "none"


@pytest.mark.parametrize(("share", "kind"), [(0.0, "new_customers"), (0.3, "mixed"), (0.8, "active_base")])
def test_who_is_scored_is_guessed_by_who_was_before(share: float, kind: str) -> None:
    base = customers(BASE, 32)
    old = base.head(round(share * BASE)).assign(scored=DAYS[0] - pd.Timedelta(days=30))
    log = pd.concat([old, base.assign(scored=DAYS[3])], ignore_index=True)
    population = seen(trained(), log, meant=WEEK).past.population
    assert population is not None
    assert (population.kind, population.known_before) == (kind, pytest.approx(share, abs=0.01))


def test_without_ids_nobody_can_say_who_is_scored() -> None:
    log = scored(customers(BASE, 33), np.full(BASE, 2))
    assert seen(trained(), log, columns=SCHEMA.model_copy(update={"id": None})).past.population is None


def test_rows_repeated_at_one_time_are_copies_whatever_was_declared() -> None:
    log = scored(customers(BASE, 34), np.full(BASE, 7))
    twice = pd.concat([log, log.head(200)], ignore_index=True)
    assert names(found(seen(trained(), twice, declared="active_base"))) == ["duplicate_rows"]


def test_without_times_a_declared_base_may_repeat_and_others_may_not() -> None:
    log = scored(customers(BASE, 34), np.full(BASE, 7)).drop(columns="scored").assign(scored=pd.NaT)
    columns = TIMELESS
    assert names(found(seen(trained(), log, columns=columns))) == ["duplicate_rows"]
    assert names(found(seen(trained(), log, columns=columns, declared="active_base"))) == []
    observed = seen(trained(), log, columns=columns)
    window = Window("current.csv", Frame(log), columns, Restriction(), observed.profile, None)
    with pytest.raises(DataError, match="repeat a customer") as refused:
        require_whole(window)
    assert 'population = "active_base"' in refused.value.next_step
    require_whole(Window("current.csv", Frame(log), columns, Restriction(), observed.profile, None, declared="active_base"))


@pytest.mark.parametrize(
    ("every", "silent", "days", "stopped"),
    [
        (7, 5, 45, False),
        (7, 13, 45, False),
        (7, 16, 45, True),
        (1, 2, 20, False),
        (1, 4, 20, True),
        (30, 28, 150, False),
        (30, 65, 190, True),
    ],
)
def test_a_feed_has_stopped_when_its_refresh_is_long_overdue(every: int, silent: int, days: int, stopped: bool) -> None:
    told = found(seen(trained(), refreshed(every, silent, days), meant=WEEK))
    assert ("stopped_feed" in names(told)) == stopped, told.said
    assert told.cause == ("data_fault" if stopped else "none")


def rolled_out(first: int, days: int, each: int) -> pd.DataFrame:
    """A base scored daily whose fees rise from day `first` on: those of a seventh of the customers on each day of a week, for each in `each` steps,
    a day apart."""
    base, log = customers(60, 31), []
    group = np.arange(len(base)) % 7 if each == 1 else 0
    for day in range(days):
        steps = np.clip(day - first - group + 1, 0, each)
        log.append(base.assign(fee=base["fee"] * 1.12**steps, scored=DAYS[-1] - pd.Timedelta(days=days - 1 - day)))
    return pd.concat(log, ignore_index=True)


@pytest.mark.parametrize(("first", "each"), [(21, 1), (2, 1), (21, 3)], ids=["after three weeks", "as the log begins", "in three steps"])
def test_a_price_rise_rolled_out_within_a_week_is_no_feed_that_stopped(first: int, each: int) -> None:
    assert "stopped_feed" not in names(found(seen(trained(), rolled_out(first, first + 28, each), meant=WEEK)))


def test_a_feed_of_one_column_that_stopped_is_named_while_others_go_on() -> None:
    both = refreshed(7, 3, 60).assign(fee=refreshed(7, 24, 60, "fee")["fee"])
    told = found(seen(trained(), both, meant=WEEK))
    assert (told.cause, told.column) == ("data_fault", "fee")
    assert "Not one value of `fee` changed since" in told.said


def test_features_that_never_changed_have_no_rhythm_to_be_late_by() -> None:
    log = pd.concat([customers(60, 31).assign(scored=DAYS[-1] - pd.Timedelta(days=day)) for day in range(60)], ignore_index=True)
    assert found(seen(trained(), log, meant=WEEK)).cause == "none"


@pytest.mark.slow
def test_what_grows_with_time_for_the_same_customers_is_told_as_such() -> None:
    older = of_training().assign(usage=lambda rows: rows["usage"].clip(lower=0) + 90)
    log = scored(older, np.full(BASE, 7))
    told = diagnose(seen(trained(), log, roster=roster()), POLICY, {"challengers"}, value=ValueSettings())
    assert told.cause != "data_fault", told.said
    (grown,) = [finding for finding in told.findings if finding.name == "grew_with_time"]
    assert (grown.column, grown.strength) == ("usage", pytest.approx(90, abs=1))
    others = scored(older.sample(frac=1, random_state=1).assign(customer=of_training()["customer"].to_numpy()), np.full(BASE, 7))
    assert find_grown_columns(seen(trained(), others, roster=roster())) == (), "other customers' values under these ids are no growth"
