"""`churnops adopt`: a model the team already has, as the first champion or as a challenger that waits for approval."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person


def adopt(
    model: Annotated[str, typer.Argument(help="models:/NAME@ALIAS, models:/NAME/VERSION, or the folder of an MLflow model.")],
    reference: Annotated[
        Path | None,
        typer.Option("--reference", help="A table with outcomes to judge it on, instead of the workspace's.", show_default=False),
    ] = None,
    registry: Annotated[
        str | None, typer.Option("--registry", envvar="MLFLOW_TRACKING_URI", help="MLflow's URI, for models:/.", show_default=False)
    ] = None,
    accept_version_mismatch: Annotated[
        bool, typer.Option("--accept-version-mismatch", help="Load it although another scikit-learn fitted it.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Take in a scikit-learn or pyfunc model from MLflow and judge it at the quality gate. Without a champion it becomes the champion;
    else it waits for approval. Loading a model runs the code in it: adopt what you trust."""
    import anyio
    from rich.console import Console

    from agent.commands.train import show_trained
    from agent.training_by_hand import adopt_by_hand
    from reports.decisions.adoption import found_model

    console = Console(stderr=as_json, highlight=False)
    here = opened_by_person(workspace)
    with found_model(here, model, registry=registry, reference=reference, accept_version_mismatch=accept_version_mismatch) as candidate:
        console.print(f"Loading {candidate.source}, which runs the code in it (sha256 {candidate.described.digest[:12]}).", markup=False)
        if candidate.said:
            console.print(candidate.said, markup=False)
        trained = anyio.run(adopt_by_hand, here, candidate, reference is None)
    show_trained(console, trained)
    console.print("Its figures rest on rows it may have been trained on: where it was, they flatter it.")
    echo_json(as_json, trained)
