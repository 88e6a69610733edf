"""`churnops threshold` from the command line."""

from pipeline.record.opened_workspace import Opened
from tests.end_to_end.command_line import CommandLine


def test_it_shows_the_sweep_and_proposes_what_pays_and_changes_nothing(churnops: CommandLine, trained: Opened) -> None:
    settings = trained.workspace.settings_file.read_bytes()
    said = churnops("threshold", "--json", "-w", str(trained.workspace.root))
    assert said.code == 0, said.err
    answer = said.json
    assert answer["now"] == 0.5
    best = answer["proposed"]
    most = max(answer["thresholds"], key=lambda at: at["profit"])
    assert most["profit"] - best["profit"] <= most["profit_error"]
    assert f"`threshold = {best['threshold']:g}` under [training]" in said.err
    assert trained.workspace.settings_file.read_bytes() == settings
    strict = churnops("threshold", "--min-precision", "1", "--min-recall", "1", "--json", "-w", str(trained.workspace.root))
    assert strict.json["proposed"] is None
    assert "None of these" in strict.err
