"""TOML that would keep its reader busy, or end it, is a mistake like any other."""

import tomllib
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.workspace.settings import read_settings
from pipeline.workspace.toml_text import parse_toml

HOSTILE = {
    "nested too deeply": "x = " + "[" * 60_000,
    "a name of too many parts": "a" + ".a" * 20_000 + " = 1",
    "a number that is none": "x = " + "9" * 5_000,
    "a name of too many parts (at line 2)": "\n" + '"a.a"' + '."a"' * 20_000 + " = 1 # " + "." * 9,
}


@pytest.mark.parametrize("said", HOSTILE)
def test_it_is_told_and_not_read(tmp_path: Path, said: str) -> None:
    file = tmp_path / "churnops.toml"
    file.write_text(HOSTILE[said])
    with pytest.raises(SettingsError) as refused:
        read_settings(file)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ['x = ["' + '", "'.join(["a.b"] * 2_000) + '"]', "# " + "." * 2_000, "x = '" + "." * 2_000 + "'"])
def test_points_in_texts_and_comments_are_no_parts_of_names(text: str) -> None:
    assert parse_toml(text) == tomllib.loads(text)
