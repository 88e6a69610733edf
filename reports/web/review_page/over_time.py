"""The months as the start page draws them: performance, churn, scores, drift, volume and missing values, from checks, cases and the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.intake.future_rows import latest_meant
from pipeline.record.cases import Case
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.check_figures import CheckFigures, IntervalFigure
from pipeline.state.predictions import logged_per_day
from reports.looks import measured_looks
from reports.web.review_page.heat_map import HeatMap, heat_map
from reports.web.review_page.line_chart import ChartMark, LineChart, Reading, Series, line_chart
from reports.workspace_history import Served

_DAYS = timedelta(days=90)  # of the log


@dataclass(frozen=True)
class OverTime:
    """Charts that have something to show, and the map of drift, None without any."""

    charts: tuple[LineChart, ...]
    drift: HeatMap | None


def over_time(opened: Opened, cases: tuple[Case, ...], served: tuple[Served, ...]) -> OverTime:
    """Draw what is on record. `cases` and `served`: newest first."""
    looks = measured_looks(opened, cases)
    marks = [ChartMark(one.since, f"version {one.version}, {one.how}") for one in served]
    days = logged_per_day(opened.state, opened.clock() - _DAYS, latest_meant(opened))
    drawn = (
        line_chart(
            "ROC-AUC",
            (
                Series("measured on known outcomes", "measured", _intervals((at, seen.measured) for at, seen in looks)),
                Series("expected without outcomes", "expected", _intervals((at, seen.expected) for at, seen in looks)),
            ),
            ".3f",
            marks,
        ),
        line_chart(
            "Churn rate and mean score",
            (
                Series("churned, of known outcomes", "measured", _readings((at, seen.churn_rate) for at, seen in looks)),
                Series("mean score of the day", "expected", tuple(Reading(day.at, day.mean_score) for day in days)),
            ),
            ".1%",
            marks,
        ),
        line_chart(
            "Predictions a day",
            (Series("predictions", "measured", tuple(Reading(day.at, day.rows) for day in days)),),
            ",.0f",
            marks,
            from_zero=True,
        ),
        line_chart("Missing values", (_most_missing(looks),), ".1%", marks, from_zero=True),
    )
    return OverTime(tuple(filter(None, drawn)), heat_map([(at, seen.drift) for at, seen in looks]))


def _intervals(told: Iterable[tuple[datetime, IntervalFigure | None]]) -> tuple[Reading, ...]:
    return tuple(Reading(at, found.value, found.low, found.high) for at, found in told if found is not None)


def _readings(told: Iterable[tuple[datetime, float | None]]) -> tuple[Reading, ...]:
    return tuple(Reading(at, value) for at, value in told if value is not None)


def _most_missing(looks: list[tuple[datetime, CheckFigures]]) -> Series:
    """The feature that misses most by now."""
    newest = next((seen.missing for _, seen in reversed(looks) if seen.missing), {})
    name = max(newest, key=lambda feature: newest[feature], default="")
    return Series(plain(name, 60), "measured", _readings((at, seen.missing.get(name)) for at, seen in looks))
