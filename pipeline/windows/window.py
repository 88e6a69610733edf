"""The window as a type: what was counted of its newest rows, where they lie, and the rows, these or older ones, whose outcome is known."""

import hashlib
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.errors import DataError, Notice
from pipeline.expectations.violation import ColumnViolation, Violation
from pipeline.profiles.profile import Profile
from pipeline.shown_text import plain
from pipeline.sources.source import Exclusion, MappedSource, PredictionLog, Restriction, Source
from pipeline.tables.customer_counts import CustomerCounts
from pipeline.tables.schema import Schema
from pipeline.tables.similar_names import near_misses
from pipeline.windows.offers_made import OffersMade
from pipeline.windows.population import PopulationKind
from pipeline.windows.stretch import BrokenDays, Stretch, TwoWindows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd  # rows are seldom needed, and reading their library takes longer than counting them
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Labelled:
    """The window's rows whose outcome is known, index-aligned. `features`: the schema's; `churned`: 1 or 0; `ids` and `times` (UTC) are
    None where the window has none. `recorded` (UTC): when the churn of those who left was written down, missing for the others; None where
    nobody asked. `weights`: how many rows each stands for, where some were left out because of offers (`untouched_rows`) or outcomes were asked for, else None;
    `set_aside`: the ids of those left out, None where there are none. `design_weights`: how many customers each stands for where outcomes were asked
    for by a list (`asked_rows`), of the mean 1; None where none was."""

    features: "pd.DataFrame"
    churned: "pd.Series"
    ids: "pd.Series | None"
    times: "pd.Series | None"
    recorded: "pd.Series | None" = None
    weights: "pd.Series | None" = None
    set_aside: "pd.Series | None" = None
    design_weights: "pd.Series | None" = None

    def at(self, rows: "NDArray[np.bool_] | NDArray[np.int64]") -> "Labelled":
        """Some of the rows: a mask, shape (rows,), or their places."""
        return Labelled(
            self.features.iloc[rows],
            self.churned.iloc[rows],
            None if self.ids is None else self.ids.iloc[rows],
            None if self.times is None else self.times.iloc[rows],
            None if self.recorded is None else self.recorded.iloc[rows],
            None if self.weights is None else self.weights.iloc[rows],
            self.set_aside,
            None if self.design_weights is None else self.design_weights.iloc[rows],
        )


@dataclass(frozen=True)
class OutcomeRecord:
    """How outcomes came in over the months, beyond what both windows hold: it shows whether they stopped, or mean something else by now.

    `words`: every outcome of about a year, columns `_time` (scoring time, UTC or missing), `_recorded` (UTC), `_churned` (1 or 0). `taken_in`:
    when outcomes came in from files and tables, oldest first. `until`: the newest prediction, None where rows have no times. `sample`: rows
    scored in some months, of whom 1 are known to have churned and `recorded` says when that was written down; None where that follows from when they were
    scored."""

    words: "pd.DataFrame"
    taken_in: tuple[datetime, ...]
    until: datetime | None
    sample: Labelled | None


@dataclass(frozen=True)
class Roster:
    """The reference table with its ids, under the names that `columns` gives them: which customers the champion was trained on."""

    source: Source
    columns: Schema


@dataclass(frozen=True)
class Window:
    """Two windows of one source. The recent one: `profile` is made against the champion's reference; its rows stay in `source`, `restriction`
    says which of them. The matured one: `known`, the labelled rows, None for none; `wider` says which rows they are among where they reach
    back beyond the recent ones, else it is None. Rows of days `left_out` are broken and not among them, nor are those of customers who were
    contacted (`offers`, None where no offer is known); `restored` has these too, with outcomes as without an offer, None where nobody can tell them. `record`: how outcomes came in over the months, None where too few did to tell.

    `columns`: the workspace's schema with id and time as the source names them. `name` is for
    people. `scored`: how often the recent window's customers were scored, None where they have no ids. `set_aside`: rows of its log
    that are dated in the future, and in no window. `declared`: who is scored, as the settings say; `roster`: who was in the reference; None
    where neither is known. `logged`: it is the end of a log, not a file of its own. `violations`: what breaks the expectations that were declared.
    `read_back` reads the matured window again without some rows, further back where it must; None where it does not reach back.
    """

    name: str
    source: Source
    columns: Schema
    restriction: Restriction
    profile: Profile
    known: Labelled | None
    scored: CustomerCounts | None = None
    set_aside: int = 0
    declared: PopulationKind | None = None
    roster: Roster | None = None
    wider: Restriction | None = None
    left_out: tuple[BrokenDays, ...] = ()
    record: OutcomeRecord | None = None
    logged: bool = False
    violations: tuple[Violation, ...] = ()
    offers: OffersMade | None = None
    restored: Labelled | None = None
    read_back: "Callable[[tuple[Exclusion, ...]], Window] | None" = None

    @property
    def teaching(self) -> Labelled:
        """The labelled rows that a model is taught and chosen by."""
        return self.labelled if self.restored is None else self.restored

    @cached_property
    def labelled(self) -> Labelled:
        """The rows whose outcome is known, which may be none."""
        if self.known is not None:
            return self.known
        import pandas as pd

        return Labelled(pd.DataFrame(columns=list(self.columns.features)), pd.Series(dtype="int64"), None, None)

    @property
    def rows(self) -> int:
        return self.profile.rows

    @property
    def customers(self) -> int | None:
        """Different customers; None where they have no ids."""
        return None if self.scored is None else self.scored.customers

    @property
    def worth(self) -> float:
        """Share of the rows, 0-1, that would tell as much if no customer repeated."""
        return 1.0 if self.scored is None else self.scored.worth

    @property
    def since(self) -> datetime | None:
        return self.profile.since

    @property
    def until(self) -> datetime | None:
        return self.profile.until

    @property
    def labelled_rows(self) -> int:
        return 0 if self.known is None else len(self.known.churned)

    @property
    def labelled_churners(self) -> int:
        return 0 if self.known is None else int(self.known.churned.sum())

    @cached_property
    def windows(self) -> TwoWindows:
        """Both windows in figures: what is recent, and what is matured."""
        recent = Stretch(since=self.since, until=self.until, rows=self.rows, customers=self.customers, labelled=self.labelled_rows)
        if not self.labelled_rows:
            return TwoWindows(recent=recent, matured=Stretch(), left_out=self.left_out, offers=self.offers)
        known, first, last = self.labelled, self.since, self.until
        if known.times is not None:
            first, last = known.times.min().to_pydatetime(), known.times.max().to_pydatetime()
            if self.wider is not None and self.restriction.since is not None:
                recent = recent.model_copy(update={"labelled": int((known.times > self.restriction.since).sum())})
        customers = None if known.ids is None else known.ids.nunique() + int(known.ids.isna().sum())
        matured = Stretch(since=first, until=last, rows=self.labelled_rows, customers=customers, labelled=self.labelled_rows)
        return TwoWindows(recent=recent, matured=matured, left_out=self.left_out, offers=self.offers)

    @property
    def fingerprint(self) -> str:
        """sha256 in hex over what was counted, the labelled rows, their stretch where it is another one, and which expectations are broken: it
        changes when one of them does, and only then."""
        from pipeline.tables.typed_parquet import fingerprint

        # Sums are left out: engines add floats in any order.
        counted = self.profile.model_dump(mode="json", exclude={"numerical": {"__all__": {"content": {"sums"}}}})
        rows = self.labelled.features.assign(_churned=self.labelled.churned)
        further = self.wider is not None or self.left_out or self.offers is not None
        matured = f"|{self.windows.model_dump_json(include={'matured', 'left_out', 'offers'})}" if further else ""
        # A feed that stopped leaves the rows as they were, and goes on being late; it is news once.
        kinds = [(one.kind, one.column if isinstance(one, ColumnViolation) else "") for one in self.violations]
        broken = f"|{json.dumps(kinds)}" if kinds else ""
        return hashlib.sha256(f"{json.dumps(counted, sort_keys=True)}|{fingerprint(rows)}{matured}{broken}".encode()).hexdigest()


def require_whole(window: Window) -> None:
    """For what cannot put up with a broken file; a diagnosis can. A column without any value is said, and the others are answered for.

    Raises:
        DataError: the window's file lacks features, has text for a number in one or no value in any, or repeats customers at one scoring time.
    """
    profile, name = window.profile, window.name
    if isinstance(window.source, PredictionLog):
        return
    if profile.absent:
        raise _lacking(window)
    for column in profile.numerical:
        if column.unreadable:
            raise DataError(
                f"{name}: {column.unreadable:,} values of `{column.name}` are not numbers.",
                f"Correct the export, or make `{column.name}` categorical.",
            )
    empty = [column.name for part in (profile.numerical, profile.categorical) for column in part if not column.count]
    if empty:
        what = "missing or infinite" if any(column.infinite for column in profile.numerical if column.name in empty) else "missing"
        said = f"In {name} every value is {what} in: {', '.join(empty)}."
        if len(empty) == len(profile.numerical) + len(profile.categorical):
            raise DataError(said, "Ask the owner of the feed to fix it, then try again.")
        warnings.warn(
            f"{said} There is no verdict on {'it' if len(empty) == 1 else 'them'}; ask the owner of the feed.", Notice, stacklevel=2
        )
    if profile.repeats and (window.columns.time is not None or window.declared not in ("active_base", "mixed")):
        raise DataError(
            f"{name} has {profile.repeats:,} rows that repeat a customer at the same scoring time.",
            "Remove the repeats, or name the scoring-time column as `time` under [predictions] in churnops.toml; where the same customers are "
            'scored again and again and no column says when, set population = "active_base" there.',
        )


def _lacking(window: Window) -> DataError:
    profile, mapping = window.profile, window.source.mapping if isinstance(window.source, MappedSource) else None
    expected = {feature: mapping.column_of(feature) if mapping else feature for feature in profile.absent}
    lacks = ", ".join(
        f"`{plain(column)}`" if column == feature else f"`{plain(column)}`, mapped to `{plain(feature)}`"
        for feature, column in expected.items()
    )
    said = f"{window.name} lacks {lacks}."
    renamed = near_misses(expected, profile.extra)
    if not renamed:
        return DataError(said, "Add the missing columns to the export; `data` in churnops.toml names them all.")
    has = ", ".join(f"`{plain(column)}`" for column in renamed.values())
    lines = ", ".join(f'`"{plain(column)}" = "{plain(feature)}"`' for feature, column in renamed.items())
    return DataError(
        said, f"It has {has}: map with {lines} under [predictions.columns] in churnops.toml, or let `churnops init --log` propose it."
    )
