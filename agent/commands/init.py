"""`churnops init`: a workspace around a customer table."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.given_files import given_file
from agent.commands.options import HERE, JsonOption, echo_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from pipeline.roles.inference import Inference
    from pipeline.roles.target import Value


def init(
    data: Annotated[
        str | None,
        typer.Option(
            "--data", metavar="FILE", help="Labelled customer table: CSV, JSON, Excel or Parquet, or its URL.", show_default=False
        ),
    ] = None,
    target: Annotated[str, typer.Option("--target", help="Its column that says who churned.", show_default=False)] = "",
    positive: Annotated[str, typer.Option("--positive", help="The target's value for churned; found out when left out.")] = "",
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop-target", help="Leave out the rows with this value of the target; repeatable.", show_default=False),
    ] = None,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="Make Telco-like customers instead of reading a table.")] = False,
    rows: Annotated[int, typer.Option("--rows", min=500, max=1_000_000, help="How many, with --synthetic.")] = 7_000,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same customers, with --synthetic.")] = 7,
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="Folder that becomes the workspace.")] = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace: infer the columns' roles, show them, and write churnops.toml for you to correct."""
    from rich.console import Console
    from rich.markup import escape

    from agent.operators.data_consent import ask_once
    from agent.setup.new_workspace import set_up, set_up_synthetic
    from pipeline.errors import SettingsError
    from pipeline.tables.remote_files import holds_secret, is_remote

    if synthetic == (data is not None):
        raise typer.BadParameter("give either --data FILE or --synthetic", param_hint="--data")
    if data is not None and not target:
        raise typer.BadParameter("name the column that says who churned", param_hint="--target")
    if data is not None and is_remote(data) and holds_secret(data):
        raise SettingsError(
            "churnops.toml would keep this URL, and it holds a password or a signature.",
            "Leave it out; credentials come from the environment.",
        )
    console = Console(stderr=as_json, highlight=False)
    with console.status("Reading the table") as status:

        def choose(values: "Sequence[Value]") -> str:
            status.stop()
            return _ask_positive(console, target, values)

        if data is None:
            made, found = set_up_synthetic(workspace, rows, seed)
        else:
            asks = choose if sys.stdin.isatty() and console.is_terminal else None
            made, found = set_up(
                workspace, given_file(data), target, positive, url=data if is_remote(data) else "", drop=drop or (), choose=asks
            )
    _show(console, found)
    console.print(f"Wrote [bold]{escape(str(made.settings_file))}[/]: correct the roles there if one is wrong.")
    if found.ignored:
        console.print("To keep a column that is left out, add its name to `numerical` or `categorical` there.")
    ask_once(made, console)
    console.print("Next: [bold]churnops train[/]")
    echo_json(as_json, found.schema)


def _ask_positive(console: "Console", target: str, values: "Sequence[Value]") -> str:
    from rich.markup import escape
    from rich.prompt import Prompt

    from pipeline.shown_text import plain
    from pipeline.words import counted

    rows = sum(value.rows for value in values)
    console.print(f"Which value of [bold]{escape(plain(target))}[/] means that the customer churned?")
    for number, value in enumerate(values, start=1):
        console.print(f"  {number}  {escape(plain(value.text))}: {counted(value.rows, 'row')} ({value.rows / rows:.1%})")
    answer = Prompt.ask("Its number", console=console, choices=[str(number) for number in range(1, len(values) + 1)])
    return values[int(answer) - 1].text


def _show(console: "Console", found: "Inference") -> None:
    from rich.markup import escape
    from rich.table import Table

    from pipeline.shown_text import plain

    table = Table("column", "role", "note", box=None, header_style="dim", pad_edge=False)
    columns = found.schema
    table.add_row(escape(plain(columns.target)), "[bold]target[/]", f"churned is “{escape(plain(columns.positive))}”")
    for name, role in ((columns.id, "id"), (columns.time, "time")):
        if name:
            table.add_row(escape(plain(name)), f"[bold]{role}[/]", "")
    for name in columns.features:
        told = " · calendar" if name in columns.calendar else ""
        table.add_row(escape(plain(name)), columns.kind(name) + told, f"[dim]{escape(found.why[name])}[/]")
    for name, reason in found.ignored:
        table.add_row(escape(plain(name)), "[yellow]left out[/]", escape(reason))
    console.print(table)
    for note in found.notes:
        console.print(f"[yellow]Note[/]: {escape(note)}")
