"""The churnops.toml that `init` writes says every key with its meaning, reads back as what was meant, and survives later edits."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from pipeline.errors import SettingsError
from pipeline.tables.file_format import FileFormat
from pipeline.workspace.access import WorkspaceSettings
from pipeline.workspace.data_settings import DataSettings
from pipeline.workspace.settings import Settings, read_settings
from pipeline.workspace.settings_file import render_settings, set_claude, set_predictions

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
ODD_VALUES = {'"1y"': "One year", "": "None", "a.b = c": "# no"}
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


def read_back(folder: Path, data: DataSettings) -> Settings:
    file = folder / "churnops.toml"
    file.write_bytes(render_settings(data).encode())
    return read_settings(file)


def test_a_new_file_reads_back_as_what_was_meant(tmp_path: Path) -> None:
    assert read_back(tmp_path, DATA) == Settings(data=DATA, workspace=WorkspaceSettings(mode="private"))


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


MAPPED = {
    "keys": {"file": "log.csv", "id": "kunde"},
    "columns": {"mon ths": "tenure", "ver.trag": "Contract"},
    "values": {"Contract": ODD_VALUES},
}


@pytest.mark.parametrize("before", ["", "[predictions]\nfile = 'old.csv' # ours\n", "predictions = { file = 'old.csv' }\n"])
def test_a_mapping_is_written_down_and_the_rest_stays(tmp_path: Path, before: str) -> None:
    file = tmp_path / "churnops.toml"
    data = "[data]\nfile = 'c.csv' # don't touch\nsha256 = ''\ntarget = 'y'\npositive = '1'\nnumerical = ['tenure']\ncategorical = ['Contract']\n"
    file.write_text(before + data if before.startswith("predictions") else data + before, encoding="utf-8")
    set_predictions(file, **MAPPED)
    read = read_settings(file).predictions
    assert (read.id, read.columns, read.values) == ("kunde", MAPPED["columns"], MAPPED["values"])
    assert Path(read.file).name == "log.csv"
    assert "# don't touch" in file.read_text(encoding="utf-8")
    set_predictions(file, {}, {"age": "tenure"} if not before else {}, {"Contract": {"z": "One year"}}) if before else None
    if before:
        assert read_settings(file).predictions.values["Contract"] == ODD_VALUES | {"z": "One year"}


def test_a_mapping_goes_into_a_new_file_under_its_headings(tmp_path: Path) -> None:
    file = tmp_path / "churnops.toml"
    text = render_settings(DATA)
    file.write_text(text, encoding="utf-8")
    set_predictions(file, **MAPPED)
    after = file.read_text(encoding="utf-8").splitlines()
    gone = set(text.splitlines()) - set(after)
    assert {line.partition(" =")[0] for line in gone} == {"file", "id"}, "only the keys that were set"
    assert all(line.partition("#")[2] in "\n".join(after) for line in gone), "each keeps its meaning behind it"


def test_a_mapping_that_contradicts_the_settings_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "churnops.toml"
    file.write_text(render_settings(DATA), encoding="utf-8")
    before = file.read_bytes()
    with pytest.raises(SettingsError, match="cannot be written into"):
        set_predictions(file, {"table": "scored"}, {}, {})
    assert file.read_bytes() == before
    set_predictions(file, {"table": "scored"}, {}, {}, from_outside="sqlite:///scores.db")
