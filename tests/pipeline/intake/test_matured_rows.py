"""The matured window: back in time for outcomes, whatever the age of their rows, and no further than they are needed or may count."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.intake.windows import file_window, logged_window
from pipeline.measures.measure import GateResult, Measure, Metrics
from pipeline.record.cases import Case, Challenger, ModelRef, WindowFacts
from pipeline.record.champion import Champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.outcomes import log_outcomes
from pipeline.state.predictions import log_predictions
from pipeline.windows.spans import Last, NewestRows, Since, SinceDeploy
from pipeline.windows.stretch import Stretch, TwoWindows
from pipeline.windows.window import Window
from pipeline.workspace.outcome_settings import OutcomeSettings
from pipeline.workspace.window_settings import WindowSettings
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, CHAMPION, DAY, NEWEST, small_opened

LAG, A_DAY, DAYS = 31, 5, 60
DEPLOYED = NEWEST - 40 * DAY
COUNTS = {"n", "churners", "threshold"}


def wanting(opened: Opened, minimum: int, **more: str) -> Opened:
    changed = {"window": WindowSettings(minimum=minimum), "outcomes": OutcomeSettings.model_validate(more)}
    return replace(opened, settings=opened.settings.model_copy(update=changed))


def moments() -> list[datetime]:
    """Scoring times of five customers a day for sixty days, oldest first."""
    return [NEWEST - DAY * day - timedelta(minutes=place) for day in reversed(range(DAYS)) for place in range(A_DAY)]


def ids() -> list[str]:
    return [f"C{number}" for number in range(DAYS * A_DAY)]


def known() -> list[tuple[str, datetime, int]]:
    """Outcomes known 31 days later, at the time of the newest prediction."""
    told = zip(ids(), moments(), strict=True)
    return [(id_, at, number % 2) for number, (id_, at) in enumerate(told) if at + LAG * DAY <= NEWEST]


def learn(opened: Opened) -> None:
    told = known()
    log_outcomes(
        opened.state,
        ids=[id_ for id_, _, _ in told],
        predicted=[at for _, at, _ in told],
        observed=[at + LAG * DAY for _, at, _ in told],
        churned=[churned for _, _, churned in told],
    )


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    found = small_opened(tmp_path, lambda: NEWEST)
    frame = small_table(len(ids()), 1)
    log_predictions(found.state, frame, COLUMNS, ids=ids(), times=moments(), scores=[0.5] * len(frame), version="1")
    learn(found)
    return found


@pytest.fixture
def team(tmp_path: Path) -> Opened:
    """The same log as a team's own table in SQLite."""
    frame = small_table(len(ids()), 1)[list(COLUMNS.features)].assign(kunde=ids(), scored_at=[str(at) for at in moments()])
    with sqlite3.connect(tmp_path / "scores.db") as connection:
        frame.to_sql("scored", connection, index=False)
    found = small_opened(tmp_path, lambda: NEWEST, table="scored", url="sqlite:///scores.db", id="kunde", time="scored_at")
    learn(found)
    return found


def window(opened: Opened, span: Last | Since | NewestRows | SinceDeploy | None = None, champion: Champion = CHAMPION) -> Window:
    return logged_window(opened, champion, BASELINE, span)


@pytest.mark.parametrize("log", ["opened", "team"])
def test_outcomes_that_lag_are_found_as_many_as_asked_for_in_whole_days(log: str, request: pytest.FixtureRequest) -> None:
    found = window(wanting(request.getfixturevalue(log), 22))
    told = found.windows
    assert (told.recent.rows, told.recent.labelled, found.rows) == (35, 0, 35)
    assert (told.matured.labelled, told.matured.customers, found.labelled_rows) == (25, 25, 25)
    assert (told.matured.since, told.matured.until) == (NEWEST - 35 * DAY - timedelta(minutes=4), NEWEST - 31 * DAY)
    assert told.unseen == "Outcomes lag 31 days; what changed since 21 Oct 2026 is not visible yet."
    assert found.labelled.ids is not None
    assert sorted(found.labelled.ids) == ids()[120:145]


def test_where_the_recent_window_has_enough_it_is_both(opened: Opened) -> None:
    told = window(wanting(opened, 22), Last(40 * DAY))
    assert (told.wider, told.labelled_rows, told.windows.recent.labelled) == (None, 45, 45)


def test_the_minimum_never_takes_from_the_recent_windows_own(opened: Opened) -> None:
    assert window(wanting(opened, 1), Last(40 * DAY)).labelled_rows == 45


@pytest.mark.parametrize("span", [NewestRows(35), Since(NEWEST - 7 * DAY)])
def test_whoever_says_from_which_row_on_means_those_alone(opened: Opened, span: Since | NewestRows) -> None:
    assert window(wanting(opened, 22), span).labelled_rows == 0


def test_it_goes_back_to_the_first_row_of_the_log_for_the_first_champion(opened: Opened) -> None:
    found = window(wanting(opened, 5000))
    assert found.labelled_rows == len(known())
    assert found.windows.matured.since == min(moments())


def second_champion(opened: Opened, case_id: str | None = None) -> Champion:
    """The successor of the first one, deployed forty days ago."""
    opened.ledger.append(NEWEST - 50 * DAY, "deployed", None, {"version": "1", "digest": "c" * 64})
    entry = opened.ledger.append(DEPLOYED, "deployed", case_id, {"version": "2", "digest": "d" * 64})
    return Champion(version="2", digest="d" * 64, ledger_seq=entry.seq, ledger_hash=entry.hash)


def trained_in_a_case(opened: Opened, taught_until: datetime, digest: str = "d" * 64) -> str:
    """A case that made a challenger of rows with outcomes up to some time; its id."""
    measured = Metrics(
        n=50, churners=20, threshold=0.5, **{name: Measure(value=0.8, n=50) for name in Metrics.model_fields if name not in COUNTS}
    )
    two = TwoWindows(recent=Stretch(rows=35), matured=Stretch(since=taught_until - DAY, until=taught_until, rows=9, labelled=9))
    case = Case(
        case_id="2026-10-12-abc123",
        key="key",
        kind="triage",
        opened_at=DEPLOYED,
        started_by="test",
        policy_version="1",
        champion=ModelRef(version="1", digest="c" * 64),
        window=WindowFacts(
            source="log", since=None, until=None, rows=35, labelled_rows=9, labelled_churners=4, fingerprint="f" * 64, windows=two
        ),
        challenger=Challenger(version="2", digest=digest, gate=GateResult(passed=True, checks=()), metrics=measured),
    )
    return opened.cases.open(case).case_id


def test_it_goes_no_further_back_than_a_later_champions_deployment(opened: Opened) -> None:
    found = window(wanting(opened, 5000), champion=second_champion(opened))
    assert found.labelled.times is not None
    assert found.labelled.times.min().to_pydatetime() > DEPLOYED
    assert found.labelled_rows == len([at for _, at, _ in known() if at > DEPLOYED])


def test_it_goes_back_to_the_rows_that_the_champions_case_was_taught(opened: Opened) -> None:
    taught_until = NEWEST - 52 * DAY
    found = window(wanting(opened, 5000), champion=second_champion(opened, trained_in_a_case(opened, taught_until)))
    assert found.labelled.times is not None
    assert found.labelled.times.min().to_pydatetime() > taught_until
    assert found.labelled_rows == len([at for _, at, _ in known() if at > taught_until])


def test_a_case_that_made_another_model_says_nothing_of_the_champions_rows(opened: Opened) -> None:
    of_another = trained_in_a_case(opened, NEWEST - 52 * DAY, digest="e" * 64)
    found = window(wanting(opened, 5000), champion=second_champion(opened, of_another))
    assert found.labelled_rows == len([at for _, at, _ in known() if at > DEPLOYED])


def test_the_first_champion_is_not_judged_on_its_own_reference(opened: Opened) -> None:
    end = NEWEST - 45 * DAY
    opened.reference_file.write_text(f"churned,scored\nyes,{NEWEST - 80 * DAY}\nno,{end}\n", encoding="utf-8")
    dated = opened.settings.data.model_copy(update={"time": "scored"})
    timed = replace(opened, settings=opened.settings.model_copy(update={"data": dated, "window": WindowSettings(minimum=5000)}))
    assert window(timed).labelled_rows == len([at for _, at, _ in known() if at > end])


def test_a_base_scored_again_and_again_is_not_read_back_for_ever(tmp_path: Path) -> None:
    opened = small_opened(tmp_path, lambda: NEWEST)
    frame, every = small_table(A_DAY, 1), [f"C{number}" for number in range(A_DAY)]
    times = [NEWEST - day * DAY for day in range(200) for _ in range(A_DAY)]
    log_predictions(opened.state, pd.concat([frame] * 200), COLUMNS, ids=every * 200, times=times, scores=[0.5] * len(times), version="1")
    log_outcomes(opened.state, ids=every * 200, predicted=times, observed=[NEWEST] * len(times), churned=[0] * len(times))
    assert window(wanting(opened, 100)).labelled_rows < 30 * A_DAY


def test_both_windows_are_in_the_fingerprint(opened: Opened) -> None:
    before = window(wanting(opened, 22)).fingerprint
    assert window(wanting(opened, 22)).fingerprint == before
    assert window(wanting(opened, 30)).fingerprint != before
    (oldest, at, churned), *_ = [told for told in known() if told[1] >= NEWEST - 35 * DAY]
    log_outcomes(opened.state, ids=[oldest], predicted=[at], observed=[NEWEST], churned=[1 - churned])
    assert window(wanting(opened, 22)).fingerprint != before, "an older outcome was corrected"
    frame = small_table(1, 3)
    before = window(wanting(opened, 22)).fingerprint
    log_predictions(opened.state, frame, COLUMNS, ids=["new"], times=[NEWEST], scores=[0.5], version="1")
    assert window(wanting(opened, 22)).fingerprint != before, "a recent row more"


def test_a_horizon_that_is_over_makes_stayers_of_older_rows(opened: Opened) -> None:
    named = wanting(opened, 22, horizon="30d", absence="stayed")
    log_outcomes(opened.state, ids=["C140"], predicted=[None], observed=[NEWEST - 2 * DAY], churned=[1])
    found = window(named)
    assert found.labelled_rows >= 22
    assert set(found.labelled.churned.unique()) <= {0, 1}
    assert found.windows.lag is not None
    assert found.windows.lag >= 30 * DAY


def test_a_file_is_both_windows_and_tells_its_dates(opened: Opened, tmp_path: Path) -> None:
    frame = small_table(len(ids()), 1)[list(COLUMNS.features)].assign(customer=ids(), scored_at=[str(at) for at in moments()])
    frame.to_csv(tmp_path / "current.csv", index=False)
    said = tmp_path / "outcomes.csv"
    pd.DataFrame(known(), columns=["customer", "predicted_at", "churned"]).replace({"churned": {1: "yes", 0: "no"}}).to_csv(
        said, index=False
    )
    timed = replace(
        opened,
        settings=opened.settings.model_copy(update={"predictions": opened.settings.predictions.model_copy(update={"time": "scored_at"})}),
    )
    found = file_window(timed, BASELINE, tmp_path / "current.csv", said)
    assert (found.wider, found.rows, found.labelled_rows) == (None, 300, len(known()))
    assert (found.windows.recent.until, found.windows.matured.until) == (NEWEST, NEWEST - 31 * DAY)
    assert found.windows.unseen == "Outcomes lag 31 days; what changed since 21 Oct 2026 is not visible yet."
