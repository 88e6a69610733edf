"""`churnops bench`: how well a triage decides, on worlds whose truth is known because everything was tried."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from agent.commands.options import JsonOption
from agent.views.theme import LOOK, terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from pipeline.benchmark.instance import Question, Result
    from pipeline.benchmark.questioning import Operator, Setup
    from pipeline.workspace.policy import Policy
    from pipeline.workspace.value_settings import ValueSettings

Name = TypeVar("Name", bound=str)
OperatorName = Literal["diagnosis", "rulebook", "claude"]
Cases = Literal["usual", "weak"]


def bench(
    data: Annotated[
        Path | None, typer.Option("--data", help="A labelled table; without it customers are generated.", show_default=False)
    ] = None,
    target: Annotated[str, typer.Option("--target", help="Its column that says who churned.")] = "Churn",
    positive: Annotated[str, typer.Option("--positive", help="Its value for churn, where it is not plain.", show_default=False)] = "",
    cases: Annotated[
        Cases, typer.Option("--cases", help="usual: the 22 kinds of the tables; weak: those where the rules are known to be weak.")
    ] = "usual",
    kinds: Annotated[
        str, typer.Option("--kinds", help="Which changes instead, with commas; `list` names them all.", show_default="those of --cases")
    ] = "",
    severities: Annotated[str, typer.Option("--severities", help="mild, strong, or both with a comma.")] = "mild,strong",
    seeds: Annotated[str, typer.Option("--seeds", help="Other customers each: 1-3 or 1,2,5. Six in a row hold every combination.")] = "1-3",
    operator: Annotated[
        OperatorName, typer.Option("--operator", help="diagnosis: in process; rulebook and claude: full cases on files.")
    ] = "diagnosis",
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Leave a family of findings out; can be repeated.", show_default=False)
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=200, help="Customers in a window; never more than the table has for it.")] = 5_000,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one per core.")] = 0,
    html: Annotated[Path | None, typer.Option("--html", help="Also write a page with figures there.", show_default=False)] = None,
    as_json: JsonOption = False,
) -> None:
    """Try an operator on worlds with a known truth, beside simple rules; needs no workspace."""
    import os
    import tempfile

    from agent.views.bench_view import kinds_view, report_view
    from pipeline.benchmark.customers import Table
    from pipeline.benchmark.grading import report
    from pipeline.benchmark.instance import questions
    from pipeline.benchmark.questioning import Setup
    from pipeline.workspace.policy import load_policy
    from pipeline.workspace.value_settings import ValueSettings
    from pipeline.worlds.scenarios import ALL_KINDS, KINDS, SEVERITIES, WEAK_KINDS
    from prompts import policy_text

    console = terminal(stderr=as_json)
    if kinds == "list":
        console.print(kinds_view())
        return
    policy, value = load_policy(policy_text(), {}), ValueSettings()
    chosen = _among("--kinds", kinds, ALL_KINDS) if kinds else WEAK_KINDS if cases == "weak" else KINDS
    asked = list(questions(chosen, _among("--severities", severities, SEVERITIES), _seeds(seeds)))
    with tempfile.TemporaryDirectory(prefix="churnops-bench-") as place:
        setup = Setup(
            table=Table(data, target, positive),
            folder=Path(place),
            rows=rows,
            policy=policy,
            value=value,
            operator_name=operator,
            operator=_operator(operator, policy, value, without or [], Path(place)),
        )
        results, interrupted = _run(setup, asked, jobs or os.cpu_count() or 1, console)
    figures = report(operator, len(asked), results)
    console.print(report_view(figures))
    if html is not None:
        from reports.benchmark_page import write_page

        write_page(figures, results, setup.table.name, html)
        console.print(f"Page: {html}")
    if as_json:
        import json

        typer.echo(json.dumps({**figures.model_dump(mode="json"), "results": [result.model_dump(mode="json") for result in results]}))
    if interrupted:
        raise typer.Exit(130)
    if figures.broken or not figures.answered:
        raise typer.Exit(1)


def _run(setup: "Setup", asked: "Sequence[Question]", jobs: int, console: "Console") -> "tuple[list[Result], bool]":
    """All results, and whether a person ended it before."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from pipeline.benchmark.running import run

    results: list[Result] = []
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*parts, console=console, transient=True) as progress:
        task = progress.add_task("Training champions", total=len(asked))
        try:
            for result in run(setup, asked, min(jobs, max(1, len(asked)))):
                results.append(result)
                question = result.question
                progress.update(task, advance=1, description=f"{question.kind}, {question.severity}, seed {question.seed}")
        except KeyboardInterrupt:
            console.print(f"[{LOOK}]Interrupted.[/] What is done so far:")
            return results, True
    return results, False


def _operator(name: OperatorName, policy: "Policy", value: "ValueSettings", without: list[str], folder: Path) -> "Operator":
    from typing import get_args

    from agent.bench_operators import Diagnosing, FullCase
    from pipeline.diagnosis.finding import Family
    from prompts import policy_text

    unknown = [family for family in without if family not in get_args(Family)]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is none of: {', '.join(get_args(Family))}", param_hint="--without")
    if name == "diagnosis":
        return Diagnosing(policy, value, tuple(without))  # type: ignore[arg-type]  # checked above
    if without:
        raise typer.BadParameter("only the diagnosis in process can leave findings out", param_hint="--without")
    if name == "claude":
        import os

        from agent.operators.claude import key_available
        from pipeline.errors import SettingsError

        if not key_available(os.environ, "anthropic"):
            raise SettingsError("No key for Claude is set.", "Set ANTHROPIC_API_KEY, or choose another operator.")
    return FullCase(name, policy_text(), folder)


def _among(option: str, text: str, known: "Sequence[Name]") -> "list[Name]":
    named = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in named if name not in known]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is none of: {', '.join(known)}", param_hint=option)
    return [name for name in known if name in named or not named]


def _seeds(text: str) -> list[int]:
    try:
        found: list[int] = []
        for part in text.split(","):
            first, _, last = part.strip().partition("-")
            found += range(int(first), int(last or first) + 1)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not like 1-3 or 1,2,5", param_hint="--seeds") from None
    return list(dict.fromkeys(found))
