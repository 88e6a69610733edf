"""A further family of models is one file: with it in its folder, and nothing else touched, everything knows it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import tomlkit

from pipeline import families as package
from pipeline.errors import Refusal, TrainingError
from pipeline.families import families
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tests.checkout import ROOT
from tests.conftest import Clock
from tests.once import made_once
from tools.casework import Casework
from tools.guard import check_hyperparameters
from tools.server import build_server

GRADIENT_BOOSTING = '''
"""Gradient boosting."""

from pipeline.families import Family, Hyperparameter


def _classifier(values, seed):
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(**values, random_state=seed)


FAMILY = Family(
    hyperparameters={
        "n_estimators": Hyperparameter(20, whole=True, said="rounds", allowed=(10, 40), reason="more learn by heart"),
        "learning_rate": Hyperparameter(0.1, whole=False, said="step", allowed=(0.05, 0.3), reason="longer steps overshoot"),
    },
    classifier=_classifier,
)
'''
ELSEWHERE = '''
"""A family whose package is not installed."""

from pipeline.families import Family

FAMILY = Family(hyperparameters={}, classifier=lambda values, seed: None, packages=("churn-elsewhere",))
'''
WITH_THE_TWO = ["random_forest", *sorted({*families(), "elsewhere", "small_boosting"} - {"random_forest"})]


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The first file in the folder of families, as this process sees it."""
    (tmp_path / "small_boosting.py").write_text(GRADIENT_BOOSTING)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    families.cache_clear()
    yield
    families.cache_clear()
    sys.modules.pop(f"{package.__name__}.small_boosting")


@pytest.mark.usefixtures("added")
def test_the_policy_the_guard_and_the_tool_know_it() -> None:
    policy = load_policy(policy_text(), {"hyperparameters": {"small_boosting": {"learning_rate": [0.05, 0.2]}}})
    check_hyperparameters("small_boosting", {"n_estimators": 12, "learning_rate": 0.2}, policy)
    for values in ({"n_estimators": 200}, {"learning_rate": 0.25}, {"max_depth": 10}):
        with pytest.raises(Refusal, match=r"hyperparameters\.small_boosting"):
            check_hyperparameters("small_boosting", values, policy)
    with pytest.raises(TrainingError, match="must be a whole number"):
        check_hyperparameters("small_boosting", {"n_estimators": 12.5}, policy)
    server = build_server(cast(Casework, None), policy)  # to list the tools takes no casework
    (training,) = (tool for tool in server._tool_manager.list_tools() if tool.name == "run_training")
    said = training.parameters["properties"]["n_estimators"]
    assert said["description"].startswith("random_forest: trees, 200 to 300; ")
    assert "; small_boosting: rounds, 10 to 40" in said["description"]
    assert said["type"] == ["integer", "null"]


@pytest.fixture(scope="module")
def found(drifted_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a copy of the packages with the two files says."""

    def make(folder: Path) -> None:
        for name in ("agent", "pipeline", "prompts", "reports", "tools"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        place = folder / "pipeline" / "families"
        (place / "small_boosting.py").write_text(GRADIENT_BOOSTING)
        (place / "elsewhere.py").write_text(ELSEWHERE)
        root = shutil.copytree(drifted_workspace, folder / "workspace")
        settings = tomlkit.parse((root / "churnops.toml").read_text())
        settings["training"]["estimator"] = "small_boosting"
        settings.setdefault("policy", {})["hyperparameters"] = {"small_boosting": {"learning_rate": [0.05, 0.2]}}
        (root / "churnops.toml").write_text(tomlkit.dumps(settings))
        ran = subprocess.run(
            [sys.executable, "-P", ROOT / "tests" / "tools" / "added_family.py", root, Clock()().isoformat(), ROOT / "docs"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        (folder / "found.json").write_text(ran.stdout.splitlines()[-1])

    found: dict[str, Any] = json.loads((made_once(tmp_path_factory, "added-family", make) / "found.json").read_text())
    return found


@pytest.mark.slow
def test_the_command_offers_it_and_settings_accept_it(found: dict[str, Any]) -> None:
    assert "|elsewhere|" in found["help"].replace(" ", "")
    assert "small_boosting" in found["help"]
    assert found["setting"] == "small_boosting"


@pytest.mark.slow
def test_the_tool_offers_it_and_says_a_shared_name_for_each(found: dict[str, Any]) -> None:
    arguments = found["arguments"]
    assert arguments["estimator"]["anyOf"][0]["enum"] == WITH_THE_TWO
    assert "; small_boosting: rounds, 10 to 40" in arguments["n_estimators"]["description"]
    assert arguments["n_estimators"]["type"] == ["integer", "null"]
    assert "; small_boosting: step, 0.05 to 0.2" in arguments["learning_rate"]["description"]


@pytest.mark.slow
def test_it_is_trained_within_its_ranges_and_refused_outside(found: dict[str, Any]) -> None:
    assert "`hyperparameters.small_boosting.n_estimators`" in found["too many"]
    assert "10 to 40" in found["too many"]
    assert "0.05 to 0.2" in found["beyond the override"]
    assert "small_boosting takes no max_depth" in found["not its own"]
    assert found["reply"]["estimator"] == "small_boosting"
    assert found["reply"]["hyperparameters"] == {"n_estimators": 12, "learning_rate": 0.2}
    assert found["reply"]["metrics"]["roc_auc"]["value"] > 0.7


@pytest.mark.slow
def test_a_family_whose_package_is_not_installed_says_so(found: dict[str, Any]) -> None:
    assert (
        "elsewhere needs churn-elsewhere, which is not installed. Install it, or choose another: random_forest, " in found["not installed"]
    )
    assert "Traceback" not in found["not installed"]


@pytest.mark.slow
def test_operators_are_told_its_ranges_and_the_reference_lists_them(found: dict[str, Any]) -> None:
    own = "| `hyperparameters.small_boosting.n_estimators` | [10, 40] | more learn by heart |"
    assert own in found["reference"]
    assert own in found["prompt"]
    assert (
        "| `hyperparameters.small_boosting.learning_rate` | [0.05, 0.2] | set by this workspace (shipped: [0.05, 0.3]) |" in found["prompt"]
    )
    assert "; small_boosting: step, 0.05 to 0.3" in found["reference"]
    assert " or ".join(WITH_THE_TWO) in found["reference"]


@pytest.mark.slow
def test_the_report_names_it(found: dict[str, Any]) -> None:
    assert "### Training 1: small_boosting (combined)" in found["report"]  # what was refused is no training
    assert "n_estimators = 12, learning_rate = 0.2" in found["report"]
