"""`churnops models`: versions from the ledger, what each is made of, and the same bytes a second time."""

import dataclasses
import json
import shutil
from pathlib import Path

import anyio
import pandas as pd
import pytest

from pipeline.models.artifact import Artifact
from pipeline.record.model_versions import model_version
from pipeline.record.opened_workspace import Opened
from pipeline.training.job import Progress
from pipeline.training.reproduction import Reproduction, reproduce
from tests.end_to_end.command_line import CommandLine


def test_versions_are_listed_with_where_each_stands(churnops: CommandLine, trained: Opened) -> None:
    said = churnops("models", "list", "--json", "-w", str(trained.workspace.root))
    (one,) = said.json["versions"]
    pointer = json.loads(trained.workspace.champion_pointer.read_bytes())
    assert (one["version"], one["digest"], one["state"]) == (pointer["version"], pointer["digest"], "champion")


def test_a_version_says_what_it_is_made_of_and_one_that_is_not_there_names_those_that_are(churnops: CommandLine, trained: Opened) -> None:
    where = ("-w", str(trained.workspace.root))
    said = churnops("models", "show", "1", *where)
    assert "random_forest: n_estimators" in said.out
    assert "scikit-learn" in said.out
    said = churnops("models", "show", "9", *where)
    assert (said.code, "Versions are: 1." in said.err) == (1, True)


@pytest.mark.slow
def test_the_rows_come_back_and_nothing_is_overwritten(churnops: CommandLine, trained: Opened) -> None:
    where = ("-w", str(trained.workspace.root))
    out = churnops.folder / "rows.csv"
    assert churnops("models", "restore", "1", "--data", str(out), *where).code == 0
    manifest = json.loads(churnops("models", "show", "1", "--json", *where).out.splitlines()[-1])["manifest"]
    rows = pd.read_csv(out)
    assert (len(rows), int(rows[manifest["columns"]["target"]].sum())) == (manifest["rows"], manifest["churners"])
    before = out.read_bytes()
    assert churnops("models", "restore", "1", "--data", str(out), *where).code == 1
    assert out.read_bytes() == before
    assert churnops("models", "export", "1", str(churnops.folder / "model"), *where).code == 0
    assert (churnops.folder / "model" / "MLmodel").is_file()


@pytest.mark.slow
def test_the_same_bytes_come_out_in_another_folder(churnops: CommandLine, trained: Opened, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(trained.workspace.root, moved)
    said = churnops("models", "reproduce", "1", "--json", "-w", str(moved))
    assert (said.code, said.json["same"]) == (0, True), said.err
    assert len(churnops("models", "list", "--json", "-w", str(moved)).json["versions"]) == 1


@pytest.mark.slow
def test_what_another_hyperparameter_gives_is_told_by_how_far_its_scores_are(churnops: CommandLine, trained: Opened) -> None:
    """The manifest names other trees than the file has, as if the library had moved."""
    here, artifact = model_version(trained, "1")
    other = artifact.manifest.model_copy(update={"hyperparameters": {**artifact.manifest.hyperparameters, "max_depth": 3}})
    found = anyio.run(reproduced, dataclasses.replace(artifact, manifest=other), trained)
    assert not found.same
    assert 0 < found.largest_difference < 1
    assert here.state == "champion"


async def reproduced(artifact: Artifact, trained: Opened) -> Reproduction:
    async def nothing(stage: Progress) -> None: ...

    return await reproduce(artifact, trained.workspace, 0.95, nothing, 300)
