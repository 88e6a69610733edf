"""`churnops drift`: how the current window differs from the reference."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands import window_options
from agent.commands.options import HERE, JsonOption, WorkspaceOption, opened
from agent.views.theme import terminal


def drift(
    current: window_options.CurrentOption = None,
    length: window_options.LengthOption = "",
    since: window_options.SinceOption = "",
    since_deploy: window_options.SinceDeployOption = False,
    rows: window_options.RowsOption = None,
    by: Annotated[str, typer.Option("--by", help="Also by segment: each value of this categorical column.", show_default=False)] = "",
    html: Annotated[Path | None, typer.Option("--html", help="Also write Evidently's own report there.", show_default=False)] = None,
    workspace: WorkspaceOption = HERE,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A row for each feature that did not drift, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure drift of the current window against the champion's reference; opens no case."""
    import json

    from agent.views.dates_view import dates_view
    from agent.views.drift_view import drift_view, segments_view
    from pipeline.drift.evidently_page import write_evidently_html
    from pipeline.drift.summarise import summarise_drift
    from pipeline.record.champion import open_champion
    from pipeline.windows.baseline import baseline_of, segments_of
    from pipeline.windows.window import require_whole

    console = terminal(stderr=as_json)
    choice = window_options.chosen_window(current=current, length=length, since=since, since_deploy=since_deploy, rows=rows)
    here = opened(workspace)
    with console.status("Measuring drift"):
        champion, artifact = open_champion(here)
        read, baseline = choice.reader(here), baseline_of(artifact)
        window = read(champion, baseline)
        require_whole(window)
        summary = summarise_drift(baseline, window, here.policy)
        if html is not None:
            from pipeline.intake.window_rows import window_rows

            write_evidently_html(artifact.drift_reference(), window_rows(window), window.columns, html, summary.features)
        parts = segments_of(artifact, by) if by else {}
        segments = {value: summarise_drift(part, read(champion, part), here.policy) for value, part in parts.items()}
    console.print(drift_view(summary, here.policy, verbose=verbose))
    console.print(*dates_view(window.windows), sep="\n")
    if segments:
        console.print(segments_view(by, segments))
    if html is not None:
        console.print(f"Evidently's report: {html}", markup=False)
    if as_json:
        shown = summary.model_dump(mode="json") | window.windows.model_dump(mode="json", include={"recent", "matured"})
        if segments:
            shown["segments"] = {value: segment.model_dump(mode="json") for value, segment in segments.items()}
        typer.echo(json.dumps(shown))
