"""`churnops train --compare` from the command line: families side by side, one chosen, and that one trained."""

import json

import pytest

from pipeline.record.opened_workspace import Opened
from tests.end_to_end.command_line import CommandLine


@pytest.mark.slow
def test_the_family_that_is_chosen_is_trained_with_what_was_found(churnops: CommandLine, fresh: Opened) -> None:
    said = churnops(
        "train",
        "-w",
        str(fresh.workspace.root),
        "--compare",
        "--family",
        "logistic_regression",
        "--family",
        "hist_gradient_boosting",
        "--fits",
        "19",
        "--json",
    )
    assert said.code == 0, said.err
    (place,) = fresh.workspace.comparisons.iterdir()
    selection = json.loads((place / "selection.json").read_text())
    assert {line["family"] for line in selection["compared"]} == {"logistic_regression", "hist_gradient_boosting"}
    assert all(line["fits"] <= 19 for line in selection["compared"])
    chosen = next(line for line in selection["compared"] if line["family"] == selection["chosen"])
    result = json.loads(said.out.splitlines()[-1])["result"]
    assert (result["estimator"], result["hyperparameters"]) == (chosen["family"], chosen["hyperparameters"])
    assert f"{selection['chosen']} is chosen" in said.err


def test_a_family_to_train_and_families_to_choose_from_are_not_asked_for_together(churnops: CommandLine, fresh: Opened) -> None:
    said = churnops("train", "-w", str(fresh.workspace.root), "--compare", "--estimator", "random_forest")
    assert said.code == 2
    assert "--family" in said.err
    assert not fresh.workspace.comparisons.exists()


def test_a_family_that_is_not_there_is_named_before_anything_is_fitted(churnops: CommandLine, fresh: Opened) -> None:
    said = churnops("train", "-w", str(fresh.workspace.root), "--compare", "--family", "perceptron")
    assert said.code == 1
    assert "There is no estimator 'perceptron'" in said.err
