"""`churnops simulate`: what it says of the weeks it logged, to people and to programs."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.worlds import simulation
from tests.end_to_end.command_line import CommandLine


@pytest.fixture
def here(churnops: CommandLine, champion_workspace: Path, tmp_path: Path) -> CommandLine:
    """The command line in a workspace with a champion and an empty log."""
    churnops.folder = tmp_path / "champion"
    shutil.copytree(champion_workspace, churnops.folder)
    return churnops


def test_weeks_are_told_one_by_one_and_summed_up_for_programs(here: CommandLine) -> None:
    said = here("simulate", "--weeks", "2", "--start", "2026-01-05", "--rows", "60", "--labels", "1", "--json")
    assert said.code == 0
    assert said.err.count("Logged 60 predictions of") == 2
    found = said.json
    assert (found["scenario"], found["rows"], found["weeks"], found["customers"], found["drawn_again"]) == ("none", 120, 2, 120, 0)
    assert (found["outcomes"], found["outcomes_per_week"], found["matured_per_week"]) == (120, [60, 60], [60, 60])
    assert found["start"] == "2026-01-05 00:00:00+00:00"
    start, since, until, end = (datetime.fromisoformat(found[name]) for name in ("start", "since", "until", "end"))
    assert start < since < until < end <= start + timedelta(days=14)


@pytest.mark.slow
def test_the_next_call_goes_on_and_a_later_start_than_now_allows_is_refused(here: CommandLine) -> None:
    first = here("simulate", "--start", "2026-01-05", "--rows", "60", "--json").json
    assert here("simulate", "--rows", "60", "--json").json["start"] == first["until"]
    late = here("simulate", "--start", f"{datetime.now(UTC):%Y-%m-%d}", "--rows", "60")
    assert late.code == 1
    assert "would end in the future. Start by " in late.err
    assert here("simulate", "--start", "soon").code == 1


def test_rows_that_score_a_customer_again_are_said(here: CommandLine) -> None:
    file = here.folder / "churnops.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("synthetic_seed = 11", "# synthetic_seed ="), encoding="utf-8")
    assert "again" not in here("simulate", "--start", "2026-01-05").out
    assert "100 of these predictions score a customer of the week again" in here("simulate", "--rows", "600").out


def test_an_interruption_says_what_is_logged(here: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    add, calls = simulation.add_outcomes_in, []

    def interrupted(*told: object) -> object:
        calls.append(told)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return add(*told)  # type: ignore[arg-type]

    monkeypatch.setattr(simulation, "add_outcomes_in", interrupted)
    said = here("simulate", "--weeks", "3", "--rows", "60")
    assert said.code == 130
    assert said.out.count("Logged 60 predictions") == 1
    assert "Interrupted. Weeks logged: 1." in said.out
