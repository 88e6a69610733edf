"""A reference table that changed is refused, shown, and taken in by a person; the ledger knows, and the champion stays."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import ChurnopsError, DataError
from pipeline.intake.reference import load_split
from pipeline.record.champion import find_champion
from pipeline.record.opened_workspace import Opened, open_workspace
from prompts import policy_text
from reports.decisions.accepted_data import accept_data, data_diff
from tests.end_to_end.command_line import CommandLine


def rewritten(opened: Opened) -> pd.DataFrame:
    """The reference, with dearer customers, one column more and a row twice."""
    table = pd.read_csv(opened.reference_file, dtype=str)
    table["MonthlyCharges"] = (pd.to_numeric(table["MonthlyCharges"]) * 1.6).round(2).astype(str)
    table["region"] = "north"
    table = pd.concat([table, table.tail(1)])
    table.to_csv(opened.reference_file, index=False)
    return table


def test_what_changed_is_shown_and_accepted_with_a_reason(trained: Opened) -> None:
    with pytest.raises(ChurnopsError, match="nothing to accept"):
        data_diff(trained)
    champion, before = find_champion(trained.workspace, trained.ledger), trained.settings.data.sha256
    table = rewritten(trained)
    with pytest.raises(DataError, match="churnops data accept"):
        load_split(trained)
    diff = data_diff(trained)
    assert (diff.version, diff.rows, diff.sha256_before, diff.unnamed, diff.repeated) == (2, len(table), before, ("region",), 1)
    assert "MonthlyCharges" in [one.name for one in diff.drifted]
    with pytest.raises(ChurnopsError, match="reason is empty"):
        accept_data(trained, diff, "  ")
    accept_data(trained, diff, "Prices rose in autumn.")
    again = open_workspace(trained.workspace.root, policy_text(), trained.clock)
    assert len(load_split(again).train) > 0
    (entry,) = again.ledger.of_kind("data_accepted")
    assert (entry.body["previous"], entry.body["sha256"], entry.body["reason"]) == (before, diff.sha256, "Prices rose in autumn.")
    assert find_champion(again.workspace, again.ledger) == champion
    again.state.close()


def test_a_table_that_lacks_a_column_is_not_taken_in(trained: Opened) -> None:
    settings = trained.workspace.settings_file.read_bytes()
    pd.read_csv(trained.reference_file, dtype=str).drop(columns="tenure").to_csv(trained.reference_file, index=False)
    with pytest.raises(DataError, match="lacks `tenure`"):
        data_diff(trained)
    assert trained.workspace.settings_file.read_bytes() == settings
    assert trained.ledger.of_kind("data_accepted") == ()


def test_from_the_command_line(
    trained: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    churnops, root = CommandLine(tmp_path, monkeypatch, capsys), str(trained.workspace.root)
    rewritten(trained)
    shown = churnops("data", "diff", "--json", "-w", root)
    assert shown.code == 0, shown.err
    assert "region" in shown.err
    assert trained.ledger.of_kind("data_accepted") == ()
    taken = churnops("data", "accept", "--reason", "New prices.", "-w", root)
    assert "Accepted as version 2" in taken.out
    assert churnops("data", "diff", "-w", root).code == 1
