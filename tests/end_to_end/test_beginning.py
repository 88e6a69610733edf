"""The first five minutes: what `churnops` alone says, and next commands that run from where the person stands."""

from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened
from tests.end_to_end.command_line import CommandLine


def test_alone_in_an_empty_folder_it_offers_three_ways_to_begin(churnops: CommandLine) -> None:
    said = churnops()
    assert said.code == 0
    for way in ("churnops demo", "churnops init -w PATH --data FILE --target COLUMN", "churnops --help"):
        assert way in said.out


def test_alone_in_a_workspace_it_shows_the_status(churnops: CommandLine, trained: Opened) -> None:
    churnops.folder = trained.workspace.root
    said = churnops()
    assert said.code == 0
    assert said.out.startswith("Champion version 1")
    assert len(said.out.splitlines()) == 5


def test_the_next_command_names_the_workspace_where_it_is_another_folder(churnops: CommandLine) -> None:
    said = churnops("init", "--synthetic", "--rows", "500", "--workspace", "a ws")
    assert said.code == 0, said.err
    assert f"Next: churnops train -w '{(churnops.folder / 'a ws').resolve()}'" in said.out
    again = churnops("init", "--synthetic", "--rows", "500")
    assert again.out.splitlines()[-1] == "Next: churnops train"


@pytest.mark.parametrize(("asked", "meant"), [("price_chang", "Did you mean price_change?"), ("zzz", "there is no zzz. ")])
def test_a_misspelt_scenario_is_told_the_near_miss(churnops: CommandLine, asked: str, meant: str) -> None:
    said = churnops("simulate", "--scenario", asked)
    assert said.code == 2
    assert meant in " ".join(said.err.replace("│", " ").split())


def test_an_outcome_that_is_no_word_is_named_with_its_row(churnops: CommandLine, trained: Opened, tmp_path: Path) -> None:
    churnops.folder = trained.workspace.root
    (tmp_path / "o.csv").write_text("customerID,Churn\nA,Yes\nB,No\nC,maybe\n")
    said = churnops("outcomes", "add", str(tmp_path / "o.csv"))
    assert "1 value that is neither a yes nor a no, in 1 of 3 rows, the first in data row 3." in said.err
