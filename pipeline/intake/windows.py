"""The current window: where the customers scored lately lie, what they look like, and the outcomes known by now."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DataError, Notice
from pipeline.intake.declared_population import declared, roster
from pipeline.intake.feature_start import recent_start
from pipeline.intake.future_rows import latest_meant, newest_meant
from pipeline.intake.matured_rows import OlderRows, with_matured
from pipeline.intake.scoring_time import with_roles
from pipeline.intake.team_log import TICK, OwnLog, current_file, meant_rows, own_log
from pipeline.intake.window_rows import kept_rows
from pipeline.intake.window_start import start_of
from pipeline.profiles.counting import count_rows, last_time, profile_window, profile_with_customers
from pipeline.profiles.daily import profile_log
from pipeline.profiles.grid import even_grid
from pipeline.profiles.profile import Cells, NumericalProfile, Profile, spelling_of
from pipeline.record.champion import Champion
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.exclusions import excluded
from pipeline.shown_text import plain, quoted
from pipeline.sources.customers import customer_counts
from pipeline.sources.source import PredictionLog, Restriction
from pipeline.tables.categories import Categories, Spelling
from pipeline.tables.connection import one_engine
from pipeline.tables.schema import Schema
from pipeline.tables.similar_names import most_alike
from pipeline.windows.baseline import Baseline
from pipeline.windows.spans import MICROSECOND, Last, Span
from pipeline.windows.window import Labelled, Window

if TYPE_CHECKING:
    import pandas as pd  # rows are seldom needed, and reading their library takes longer than counting them

_EVERY_ROW = (1 << 31) - 1  # the most that every engine takes for a limit: so far from the newest row, or nearer, is the oldest


@one_engine()
def logged_window(opened: Opened, champion: Champion, baseline: Baseline, span: Span | None = None, outcomes: Path | None = None) -> Window:
    """A span of the prediction log, churnops' own or the team's; by default `[window] length` before the newest prediction, or all of a
    team's log without scoring times, and no row from before a deploy that brought the champion's features. Outcomes are those of older rows too (`with_matured`), unless the first row was named. The file
    `outcomes` stands in for the logged ones.

    Raises:
        DataError: nothing is logged, all of it is dated in the future, nothing lies in the span, or the team's log cannot be read or has no times to choose a span by.
    """
    from pipeline.intake.outcome_record import with_outcome_record
    from pipeline.intake.window_labels import require_some, told_in_file, told_in_log
    from pipeline.state.predictions import (
        logged_customers,
        newest_prediction,
        oldest_prediction,
        predictions_after,
        read_predictions,
    )

    columns, segment, spelling = (
        baseline.columns_in(opened.settings.data.columns),
        baseline.restriction.segment,
        spelling_of(baseline.profile),
    )
    own = own_log(opened)
    if own is not None:
        log = with_roles(own, columns)
        meant = meant_rows(log, opened, champion, span, segment)
        told = told_in_log(opened) if outcomes is None else told_in_file(opened, outcomes)
        reaching = champion if _reaches_back(span, segment) else None
        window = _own_window(opened, baseline.profile, log, meant.restriction, told, outcomes, reaching)
        return replace(window, set_aside=meant.set_aside, logged=True)
    newest = newest_prediction(opened.state)
    if newest is None:
        raise DataError(
            "No predictions are logged yet.", "Run `churnops simulate --scenario none`, or give a window as a file with `--current FILE`."
        )
    latest = latest_meant(opened)
    set_aside = predictions_after(opened.state, latest) if newest > latest else 0
    from_newest = partial(newest_prediction, opened.state, until=latest)
    newest = newest_meant(newest, latest, partial(from_newest, 1), "the prediction log")
    since = start_of(span or Last(opened.settings.window.recent), newest, from_newest, opened.ledger, champion, MICROSECOND)
    if span is None or isinstance(span, Last):
        since = recent_start(opened, champion, columns, since, newest)
    source = PredictionLog(opened.state.place)
    restriction = Restriction(since, newest, segment, left_out=excluded(opened.state))
    if segment is None:
        kept = opened.workspace.profiles / baseline.digest[:12]
        profile = profile_log(opened.state, columns, baseline.profile, since, newest, kept, restriction.left_out)
        # Sooner than taking the features apart, where that is not needed.
        left_out = bool(restriction.left_out)
        scored = customer_counts(source, columns, restriction, spelling) if left_out else logged_customers(opened.state, since, newest)
    else:
        profile, scored = profile_with_customers(source, columns, baseline.profile, restriction)
    given = None if outcomes is None else told_in_file(opened, outcomes)
    known = partial(_known_in_log, opened, columns, spelling, given)
    window = Window(
        "prediction log", source, columns, restriction, profile, known(restriction), scored, set_aside, declared(opened), roster(opened),
        logged=True,
    )  # fmt: skip
    if _reaches_back(span, segment):
        window = with_matured(opened, champion, window, OlderRows(known, partial(oldest_prediction, opened.state), MICROSECOND))
    if given is not None or window.labelled_rows:
        told = told_in_log(opened) if given is None else given
        count = partial(predictions_after, opened.state)
        window = with_outcome_record(opened, window, told, spelling, count, logged=given is None)
    if given is not None and outcomes is not None and not window.labelled_rows:
        rows = kept_rows(read_predictions(opened.state, columns, since, newest), restriction, spelling)
        require_some(window.labelled, rows["_id"], given, outcomes.name, "prediction log")
    return window


def _reaches_back(span: Span | None, segment: tuple[str, str] | None) -> bool:
    """Whether outcomes of older rows count. Whoever says from which row on means those alone; a segment is asked for its drift."""
    return (span is None or isinstance(span, Last)) and segment is None


def _known_in_log(opened: Opened, columns: Schema, spelling: Spelling, told: "pd.DataFrame | None", meant: Restriction) -> Labelled:
    """The labelled ones of the logged rows that are meant, by what is on record or by what was `told` instead."""
    from pipeline.intake.window_labels import label_rule, labelled_rows
    from pipeline.state.predictions import read_labelled, read_predictions

    rule = label_rule(opened.settings)
    assert meant.since is not None and meant.until is not None  # a stretch of the log
    if told is not None:
        return labelled_rows(
            kept_rows(read_predictions(opened.state, columns, meant.since, meant.until), meant, spelling), columns, told, rule
        )
    found = read_labelled(opened.state, columns, meant.since, meant.until, opened.clock(), rule)
    known = kept_rows(found, meant, spelling)
    return Labelled(known[list(columns.features)], known["_churned"], known["_id"], known["_time"])


@one_engine()
def file_window(opened: Opened, baseline: Baseline, current: Path, outcomes: Path | None) -> Window:
    """A window that lies in a file, a folder of files or a pattern of them, with its outcomes in another one or not at all.

    Raises:
        DataError: a file cannot be read, or its scores are no probabilities.
    """
    known = None
    if outcomes is not None:
        from pipeline.intake.window_labels import told_in_file

        known = told_in_file(opened, outcomes)
    log = with_roles(current_file(opened, current), baseline.columns_in(opened.settings.data.columns))
    return _own_window(opened, baseline.profile, log, baseline.restriction, known, outcomes)


def _own_window(
    opened: Opened,
    reference: Profile,
    log: OwnLog,
    restriction: Restriction,
    outcomes: "pd.DataFrame | None",
    said: Path | None,
    champion: Champion | None = None,
) -> Window:
    """`champion` is given where outcomes of older rows count, too."""
    name = log.name if restriction.version is None else f"{log.name}, version {restriction.version[1]}"
    restriction = replace(restriction, left_out=excluded(opened.state))
    if restriction.segment is None:  # a segment's reference has not all of the values
        _say_unknown_values(opened.settings.predictions.values, reference)
    profile, scored = profile_with_customers(log.source, log.columns, reference, restriction)
    named = {opened.settings.predictions.score, opened.settings.predictions.model_version}
    profile = profile.model_copy(update={"extra": tuple(column for column in profile.extra if column not in named)})
    _require_probabilities(log, restriction, opened.settings.predictions.score)
    window = Window(name, log.source, log.columns, restriction, profile, None, scored, declared=declared(opened), roster=roster(opened))
    if outcomes is None or outcomes.empty:
        return window
    if profile.repeats is None:
        raise DataError(f"{name} has no id column, so outcomes cannot be joined.", "Name it as `id` under [predictions] in churnops.toml.")
    from pipeline.intake.outcome_record import with_outcome_record
    from pipeline.intake.window_labels import labels_of_source, require_some_of_source

    spelling = spelling_of(reference)
    known = partial(labels_of_source, window, opened.settings, spelling, outcomes)
    window = replace(window, known=known(restriction))
    if champion is not None:
        oldest = partial(last_time, log.source, log.columns, place=_EVERY_ROW)
        window = with_matured(opened, champion, window, OlderRows(known, oldest, TICK))
    count = _counting(log, restriction)
    window = with_outcome_record(opened, window, outcomes, spelling, count, logged=said is None)
    if said is not None:
        require_some_of_source(window, spelling, outcomes, said.name)
    return window


def _counting(log: OwnLog, restriction: Restriction) -> Callable[[datetime, datetime], int]:
    """How to count the rows between two moments."""
    return lambda since, until: count_rows(log.source, log.columns, replace(restriction, since=since, until=until))


def _say_unknown_values(values: Mapping[str, Mapping[str, str]], reference: Profile) -> None:
    """A value of the log that is mapped to none of the reference's is probably misspelt: counted as new it would pass for drift."""
    for column in reference.categorical:
        spelling = Categories(column.known).spelling
        meant = {text for text in map(spelling, values.get(column.name, {}).values()) if text is not None}
        for stranger in sorted(meant.difference(column.known)):
            close = most_alike(stranger, column.known)
            hint = f"; perhaps {quoted(close)} is meant" if close else ""
            warnings.warn(
                f"[predictions.values] maps to {quoted(stranger)} of `{plain(column.name)}`, which the reference does not have{hint}.",
                Notice,
                stacklevel=2,
            )


def _require_probabilities(log: OwnLog, restriction: Restriction, score: str) -> None:
    if not score:
        return
    empty = NumericalProfile(
        name=score, nulls=0, grid=even_grid(0.0, 1.0, 0.5, (0.25, 0.5, 0.75)), content=Cells(places=(), counts=(), sums=())
    )
    alone = Schema(target=log.columns.target, positive=log.columns.positive, time=log.columns.time, numerical=(score,))
    found = profile_window(log.source, alone, Profile(rows=0, numerical=(empty,), categorical=()), restriction)
    (column,) = found.numerical
    low, high = column.minimum, column.maximum
    if not found.absent and (column.nulls or (low is not None and low < 0) or (high is not None and high > 1)):
        raise DataError(f"Column {score} of {log.name} is not a probability in every row.", "Map the score column under [predictions].")
