"""`[owners]` names what the workspace has, and says so where it does not."""

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.record.opened_workspace import Opened
from pipeline.workspace.settings import read_settings


def told(fresh: Opened, line: str) -> Path:
    file = fresh.workspace.root / "churnops.toml"
    file.write_text(f"{file.read_text('utf-8')}\n[owners]\n{line}\n", "utf-8")
    return file


def test_columns_sources_and_feeds_have_owners(fresh: Opened) -> None:
    file = told(fresh, 'TotalCharges = "Billing"\n"Contract=One year" = "Sales"\noutcomes = "CRM"\npredictions = "Platform"')
    assert read_settings(file).owners["Contract=One year"] == "Sales"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('TotalCharge = "Billing"', "perhaps `TotalCharges` is meant"),
        ('"tenure=3" = "B"', "no feature"),
        ('outcomes = ""', "a name and an address"),
    ],
)
def test_a_name_of_nothing_is_refused(fresh: Opened, line: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_settings(told(fresh, line))
