"""A workspace works in a folder of any name, and leaves nothing beside it."""

from pathlib import Path

import pytest

from tests.conftest import Simulated, copied
from tests.end_to_end.command_line import CommandLine
from tests.odd_folders import ODD_FOLDER

# Its parts close a tag of the terminal's markup between them.
ODD_PATH = Path(ODD_FOLDER, "[", "x]")


@pytest.mark.slow
def test_a_window_is_diagnosed_in_an_odd_folder(churnops: CommandLine, simulated: Simulated) -> None:
    (churnops.folder / ODD_PATH).parent.mkdir(parents=True)
    with copied(simulated("none", 2000, 0.5, 1), churnops.folder / ODD_PATH):
        said = churnops("diagnose", "--json", "--workspace", str(ODD_PATH))
    assert (said.code, said.json["cause"]) == (0, "none"), said.err
    assert [path.name for path in churnops.folder.iterdir()] == [ODD_FOLDER]


@pytest.mark.slow
def test_a_workspace_is_made_trained_and_triaged_in_an_odd_folder(churnops: CommandLine) -> None:
    here = ("--workspace", str(ODD_PATH))
    made = churnops("init", "--synthetic", "--rows", "600", *here)
    assert made.code == 0, made.err
    for command in (["train"], ["simulate", "--rows", "400"], ["drift"], ["diagnose"], ["triage"], ["reports", "list"], ["doctor"]):
        said = churnops(*command, *here)
        assert said.code == 0, (command, said.err)
    assert [path.name for path in churnops.folder.iterdir()] == [ODD_FOLDER]
    assert sorted(path.name for path in (churnops.folder / ODD_PATH).iterdir()) == [".churnops", "churnops.toml", "customers.csv"]
