"""A workspace whose customers behave differently than they did, so that there is something to talk about and to train on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened
from tests.conftest import Simulated, copied


@pytest.fixture
def changed(simulated: Simulated, tmp_path: Path) -> Iterator[Opened]:
    """A workspace with a champion and a week of changed behaviour, the test's own."""
    with copied(simulated("behaviour_change", 900, 0.8, 4), tmp_path / "changed") as opened:
        yield opened
