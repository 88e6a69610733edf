"""`churnops report`: a month of the workspace as a file, for people who were not there."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_to_look


def report(
    month: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="The month, in UTC.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the two files go.", file_okay=False)] = HERE,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write the summary of a month as Markdown and HTML: models, cases, figures, deploys and alerts."""
    from pipeline.atomic_files import write_atomically
    from reports.month import first_of, month_markdown
    from reports.month import month as summary
    from reports.month_page import month_page

    since = first_of(month)
    here = opened_to_look(workspace)
    text = month_markdown(summary(here, since), here.workspace.root.name)
    files = {out / f"churnops-{since:%Y-%m}.md": text, out / f"churnops-{since:%Y-%m}.html": month_page(text)}
    for path, content in files.items():
        write_atomically(path, content.encode())
        typer.echo(str(path), err=as_json)
    echo_json(as_json, {"month": f"{since:%Y-%m}", "files": [str(path) for path in files]})
