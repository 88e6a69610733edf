"""The churnops.toml that `init` writes says every key with its meaning, reads back as what was meant, and survives later edits."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from pipeline.tables.file_format import FileFormat
from pipeline.workspace.data_settings import DataSettings
from pipeline.workspace.settings import Settings, read_settings
from pipeline.workspace.settings_file import render_settings, set_claude

DATA = DataSettings(
    file="customers.csv", sha256="0" * 64, target="Churn", positive="Yes", id="customerID", numerical=("tenure",), categorical=("Contract",)
)
ODD = (
    '"quoted"',
    "'''",
    '"""',
    "back\\slash",
    "two\nlines",
    "tab\t",
    "# no comment",
    "größer 10 € 😀",
    "]",
    "=",
    "a.b",
    " ",
    "\x00\x1b\x7f\u2028",
)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


def read_back(folder: Path, data: DataSettings) -> Settings:
    file = folder / "churnops.toml"
    file.write_bytes(render_settings(data).encode())
    return read_settings(file)


def test_a_new_file_reads_back_as_what_was_meant(tmp_path: Path) -> None:
    assert read_back(tmp_path, DATA) == Settings(data=DATA)


def test_every_field_survives(tmp_path: Path) -> None:
    written = FileFormat(delimiter="\t", decimal=",", encoding="latin-1", timezone="Europe/Berlin")
    data = DATA.model_copy(update={"time": "seen", "synthetic_seed": 8, "format": written, "file": "C:\\data\\Kunden – 'alt'.csv"})
    assert read_back(tmp_path, data).data == data


@example(names=ODD, positive="two\nlines")
@given(names=st.lists(names, min_size=3, max_size=6, unique=True), positive=st.text(st.characters(codec="utf-8"), max_size=8))
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_odd_column_names_survive(tmp_path: Path, names: tuple[str, ...], positive: str) -> None:
    target, id_, *features = names
    data = DATA.model_copy(update={"target": target, "id": id_, "positive": positive, "numerical": tuple(features), "categorical": ()})
    assert read_back(tmp_path, data).data == data


def keys(model: BaseModel, prefix: str) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        found += keys(value, f"{prefix}{name}.") if isinstance(value, BaseModel) else [(f"{prefix}{name}", field.description)]
    return found


def test_every_key_stands_in_a_new_file_with_its_meaning_behind_it() -> None:
    lines = render_settings(DATA).splitlines()
    everything = [key for section, model in Settings(data=DATA) if isinstance(model, BaseModel) for key in keys(model, f"{section}.")]
    assert len(everything) > 20
    for key, meaning in everything:
        name = key.rpartition(".")[2]
        starts = (f"{name} =", f"[{key}]")  # a mapping is a table, which people fill line by line
        said = [line for line in lines if line.removeprefix("# ").startswith(starts) and line.endswith(f"# {meaning}")]
        assert said, f"{key} is not in the file"


def test_the_examples_in_the_file_hold(tmp_path: Path) -> None:
    text = render_settings(DATA)
    examples = [line.removeprefix("# ") for line in text.splitlines() if line.startswith(("# gate.", "# drift."))]
    assert tomllib.loads("\n".join(examples)) == {"gate": {"min_roc_auc": 0.7}, "drift": {"min_rows": 500}}


@pytest.mark.parametrize("agreed", [True, False])
def test_the_agreement_is_written_down_and_the_rest_stays(tmp_path: Path, agreed: bool) -> None:
    file = tmp_path / "churnops.toml"
    text = render_settings(DATA).replace("seed = 42", "seed = 7 # ours: don't touch")
    file.write_text(text, encoding="utf-8")
    set_claude(file, agreed)
    edited = read_settings(file)
    assert edited.operator.claude is agreed
    assert edited.training.seed == 7
    assert set(text.splitlines()) <= set(file.read_text(encoding="utf-8").splitlines())
    set_claude(file, not agreed)
    assert read_settings(file).operator.claude is not agreed


def test_the_agreement_is_written_where_there_was_no_operator_section(tmp_path: Path) -> None:
    file = tmp_path / "churnops.toml"
    file.write_text("[data]\nfile = 'c.csv'\nsha256 = ''\ntarget = 'y'\npositive = '1'\nnumerical = ['x']\n", encoding="utf-8")
    set_claude(file, True)
    assert read_settings(file).operator.claude is True
