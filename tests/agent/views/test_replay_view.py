"""A replay at the terminal: figures, bars, and sentences that agree with them."""

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from agent.views.replay_view import report_view
from pipeline.benchmark.instance import Answer
from pipeline.replay.lived import BatchFacts, Decided, Interval, LivedBatch, ReplayReport, StrategyLife
from pipeline.tables.schema import Schema
from pipeline.workspace.value_settings import ValueSettings

START = datetime(2025, 1, 6, tzinfo=UTC)
REFUSED = Decided(answer=Answer(cause="data_fault", column="[bold]x", action="fix_data"), result="nothing", cost=1.2, missed=7.34)
HARMFUL = Decided(answer=Answer(cause="concept_drift", action="retrain", mode="recent"), result="deployed", cost=1.5, gain=-4.0)


def life(*decided: Decided | None) -> StrategyLife:
    batches = tuple(LivedBatch(profit=10.0 * place, decided=one) for place, one in enumerate(decided))
    return StrategyLife(
        profit=10,
        cost=0.9,
        net=9.1,
        regret=2,
        trained=2,
        deployed=1,
        cases=2,
        cases_per_year=8.7,
        refused_wrongly=1,
        unsafe=1,
        batches=batches,
    )


def shown(over: Interval, width: int = 150) -> str:
    facts = [
        BatchFacts(
            number=place + 1, since=START + timedelta(weeks=place), until=START + timedelta(weeks=place + 1), rows=1344, churn_rate=0.4
        )
        for place in range(3)
    ]
    names = ("diagnosis", "never", "oracle")
    report = ReplayReport(
        table="t.csv", columns=Schema(target="churned", positive="yes"), reference_rows=900, reference_until=START, batches=tuple(facts),
        asked=5, lived=3, label_delay_days=30, family="random_forest", floor=0.7, value=ValueSettings(), operator="diagnosis",
        best_simple="never", over_best_simple=over, over_never=over,
        strategies={name: life(REFUSED, HARMFUL, None) for name in names},
    )  # fmt: skip
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(report_view(report))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_figures_bars_and_decisions_stand_side_by_side() -> None:
    said = shown(Interval(value=-1.2, low=-2.0, high=-0.4))
    assert "of 5: partial" in said
    assert "▁▅█" in said or "▁▄█" in said
    assert "data fault ([bold]x)" in said
    assert "wrongly refused: a training would have brought +7.3" in said
    assert "deployed, -4.0 over the model before" in said
    assert "1.2 points a batch less (90% interval -2.0 to -0.4) than never" in said
    assert "1 training wrongly refused" in said
    assert "3 trainings of all strategies did not pass the gate" in said


def test_an_interval_that_cannot_be_estimated_is_left_out() -> None:
    said = shown(Interval(value=0.3, low=None, high=None))
    assert "0.3 points a batch more than never" in said
    assert "interval" not in said


def test_a_narrow_terminal_loses_no_figure() -> None:
    said = shown(Interval(value=0.3, low=None, high=None), width=80)
    assert all(len(line.rstrip()) <= 80 for line in said.splitlines())
    assert "8.7" in said and "9.1" in said
