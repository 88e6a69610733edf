"""`churnops data`: a reference table that changed, what is different, and taking it in."""

from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person

if TYPE_CHECKING:
    from reports.decisions.accepted_data import DataDiff

app = typer.Typer(help="Look at a reference table that changed, and take it in as a new version. Only a person does.", no_args_is_help=True)


@app.command()
def diff(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Show how the reference table differs from the one that is remembered; changes nothing."""
    from reports.decisions.accepted_data import data_diff

    found = data_diff(opened_by_person(workspace))
    _show(found, as_json)
    echo_json(as_json, found)


@app.command()
def accept(
    reason: Annotated[str, typer.Option("--reason", help="Why; goes on record.")],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Take the reference table in as it is now. The champion stays; the next training takes these rows."""
    from reports.decisions.accepted_data import accept_data, data_diff

    here = opened_by_person(workspace)
    found = data_diff(here)
    _show(found, as_json)
    accept_data(here, found, reason)
    typer.echo(f"Accepted as version {found.version} of the data. Next: churnops train", err=as_json)
    echo_json(as_json, found)


def _show(found: "DataDiff", as_json: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from agent.views.theme import DETAIL, terminal
    from pipeline.shown_text import plain
    from pipeline.words import counted

    console = terminal(stderr=as_json)
    lines = [
        f"{counted(found.rows, 'row')}, {found.churn_rate:.1%} churned; split {found.split}. sha256 {found.sha256_before[:12]} → {found.sha256[:12]}"
    ]
    if found.champion_rows is not None:
        lines.append(f"The champion was trained on {found.champion_rows:,} rows, of which {found.champion_churn_rate:.1%} churned.")
    if found.unnamed:
        lines.append(f"Columns without a role in [data], not used: {', '.join(plain(name) for name in found.unnamed)}")
    if found.repeated:
        lines.append(f"Warning: {counted(found.repeated, 'row')} repeat another one, so the same customer may train and test.")
    if found.leaks:
        lines.append(f"Warning: {', '.join(plain(name) for name in found.leaks)} alone tells who churned (ROC-AUC 0.99 or more).")
    console.print(*lines, sep="\n", markup=False)
    if found.champion_rows is not None and not found.drifted:
        console.print("No feature differs from the champion's reference beyond its threshold.")
    if found.drifted:
        table = Table("feature", "score", "change", box=None, header_style=DETAIL, pad_edge=False)
        for one in found.drifted:
            table.add_row(Text(plain(one.name, 30)), f"{one.score:.3f}", Text(plain(one.change, 80)))
        console.print(table)
