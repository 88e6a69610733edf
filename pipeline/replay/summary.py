"""From lives to figures: means a batch, regret against the oracle, and a bootstrap over blocks of batches."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np

from pipeline.replay.dated_table import DatedTable, Pace
from pipeline.replay.lived import BatchFacts, Interval, LivedBatch, ReplayReport, StrategyLife
from pipeline.replay.strategies import OPERATOR, ORACLE
from pipeline.workspace.value_settings import ValueSettings

_CONFIDENCE = 0.90
_RESAMPLES = 2_000
_FEWEST = 6  # batches; fewer say nothing about how much such a mean varies
_YEAR = timedelta(days=365.25)


def summarise(
    table: DatedTable, pace: Pace, lives: Mapping[str, Sequence[LivedBatch]], *, family: str, floor: float, value: ValueSettings
) -> ReplayReport:
    """The figures of the batches that every strategy has lived through; at least one."""
    lived = min(len(batches) for batches in lives.values())
    whole = {name: tuple(batches[:lived]) for name, batches in lives.items()}
    oracle = _net(whole[ORACLE])
    years = sum((batch.until - batch.since for batch in table.batches[:lived]), timedelta()) / _YEAR
    found = {name: _life(batches, oracle, years) for name, batches in whole.items()}
    simple = [name for name in found if name not in (OPERATOR, ORACLE)]
    best = max(simple, key=lambda name: found[name].net)
    return ReplayReport(
        table=table.name,
        columns=table.columns,
        reference_rows=len(table.reference),
        reference_until=table.batches[0].since,
        batches=tuple(
            BatchFacts(
                number=batch.number,
                since=batch.since,
                until=batch.until,
                rows=len(batch.rows),
                churn_rate=float(batch.rows[table.columns.target].mean()),
            )
            for batch in table.batches[:lived]
        ),
        asked=len(table.batches),
        lived=lived,
        label_delay_days=pace.label_delay / timedelta(days=1),
        family=family,
        floor=floor,
        value=value,
        operator=OPERATOR,
        best_simple=best,
        over_best_simple=difference(_net(whole[OPERATOR]), _net(whole[best])),
        over_never=difference(_net(whole[OPERATOR]), _net(whole["never"])),
        strategies=found,
    )


def difference(one: np.ndarray, other: np.ndarray) -> Interval:
    """Mean of `one` less `other`, both shape (batches,), with a 90% interval.

    Batches that follow each other resemble each other, so blocks of them are drawn, of the length n^(1/3), round the end to the beginning.
    Source: Politis and Romano (1992), "A circular block-resampling procedure for stationary data".
    """
    apart = one - other
    n = apart.size
    if n < _FEWEST:
        return Interval(value=float(apart.mean()), low=None, high=None)
    length = max(1, round(n ** (1 / 3)))
    rng = np.random.default_rng(0)
    starts = rng.integers(n, size=(_RESAMPLES, -(-n // length)))
    places = (starts[:, :, None] + np.arange(length)).reshape(_RESAMPLES, -1)[:, :n] % n
    low, high = np.quantile(apart[places].mean(axis=1), [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return Interval(value=float(apart.mean()), low=float(low), high=float(high))


def _net(batches: Sequence[LivedBatch]) -> np.ndarray:
    return np.array([batch.net for batch in batches])


def _life(batches: tuple[LivedBatch, ...], oracle: np.ndarray, years: float) -> StrategyLife:
    decided = [batch.decided for batch in batches if batch.decided is not None]
    cases = sum(one.remedy != "monitor" for one in decided)
    net = float(_net(batches).mean())
    return StrategyLife(
        profit=float(np.mean([batch.profit for batch in batches])),
        cost=sum(one.cost for one in decided) / len(batches),
        net=net,
        regret=float(oracle.mean()) - net,
        trained=sum(one.result in ("deployed", "gate_failed") for one in decided),
        deployed=sum(one.result == "deployed" for one in decided),
        cases=cases,
        cases_per_year=cases / years,
        refused_wrongly=sum(one.missed is not None for one in decided),
        unsafe=sum(one.harmful for one in decided),
        batches=batches,
    )
