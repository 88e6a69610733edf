"""`churnops models`: the versions of the model, what each is made of, and whether it can be made again."""

from pathlib import Path
from typing import Annotated

import typer

from agent.commands.options import HERE, JsonOption, WorkspaceOption, echo_json, opened_by_person, opened_to_look
from agent.views.theme import DETAIL, GOOD, terminal

app = typer.Typer(help="Versions of the model: list, show, compare, take out, make again.", no_args_is_help=True)

VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="Number of the version, or the beginning of its digest.")]


@app.command("list")
def list_(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """All versions, newest first."""
    from rich.table import Table

    from pipeline.record.model_versions import model_versions

    found = model_versions(opened_to_look(workspace))
    table = Table("version", "digest", "state", "registered", "case", box=None, header_style=DETAIL, pad_edge=False)
    for one in found:
        table.add_row(one.version, one.digest[:12], one.state, f"{one.registered_at:%Y-%m-%d %H:%M}", one.case_id or "")
    terminal(stderr=as_json).print(table if found else "No version yet: `churnops train` makes the first.")
    echo_json(as_json, {"versions": found})


@app.command()
def show(version: VersionArgument, workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """What a version is and what it was made from."""
    from rich.markup import escape

    from pipeline.record.model_versions import model_version
    from pipeline.shown_text import plain

    one, artifact = model_version(opened_to_look(workspace), version)
    made = artifact.manifest
    given = ", ".join(f"{name} = {value:g}" for name, value in made.hyperparameters.items())
    lines = [
        f"[bold]Version {one.version}[/] ({one.digest[:12]}), {one.state}",
        f"{escape(plain(made.estimator))}{f': {given}' if given else ''}; seed {made.seed}, threshold {made.threshold:g}",
        f"Trained {made.trained_at:%Y-%m-%d %H:%M} on {made.rows:,} rows, {made.churners:,} churned; fingerprint {made.data_sha256[:12]}",
        f"ROC-AUC {artifact.metrics.roc_auc.value:.4f} on {artifact.metrics.n:,} rows of its test set",
        ", ".join(f"{name} {number}" for name, number in made.versions.items()),
    ]
    lines += [f"Derived: {escape(plain(name))} = {escape(plain(one.text, 240))}" for name, one in made.columns.derived.items()]
    if made.repository is not None:
        lines.append(f"Repository: {escape(plain(made.repository.said, 240))}")
    if made.adopted is not None:
        lines.insert(2, f"Adopted from {escape(plain(made.adopted.source))}")
    if made.recalibration is not None:
        lines.insert(2, f"Recalibrated on {made.recalibration.rows:,} rows, from {made.recalibration.of[:12]}")
    terminal(stderr=as_json).print("\n".join(lines), soft_wrap=True)
    echo_json(as_json, {**one.model_dump(mode="json"), "manifest": made, "metrics": artifact.metrics})


@app.command()
def diff(first: VersionArgument, second: VersionArgument, workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """In what two versions differ: rows, hyperparameters, packages, measures."""
    from rich.markup import escape
    from rich.table import Table

    from pipeline.record.model_versions import differences, model_version

    here = opened_to_look(workspace)
    (one, a), (other, b) = model_version(here, first), model_version(here, second)
    found = differences(a, b)
    table = Table("", f"version {one.version}", f"version {other.version}", box=None, header_style=DETAIL, pad_edge=False)
    for line in found:
        table.add_row(line.what, escape(line.first), escape(line.second))
    terminal(stderr=as_json).print(table if found else "They differ in nothing that is on record.")
    echo_json(as_json, {"differences": found})


@app.command()
def restore(
    version: VersionArgument,
    data: Annotated[Path, typer.Option("--data", metavar="FILE", help="Where the rows go: .csv or .parquet, not there yet.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Bring back the rows a version was trained on, without the customers' ids."""
    from pipeline.atomic_files import write_atomically
    from pipeline.errors import DataError
    from pipeline.record.model_versions import model_version

    one, artifact = model_version(opened_to_look(workspace), version)
    if data.exists():
        raise DataError(f"{data} is there already.", "Name another file.")
    rows = artifact.reference()
    rows[artifact.manifest.columns.target] = rows[artifact.manifest.columns.target].astype(int)
    if data.suffix == ".parquet":
        content = rows.to_parquet(index=False)
    elif data.suffix == ".csv":
        content = rows.to_csv(index=False).encode()
    else:
        raise DataError(f"{data} is neither .csv nor .parquet.", "Name a file that ends so.")
    write_atomically(data, content)
    typer.echo(f"{len(rows):,} rows of version {one.version}: {data}")


@app.command()
def export(
    version: VersionArgument,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Not there yet.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Copy a version as an MLflow model, which `mlflow.sklearn.load_model` reads."""
    import shutil

    from pipeline.errors import DataError
    from pipeline.models.artifact import MODEL
    from pipeline.record.model_versions import model_version

    one, artifact = model_version(opened_to_look(workspace), version)
    if folder.exists():
        raise DataError(f"{folder} is there already.", "Name another folder.")
    shutil.copytree(artifact.path / MODEL, folder)
    typer.echo(f"Version {one.version}: {folder}")


@app.command()
def reproduce(version: VersionArgument, workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Train a version again from what is kept of it; exit code 1 where another model comes out. Nothing is registered."""
    import anyio
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from pipeline.record.model_versions import model_version
    from pipeline.training.job import Progress as Stage
    from pipeline.training.reproduction import reproduce as make_again

    console = terminal(stderr=as_json)
    here = opened_by_person(workspace)
    one, artifact = model_version(here, version)
    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("Training", total=1.0)

        async def show_stage(stage: Stage) -> None:
            bar.update(task, completed=stage.fraction, description=stage.said)

        limit = here.settings.training.time_limit_seconds
        found = anyio.run(make_again, artifact, here.workspace, here.policy.gate.confidence, show_stage, limit)
    if found.same:
        console.print(f"[{GOOD}]✔[/] Version {one.version} came out again, byte for byte.")
    else:
        moved = "; ".join(f"{name} was {then}, is {now}" for name, then, now in found.moved) or "no package on record moved"
        console.print(f"Another model came out: scores differ by up to {found.largest_difference:.2g}. {moved[0].upper()}{moved[1:]}.")
    echo_json(as_json, found)
    if not found.same:
        raise typer.Exit(1)
