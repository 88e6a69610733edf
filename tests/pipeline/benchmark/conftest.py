"""A small benchmark: a table of 2,400 customers, whose champions are plain regressions, trained once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.benchmark.customers import Table
from pipeline.benchmark.instance import Answer, Labels, Question
from pipeline.benchmark.questioning import Questioning, Setup, champion_of, train_champion
from pipeline.benchmark.world import Exhibit
from pipeline.workspace.policy import load_policy
from pipeline.workspace.value_settings import ValueSettings
from pipeline.worlds.change import Severity
from pipeline.worlds.telephone_customers import make_customers
from prompts import policy_text

Ask = Callable[..., Question]


def shrug(exhibit: Exhibit) -> Answer:
    """An operator who never sees anything."""
    return Answer(cause="none", action="monitor")


@pytest.fixture(scope="session")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    folder = tmp_path_factory.mktemp("bench")
    file = folder / "customers.csv"
    make_customers(2_400, 3).to_csv(file, index=False)
    return Setup(Table(file), folder, 5_000, load_policy(policy_text(), {}), ValueSettings(), "shrug", shrug)


@pytest.fixture(scope="session")
def ask() -> Ask:
    def question(kind: str, severity: Severity = "strong", labels: Labels = "full") -> Question:
        return Question(kind=kind, severity=severity, seed=1, family="logistic_regression", labels=labels)

    return question


@pytest.fixture(scope="session")
def digest(setup: Setup, ask: Ask) -> str:
    """The champion of every kind but one."""
    found = train_champion(setup, ask("none"))
    assert found is not None
    return found


@pytest.fixture(scope="session")
def desk(setup: Setup, ask: Ask, digest: str) -> Questioning:
    return Questioning(setup, {champion_of(ask("none")): digest})


@pytest.fixture
def file(setup: Setup) -> Path:
    assert setup.table.file is not None
    return setup.table.file
