"""What a replay found: every batch as each strategy lived it, and the totals with their intervals."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from pipeline.benchmark.instance import Answer, Remedy
from pipeline.tables.schema import Schema
from pipeline.workspace.value_settings import ValueSettings

Result = Literal["nothing", "deployed", "gate_failed", "cooldown", "too_few_outcomes"]


class _Found(BaseModel, frozen=True, extra="forbid"):
    """Frozen: what was read stays as it was."""


class Decided(_Found):
    """What was decided when a batch had ended, and what came of it. `cost` in points. `gain`: points that a deployed model brought over
    the model before it in the batches by which hindsight judges, together. `missed`: the same of the best training that was not
    done, less its cost, where the data or the outcomes were called broken and it is above 0. `failed`: rules of the gate that the
    candidate did not pass."""

    answer: Answer
    result: Result
    cost: float
    gain: float | None = None
    missed: float | None = None
    failed: tuple[str, ...] = ()

    @property
    def remedy(self) -> Remedy:
        """What was decided, as something that can be done."""
        return self.answer.remedy

    @property
    def harmful(self) -> bool:
        """Whether a model was deployed that lost more than a training costs."""
        return self.gain is not None and self.gain < -self.cost


class LivedBatch(_Found):
    """One batch of one strategy. `profit`: of a campaign by its champion's scores, in points: percent of the maximum. `decided` is None for the
    last batch, after which nothing comes."""

    profit: float
    decided: Decided | None

    @property
    def net(self) -> float:
        """Profit less what the decision at its end cost, in points."""
        return self.profit - (self.decided.cost if self.decided else 0.0)


class Interval(_Found):
    """A mean difference in points a batch with its 90% interval; None where there are too few batches to estimate one."""

    value: float
    low: float | None
    high: float | None


class StrategyLife(_Found):
    """One strategy's way through the batches. Profits, costs and `net` are means in points a batch; `regret` is the oracle's net less its own.
    `trained`: trainings that were begun; `cases`: decisions that asked people for anything."""

    profit: float
    cost: float
    net: float
    regret: float
    trained: int
    deployed: int
    cases: int
    cases_per_year: float
    refused_wrongly: int
    unsafe: int
    batches: tuple[LivedBatch, ...]


class BatchFacts(_Found):
    """One batch of the table. `churn_rate` in 0-1."""

    number: int
    since: datetime
    until: datetime
    rows: int
    churn_rate: float


class ReplayReport(_Found):
    """A whole replay, or what was done of it (`asked` batches, `lived` of them). `best_simple` earned the most of the strategies that are neither
    the `operator` nor the oracle; `over_best_simple` and `over_never` are the operator's net less theirs. `floor`: ROC-AUC that the gate asked for."""

    table: str
    columns: Schema
    reference_rows: int
    reference_until: datetime
    batches: tuple[BatchFacts, ...]
    asked: int
    lived: int
    label_delay_days: float
    family: str
    floor: float
    value: ValueSettings
    operator: str
    best_simple: str
    over_best_simple: Interval
    over_never: Interval
    strategies: dict[str, StrategyLife]
