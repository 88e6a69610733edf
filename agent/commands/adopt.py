"""`churnops adopt`: a model the team already has, as the first champion or as a challenger that waits for approval."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person
from agent.views.theme import terminal


def adopt(
    model: Annotated[
        str, typer.Argument(help="models:/NAME@ALIAS, models:/NAME/VERSION, the folder of an MLflow model, or a joblib or pickle file.")
    ],
    reference: Annotated[
        Path | None,
        typer.Option("--reference", help="A table with outcomes to judge it on, instead of the workspace's.", show_default=False),
    ] = None,
    registry: Annotated[
        str | None, typer.Option("--registry", envvar="MLFLOW_TRACKING_URI", help="MLflow's URI, for models:/.", show_default=False)
    ] = None,
    features: Annotated[
        str,
        typer.Option(
            "--features",
            help="Columns that a model in a file takes, in its order: between commas, or a text file with one a line.",
            show_default=False,
        ),
    ] = "",
    trust: Annotated[bool, typer.Option("--trust", help="Load a joblib or pickle file without asking; that runs the code in it.")] = False,
    accept_version_mismatch: Annotated[
        bool, typer.Option("--accept-version-mismatch", help="Load it although another scikit-learn fitted it.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Take in a model that churnops did not train, from MLflow or a file, and judge it at the quality gate. It may be of scikit-learn,
    LightGBM, XGBoost, CatBoost or pyfunc. Without a champion it becomes the champion; else it waits for approval. Loading a model runs the
    code in it: adopt what you trust."""
    import anyio

    from agent.commands.train import show_trained
    from agent.training_by_hand import adopt_by_hand
    from reports.decisions.adoption import found_model, is_file

    console = terminal(stderr=as_json)
    here = opened_by_person(workspace)
    if is_file(model) and not trust:
        _ask_to_load(model)
    with found_model(
        here, model, registry=registry, reference=reference, accept_version_mismatch=accept_version_mismatch, features=features
    ) as candidate:
        console.print(f"Loading {candidate.source}, which runs the code in it (sha256 {candidate.described.digest[:12]}).", markup=False)
        if candidate.said:
            console.print(candidate.said, markup=False)
        trained = anyio.run(adopt_by_hand, here, candidate, reference is None)
    show_trained(console, trained, here.workspace.root)
    console.print("Its figures rest on rows it may have been trained on: where it was, they flatter it.")
    echo_json(as_json, trained)


def _ask_to_load(model: str) -> None:
    import sys

    from pipeline.errors import ChurnopsError

    warning = f"{Path(model).name} is a joblib or pickle file: loading it runs whatever code is in it."
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ChurnopsError(warning, "If you know who made it, say so with --trust.")
    if not typer.confirm(f"{warning} Load it?"):
        raise ChurnopsError("Nothing was loaded.", "")
