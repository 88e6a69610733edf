"""After a repair: the customers that were scored on broken rows, scored again, and whose answer changes by it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ChurnopsError, DataError
from pipeline.intake.customers import customers_of, newest_of_each
from pipeline.intake.scoring_time import with_roles
from pipeline.intake.team_log import own_log
from pipeline.intake.windows import file_window, logged_window
from pipeline.measures.risk_tiers import TIERS, tier_of
from pipeline.record.cases import Case, concluded
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.scoring.scorer import open_scorer
from pipeline.serving.scored_list import answers
from pipeline.sources.source import Restriction
from pipeline.tables.schema import Schema
from pipeline.windows.baseline import baseline_of
from pipeline.windows.spans import MICROSECOND, Since

if TYPE_CHECKING:
    import pandas as pd

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rescored:
    """`customers`: `id`, `old_score`, `old_tier`, `new_score`, `new_tier`, those that change most first. `missing`: how many were scored on broken
    rows and are not among the repaired ones. `since`, `until`: the broken rows' scoring times (UTC). `model_version` scored them now."""

    customers: "pd.DataFrame"
    missing: int
    since: datetime
    until: datetime
    model_version: str

    @property
    def moved(self) -> "pd.DataFrame":
        """Those in another tier than before."""
        return self.customers[self.customers["old_tier"] != self.customers["new_tier"]]

    @property
    def raised(self) -> int:
        """How many are in a higher tier now."""
        moved = self.moved
        return int((moved["new_tier"].map(TIERS.index) > moved["old_tier"].map(TIERS.index)).sum())


def rescore(opened: Opened, case: Case, file: Path | None) -> Rescored:
    """Score the customers of a case's broken rows again: as `file` has them, else as the team's log has those rows by now, or, in churnops' own log,
    as they were scored since.

    Raises:
        ChurnopsError: the case is about no broken data, its rows have no times, or the rows of either side cannot be had.
    """
    since, until = _broken_span(case)
    champion, artifact = open_champion(opened)
    baseline = baseline_of(artifact)
    before = newest_of_each(_scores(opened, since, until))
    if file is not None:
        window = file_window(opened, baseline, file, None)
    elif own_log(opened) is None:
        window = logged_window(opened, champion, baseline, Since(until + MICROSECOND))
    else:
        found = logged_window(opened, champion, baseline, Since(since))
        window = replace(found, restriction=replace(found.restriction, until=until))
    rows = customers_of(window)
    scorer = open_scorer(artifact, opened.settings.value, version=champion.version)
    again = rows[rows["_id"].isin(before["_id"])]
    if again.empty:
        raise DataError(
            f"{window.name} holds none of the {len(before):,} customers scored from {since:%Y-%m-%d} to {until:%Y-%m-%d}.",
            "Give the repaired rows as FILE.",
        )
    scored = answers(scorer, again)
    now = again[["_id"]].assign(new_score=[one.probability for one in scored], new_tier=[one.tier for one in scored])
    both = before[["_id", "score"]].merge(now, on="_id", validate="one_to_one")
    table = both.rename(columns={"_id": "id", "score": "old_score"}).assign(old_tier=both["score"].map(tier_of))
    change = (table["new_score"] - table["old_score"]).abs()
    table = table.loc[change.sort_values(ascending=False, kind="stable").index, ["id", "old_score", "old_tier", "new_score", "new_tier"]]
    return Rescored(table.reset_index(drop=True), len(before) - len(again), since, until, champion.version)


def _broken_span(case: Case) -> tuple[datetime, datetime]:
    """From after which scoring time to which one the case's rows are broken: as its findings date them, else its window."""
    found, window = concluded(case), case.window
    if found is None or "data_fault" not in (found.cause, found.also):
        raise ChurnopsError(f"Case {case.case_id} is about no broken data.", "`churnops case list` shows what each is about.")
    if window is None or window.since is None or window.until is None:
        raise DataError(f"The rows of case {case.case_id} have no scoring times.", "Score the repaired rows with `churnops score FILE`.")
    dated = [one.days for one in found.findings if one.notable and one.days is not None and "data_fault" in one.argues_for]
    dated += [(one.onset.first, one.onset.last) for one in found.repairs if one.returned and one.onset is not None and one.onset.bounded]
    if not dated:
        return window.since - MICROSECOND, window.until
    first, last = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (min(one[0] for one in dated), max(one[1] for one in dated)))
    return first - MICROSECOND, last + _DAY - MICROSECOND


def _scores(opened: Opened, since: datetime, until: datetime) -> "pd.DataFrame":
    """The scores that were given: `_id`, `_time`, `score`."""
    from pipeline.sources.rows import rows_of
    from pipeline.state.predictions import read_scores

    log, named = own_log(opened), opened.settings.predictions
    if log is None:
        return read_scores(opened.state, since, until)
    log = with_roles(log, opened.settings.data.columns)
    if not named.score or log.columns.id is None:
        raise DataError(
            f"{log.name} has no column of scores or of ids, so nobody knows who was told what.",
            "Name them as `score` and `id` under [predictions] in churnops.toml.",
        )
    alone = Schema(
        target=log.columns.target, positive=log.columns.positive, id=log.columns.id, time=log.columns.time, numerical=(named.score,)
    )
    return rows_of(log.source, alone, Restriction(since=since, until=until), {}).rename(columns={named.score: "score"})
