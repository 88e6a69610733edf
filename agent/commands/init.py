"""`churnops init`: a workspace around a customer table."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent.commands.given_files import given_file
from agent.commands.options import HERE, JsonOption, echo_json, next_command
from agent.views.theme import DETAIL, LOOK, terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from pipeline.intake.proposed_mapping import ProposedMapping, ProposedPair
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
    log: Annotated[
        str, typer.Option("--log", help="Your own prediction log: a file, a folder, a pattern or a database URL; its columns are mapped.")
    ] = "",
    log_table: Annotated[str, typer.Option("--log-table", help="The table or view in that database.", show_default=False)] = "",
    ci: Annotated[
        Literal["github"] | None,
        typer.Option("--ci", help="Write workflows for the repository that this workspace is: evaluate, build, deploy, check nightly."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --log: write the pairs that are not in doubt without asking.")] = False,
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="Folder that becomes the workspace.")] = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace: infer the columns' roles, show them, and write churnops.toml for you to correct. Or, in one: map your own log."""
    from rich.markup import escape

    from agent.operators.data_consent import ask_once
    from agent.setup.new_workspace import set_up, set_up_synthetic
    from pipeline.errors import SettingsError
    from pipeline.tables.remote_files import holds_secret, is_remote

    if (synthetic and data is not None) or not (synthetic or data or log or log_table or ci):
        raise typer.BadParameter("give either --data FILE or --synthetic, or --log or --ci in a workspace", param_hint="--data")
    if data is not None and not target:
        raise typer.BadParameter("name the column that says who churned", param_hint="--target")
    if data is not None and is_remote(data) and holds_secret(data):
        raise SettingsError(
            "churnops.toml would keep this URL, and it holds a password or a signature.",
            "Leave it out; credentials come from the environment.",
        )
    console = terminal(stderr=as_json)
    if data is None and not synthetic:
        done: dict[str, object] = {"log": _map_log(console, workspace, log, log_table, yes)} if log or log_table else {}
        echo_json(as_json, done | _write_workflows(console, workspace, ci))
        return
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
    console.print(f"Wrote [bold]{escape(str(made.settings_file))}[/]: correct the roles there if one is wrong.", soft_wrap=True)
    if found.ignored:
        console.print("To keep a column that is left out, add its name to `numerical` or `categorical` there.")
    ask_once(made, console)
    mapped: dict[str, object] = {"log": _map_log(console, made.root, log, log_table, yes)} if log or log_table else {}
    mapped |= _write_workflows(console, made.root, ci)
    console.print(f"Next: {next_command(made.root, 'train')}", style="bold", markup=False, soft_wrap=True)
    echo_json(as_json, found.schema.model_dump(mode="json") | mapped)


def _write_workflows(console: "Console", workspace: Path, ci: str | None) -> dict[str, object]:
    """Write them where that is asked for, and give their paths for `--json`."""
    if ci is None:
        return {}
    from agent.setup.github_workflows import write_workflows
    from pipeline.workspace.folder import find_workspace

    written = [str(path) for path in write_workflows(find_workspace(workspace).root)]
    for path in written:
        console.print(f"Wrote {path}", markup=False, soft_wrap=True)
    return {"workflows": written}


def _map_log(console: "Console", workspace: Path, log: str, table: str, yes: bool) -> dict[str, object]:
    """Show what the log's columns are, write what is accepted, and give both for `--json`."""
    from agent.commands.options import opened
    from agent.setup.log_mapping import log_place, propose_mapping, write_mapping
    from agent.views.mapping_view import mapping_view

    here = opened(workspace)
    place = log_place(here, log, table)
    with console.status("Reading the log"):
        proposed = propose_mapping(here, place)
    for part in mapping_view(place.name, proposed):
        console.print(part)
    accepted = _accepted(console, proposed, yes)
    if accepted:
        write_mapping(here, place, accepted)
        console.print(f"Wrote \\[predictions] in [bold]{here.workspace.settings_file}[/]: correct it there.")
        if place.is_secret:
            console.print(
                "The URL holds a password and was not written: set CHURNOPS_PREDICTIONS_URL to it, or CHURNOPS_PREDICTIONS_URL_FILE to a file that holds it."
            )
    else:
        console.print("Nothing was written; --yes writes the pairs that are not in doubt.")
    shown = [{**dataclasses.asdict(pair), "written": pair in accepted} for pair in proposed.pairs]
    return {"pairs": shown, "lacking": proposed.lacking, "unmatched": proposed.unmatched}


def _accepted(console: "Console", proposed: "ProposedMapping", yes: bool) -> "list[ProposedPair]":
    """The pairs to write: those that are not in doubt with `yes` or a person's, and of the others those that a person accepts."""
    import sys

    from rich.prompt import Confirm

    from agent.views.mapping_view import named

    sure = [pair for pair in proposed.pairs if pair.is_sure]
    if yes:
        return sure
    if not (sys.stdin.isatty() and console.is_terminal):
        return []
    if not Confirm.ask(f"Write {len(sure)} pairs into churnops.toml?", console=console, default=True):
        return []
    doubtful = [pair for pair in proposed.pairs if not pair.is_sure]
    asked = "In doubt: is {} the log's {}?"
    return sure + [
        pair for pair in doubtful if Confirm.ask(asked.format(named(pair.column), named(pair.feature)), console=console, default=False)
    ]


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

    table = Table("column", "role", "note", box=None, header_style=DETAIL, pad_edge=False)
    columns = found.schema
    table.add_row(escape(plain(columns.target)), "[bold]target[/]", f"churned is “{escape(plain(columns.positive))}”")
    for name, role in ((columns.id, "id"), (columns.time, "time")):
        if name:
            table.add_row(escape(plain(name)), f"[bold]{role}[/]", "")
    for name in columns.features:
        told = " · calendar" if name in columns.calendar else ""
        table.add_row(escape(plain(name)), columns.kind(name) + told, f"[{DETAIL}]{escape(found.why[name])}[/]")
    for name, reason in found.ignored:
        table.add_row(escape(plain(name)), f"[{LOOK}]left out[/]", escape(reason))
    console.print(table)
    for note in found.notes:
        console.print(f"[{LOOK}]Note[/]: {escape(note)}")
