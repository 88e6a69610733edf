"""`churnops init`: a workspace around a customer table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import HERE, JsonOption, echo_json

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.tables.guessed_schema import Inference


def init(
    data: Annotated[
        Path | None, typer.Option("--data", help="Labelled customer table: CSV, JSON, Excel or Parquet.", show_default=False)
    ] = None,
    target: Annotated[str, typer.Option("--target", help="Its column that says who churned.", show_default=False)] = "",
    positive: Annotated[str, typer.Option("--positive", help="The target's value for churned; found out when left out.")] = "",
    synthetic: Annotated[bool, typer.Option("--synthetic", help="Make Telco-like customers instead of reading a table.")] = False,
    rows: Annotated[int, typer.Option("--rows", min=500, max=1_000_000, help="How many, with --synthetic.")] = 7_000,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same customers, with --synthetic.")] = 7,
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="Folder that becomes the workspace.")] = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace: infer the columns' roles, show them, and write churnops.toml for you to correct."""
    from rich.console import Console

    from agent.operators.data_consent import ask_once
    from agent.setup.new_workspace import set_up, set_up_synthetic

    if synthetic == (data is not None):
        raise typer.BadParameter("give either --data FILE or --synthetic", param_hint="--data")
    if data is not None and not target:
        raise typer.BadParameter("name the column that says who churned", param_hint="--target")
    console = Console(stderr=as_json, highlight=False)
    with console.status("Reading the table"):
        made, found = set_up(workspace, data, target, positive) if data is not None else set_up_synthetic(workspace, rows, seed)
    _show(console, found)
    console.print(f"Wrote [bold]{made.settings_file}[/]: correct the roles there if one is wrong.")
    ask_once(made, console)
    console.print("Next: [bold]churnops train[/]")
    echo_json(as_json, found.schema)


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
        table.add_row(escape(plain(name)), columns.kind(name), "")
    for name, reason in found.ignored:
        table.add_row(escape(plain(name)), "[yellow]left out[/]", escape(reason))
    console.print(table)
    for note in found.notes:
        console.print(f"[yellow]Note[/]: {escape(note)}")
