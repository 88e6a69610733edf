"""The rulebook operator on the real Telco table: every scenario, taken from simulation to a closed case."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

from agent.case.triage import Outcome, triage
from agent.operators.rulebook import Rulebook
from agent.setup.new_workspace import set_up
from agent.training_by_hand import train_by_hand
from pipeline.intake.windows import logged_window
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.training.job import Progress
from pipeline.worlds.simulation import simulate
from prompts import policy_text
from tests.checkout import TELCO
from tests.conftest import Clock

# scenario → (cause, action, mode, status). A thousand known outcomes of a small table train no model of recent customers above the floor.
EXPECTED = {
    "none": ("none", "monitor", None, "no_deploy_needed"),
    "numeric_shift": ("covariate_benign", "monitor", None, "no_deploy_needed"),
    "category_mix": ("covariate_benign", "monitor", None, "no_deploy_needed"),
    "high_churn": ("prior_shift", "recalibrate", "recalibrate", "pending_approval"),
    "behaviour_change": ("concept_drift", "collect_labels", None, "needs_people"),
    "null_spike": ("data_fault", "fix_data", None, "needs_people"),
    "unit_change": ("data_fault", "fix_data", None, "needs_people"),
    "new_category": ("covariate_benign", "monitor", None, "no_deploy_needed"),
    "market_shift": ("concept_drift", "collect_labels", None, "needs_people"),
}


async def silent(_: Progress) -> None:
    """Training's progress, unread."""


@pytest.fixture(scope="module")
def telco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace around the real table, with its champion."""
    if not TELCO.is_file():
        pytest.skip(f"the real Telco table is not beside this checkout ({TELCO.name})")
    folder = tmp_path_factory.mktemp("telco")
    set_up(folder, TELCO, "Churn")
    opened = open_workspace(folder, policy_text(), Clock())
    trained = anyio.run(train_by_hand, opened, None, silent)
    assert 0.83 <= trained.result.metrics.roc_auc.value <= 0.87
    opened.state.close()
    return folder


def take_through(opened: Opened) -> Outcome:
    """One triage of the logged window by the rulebook."""
    return anyio.run(triage, opened, partial(logged_window, opened), Rulebook(opened.policy), None, lambda _: None)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", EXPECTED)
def test_scenario(telco: Path, tmp_path: Path, scenario: str, record_property: Callable[[str, object], None]) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(telco, folder)
    opened = open_workspace(folder, policy_text(), Clock())
    champion = opened.workspace.champion_pointer.read_bytes()
    simulate(opened, scenario, labelled_share=0.7, seed=1)
    outcome = take_through(opened)
    row = (outcome.drift.share, outcome.action, outcome.turns, outcome.trainings, outcome.status)
    record_property(scenario, row)
    assert outcome.diagnosis is not None
    assert (outcome.diagnosis.cause, outcome.action, outcome.mode, outcome.status) == EXPECTED[scenario]
    assert outcome.stopped == "finished"
    assert Path(outcome.report.path).is_file()
    assert opened.workspace.champion_pointer.read_bytes() == champion
