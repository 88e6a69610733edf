"""A table of fourteen weeks, cut into a reference of six and four batches of two, and its first champion."""

from datetime import timedelta

import pytest

from pipeline.models.artifact import Artifact
from pipeline.replay.dated_table import Columns, DatedTable, Pace, read_dated
from pipeline.replay.training_desk import TrainingDesk
from pipeline.workspace.folder import Workspace
from pipeline.workspace.policy import Policy, load_policy
from pipeline.workspace.value_settings import ValueSettings
from prompts import policy_text
from tests.pipeline.replay.dated_customers import as_file, dated_customers


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load_policy(policy_text(), {})


@pytest.fixture(scope="session")
def pace() -> Pace:
    return Pace(batch=timedelta(weeks=2), label_delay=timedelta(days=10), reference=timedelta(weeks=6))


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory, pace: Pace) -> DatedTable:
    file = as_file(dated_customers(14, 3), tmp_path_factory.mktemp("dated"))
    return read_dated(file, Columns("seen", "churned"), pace)


@pytest.fixture(scope="session")
def champion(table: DatedTable, policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    workspace = Workspace(tmp_path_factory.mktemp("replay"))
    return TrainingDesk(workspace, policy, ValueSettings(), "logistic_regression").first_champion(table)
