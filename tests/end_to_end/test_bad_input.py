"""Bad input gets one sentence and the next step, a proper exit code, and leaves every file as it was."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.record.opened_workspace import Opened
from pipeline.worlds.telephone_customers import make_customers
from tests.end_to_end.command_line import CommandLine, Said

Break = Callable[[Path], list[str]]


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below `folder` with its sha256; SQLite's own working files left out."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def table(folder: Path, **changes: object) -> pd.DataFrame:
    """A small labelled table; `changes` replace columns."""
    rows = 400
    frame = pd.DataFrame(
        {
            "id": [f"c{number}" for number in range(rows)],
            "months": [number % 60 for number in range(rows)],
            "plan": ["basic" if number % 3 else "gold" for number in range(rows)],
            "left": ["yes" if number % 7 < 2 else "no" for number in range(rows)],
        }
    )
    return frame.assign(**changes)


def refused(said: Said, *words: str) -> None:
    """One sentence with its next step on stderr, no traceback, exit code 1, nothing on stdout."""
    assert said.code == 1, said
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, said.err
    assert lines[0].startswith("churnops: ")
    assert "Traceback" not in said.err
    for word in words:
        assert word in lines[0], lines[0]


def missing_file(folder: Path) -> list[str]:
    return ["--data", "nowhere.csv", "--target", "left"]


def empty_file(folder: Path) -> list[str]:
    (folder / "t.csv").write_bytes(b"")
    return ["--data", "t.csv", "--target", "left"]


def header_only(folder: Path) -> list[str]:
    (folder / "t.csv").write_text("id,months,left\n")
    return ["--data", "t.csv", "--target", "left"]


def target_absent(folder: Path) -> list[str]:
    table(folder).to_csv(folder / "t.csv", index=False)
    return ["--data", "t.csv", "--target", "churned"]


def target_of_three_values(folder: Path) -> list[str]:
    table(folder, left=["yes", "no", "maybe", "no"] * 100).to_csv(folder / "t.csv", index=False)
    return ["--data", "t.csv", "--target", "left"]


def target_constant(folder: Path) -> list[str]:
    table(folder, left="no").to_csv(folder / "t.csv", index=False)
    return ["--data", "t.csv", "--target", "left"]


def unreadable_parquet(folder: Path) -> list[str]:
    (folder / "t.parquet").write_bytes(b"PAR1 this is not parquet")
    return ["--data", "t.parquet", "--target", "left"]


def other_ending(folder: Path) -> list[str]:
    (folder / "t.xlsx").write_bytes(b"PK")
    return ["--data", "t.xlsx", "--target", "left"]


def a_folder(folder: Path) -> list[str]:
    (folder / "t.csv").mkdir()
    return ["--data", "t.csv", "--target", "left"]


def repeated_column(folder: Path) -> list[str]:
    (folder / "t.csv").write_text("a,a,left\n1,2,yes\n2,3,no\n")
    return ["--data", "t.csv", "--target", "left"]


def too_few_rows(folder: Path) -> list[str]:
    table(folder).head(20).to_csv(folder / "t.csv", index=False)
    return ["--data", "t.csv", "--target", "left"]


def positive_absent(folder: Path) -> list[str]:
    table(folder).to_csv(folder / "t.csv", index=False)
    return ["--data", "t.csv", "--target", "left", "--positive", "gone"]


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (missing_file, "nowhere.csv"),
        (empty_file, "empty"),
        (header_only, "no rows"),
        (target_absent, "churned"),
        (target_of_three_values, "three"),
        (target_constant, "left"),
        (unreadable_parquet, "Parquet"),
        (other_ending, ".xlsx"),
        (a_folder, "folder"),
        (repeated_column, "named"),
        (too_few_rows, "rows"),
        (positive_absent, "gone"),
    ],
)
def test_init_refuses_a_table_it_cannot_use(churnops: CommandLine, break_it: Break, words: str) -> None:
    arguments = break_it(churnops.folder)
    before = fingerprint(churnops.folder)
    refused(churnops("init", *arguments), *([] if words == "three" else [words]))
    assert fingerprint(churnops.folder) == before


def test_init_leaves_out_an_empty_column_and_says_so(churnops: CommandLine) -> None:
    table(churnops.folder, notes=None).to_csv(churnops.folder / "t.csv", index=False)
    said = churnops("init", "--data", "t.csv", "--target", "left")
    assert said.code == 0
    assert "notes" in said.out
    assert "left out" in said.out


def test_init_takes_one_value_against_the_rest_and_counts_what_it_leaves_out(churnops: CommandLine) -> None:
    left = ["Churned" if number % 7 < 2 else "Stayed" for number in range(400)]
    left[3:20:8] = ["Joined", "Joined", "Joined"]
    table(churnops.folder, left=[None, *left[1:]]).to_csv(churnops.folder / "t.csv", index=False)
    refused(churnops("init", "--data", "t.csv", "--target", "left"), "Joined", "--positive", "--drop-target")
    said = churnops("init", "--data", "t.csv", "--target", "left", "--positive", "Churned", "--drop-target", "Joined")
    assert said.code == 0, said
    assert "396 rows" in said.out
    assert "1 row without a value in `left`" in said.out
    assert "3 rows with a dropped value of `left`" in said.out
    written = (churnops.folder / "churnops.toml").read_text()
    assert 'positive = "Churned"' in written
    assert '"Stayed"' in written and "Joined" not in written


def test_a_doubtful_target_is_told_with_both_readings(churnops: CommandLine) -> None:
    table(churnops.folder, left=["B" if number % 7 < 2 else "A" for number in range(400)]).to_csv(churnops.folder / "t.csv", index=False)
    said = " ".join(churnops("init", "--data", "t.csv", "--target", "left").out.split())
    assert "“B” is taken for churned because it is the rarer value: “A” 285 rows, “B” 115 rows." in said


def test_a_dated_table_is_split_by_time(churnops: CommandLine) -> None:
    days = [f"2025-{1 + number // 40:02d}-{1 + number % 28:02d}" for number in range(400)]
    table(churnops.folder, scored_at=days).to_csv(churnops.folder / "t.csv", index=False)
    said = churnops("init", "--data", "t.csv", "--target", "left")
    assert "Split by `scored_at`, the newest rows to test on." in " ".join(said.out.split())
    assert 'split = "time"' in (churnops.folder / "churnops.toml").read_text()


def test_a_leak_is_left_out_with_the_reason_and_the_way_back(churnops: CommandLine) -> None:
    why = ["price" if number % 7 < 2 else None for number in range(400)]
    table(churnops.folder, churn_reason=why).to_csv(churnops.folder / "t.csv", index=False)
    said = " ".join(churnops("init", "--data", "t.csv", "--target", "left").out.split())
    assert "churn_reason left out it is filled for every churner and nobody else: known only afterwards" in said
    assert "To keep a column that is left out, add its name to `numerical` or `categorical` there." in said


@pytest.mark.slow
def test_a_model_that_learns_a_leak_is_not_congratulated(churnops: CommandLine) -> None:
    code = [2 if number % 7 < 2 else number % 2 for number in range(400)]
    table(churnops.folder, state=code).to_csv(churnops.folder / "t.csv", index=False)
    assert churnops("init", "--data", "t.csv", "--target", "left").code == 0
    settings = churnops.folder / "churnops.toml"
    settings.write_text(settings.read_text().replace("categorical = [", 'categorical = [\n  "state",'))
    said = churnops("train", "--estimator", "logistic_regression", "--json")
    assert said.code == 0, said
    assert said.json["leaks"] == ["state"]
    told = " ".join(said.err.split())
    assert "Warning: `state` alone tells who churned" in told
    assert "above 0.99 it is too good to be true" in told


@pytest.mark.slow
def test_a_model_that_learns_nothing_gets_no_floor_to_pass(churnops: CommandLine) -> None:
    rng = np.random.default_rng(8)
    left = np.where(rng.random(400) < 0.3, "yes", "no")
    table(churnops.folder, left=left, months=rng.integers(0, 60, 400)).to_csv(churnops.folder / "t.csv", index=False)
    assert churnops("init", "--data", "t.csv", "--target", "left").code == 0
    refused(churnops("train", "--estimator", "logistic_regression"), "no better than chance", "No floor makes it useful")


def test_init_never_overwrites_a_workspace(churnops: CommandLine) -> None:
    table(churnops.folder).to_csv(churnops.folder / "t.csv", index=False)
    assert churnops("init", "--data", "t.csv", "--target", "left").code == 0
    before = fingerprint(churnops.folder)
    refused(churnops("init", "--data", "t.csv", "--target", "left"), "workspace already")
    assert fingerprint(churnops.folder) == before


def test_wrong_usage_is_exit_code_2(churnops: CommandLine) -> None:
    assert churnops("init").code == 2
    assert churnops("init", "--data", "t.csv").code == 2
    assert churnops("triage", "--operator", "nobody").code == 2
    assert churnops("simulate", "--scenario", "apocalypse").code == 2
    assert churnops("triage", "--outcomes", "o.csv").code in {1, 2}


@pytest.mark.parametrize("command", [["train"], ["drift"], ["triage"], ["simulate"], ["reports", "list"], ["mcp"]])
def test_without_a_workspace_every_command_says_how_to_make_one(churnops: CommandLine, command: list[str]) -> None:
    refused(churnops(*command), "churnops init")


@pytest.mark.parametrize("command", [["drift"], ["triage"], ["simulate"]])
def test_without_a_champion_the_commands_ask_for_training(churnops: CommandLine, fresh: Opened, command: list[str]) -> None:
    churnops.folder = fresh.workspace.root
    said = churnops(*command)
    refused(said)
    assert "churnops train" in said.err or "churnops simulate" in said.err


@pytest.mark.parametrize(
    "text",
    [
        "[data",
        "[data]\nfile = 3\n",
        "[nonsense]\na = 1\n",
        "\xff\xfe",
        "[data]\nfile='a'\nsha256='b'\ntarget='t'\npositive='1'\ncolour='red'\n",
    ],
    ids=["not TOML", "wrong type", "unknown section", "not UTF-8", "unknown key"],
)
def test_a_corrupted_settings_file_is_named(churnops: CommandLine, text: str) -> None:
    (churnops.folder / "churnops.toml").write_text(text, encoding="latin-1")
    before = fingerprint(churnops.folder)
    refused(churnops("reports", "list"), "churnops.toml")
    assert fingerprint(churnops.folder) == before


def window_of(trained: Opened, rows: int = 400) -> pd.DataFrame:
    """Rows of the workspace's own table as a window."""
    return pd.read_csv(trained.workspace.root / "customers.csv", dtype=str, keep_default_na=False).drop(columns="Churn").head(rows)


def lacking_column(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=["tenure", "Contract"])


def text_in_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(tenure=[*["a lot"] * 30, *frame["tenure"][30:]])


def all_null(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(MonthlyCharges="")


def duplicate_ids(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.head(27)])


BROKEN = pytest.mark.parametrize(
    ("change", "words"),
    [(lacking_column, "tenure"), (text_in_numbers, "tenure"), (all_null, "MonthlyCharges"), (duplicate_ids, "27 rows")],
    ids=["lacks columns", "text in numbers", "all null", "duplicate ids"],
)


@BROKEN
def test_a_broken_window_is_refused_or_answered_in_part_where_nobody_asks_what_happened(
    churnops: CommandLine, trained: Opened, change: Callable[[pd.DataFrame], pd.DataFrame], words: str
) -> None:
    churnops.folder = trained.workspace.root
    change(window_of(trained)).to_csv(trained.workspace.root / "window.csv", index=False)
    before = fingerprint(trained.workspace.root)
    said = churnops("drift", "--current", "window.csv")
    if change is all_null:
        # The others are answered for.
        assert said.code == 0 and f"every value is missing in: {words}" in " ".join(said.err.split())
    else:
        refused(said, words)
    assert fingerprint(trained.workspace.root) == before
    assert trained.cases.all() == ()


@pytest.mark.slow
@BROKEN
def test_triage_of_a_broken_window_says_what_to_fix(
    churnops: CommandLine, trained: Opened, change: Callable[[pd.DataFrame], pd.DataFrame], words: str
) -> None:
    churnops.folder = trained.workspace.root
    change(make_customers(400, 99).drop(columns="Churn")).to_csv(trained.workspace.root / "window.csv", index=False)
    said = churnops("triage", "--current", "window.csv", "--json")
    assert (said.code, said.json["action"]) == (0, "fix_data"), said
    (case,) = trained.cases.all()
    assert case.report is not None
    assert words in (trained.workspace.root / case.report.path).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_window_of_one_row_has_no_verdict(churnops: CommandLine, trained: Opened) -> None:
    churnops.folder = trained.workspace.root
    window_of(trained, rows=1).to_csv(trained.workspace.root / "window.csv", index=False)
    said = churnops("drift", "--current", "window.csv", "--json")
    assert said.code == 0
    assert said.json["band"] == "not_enough_data"
    assert said.json["share"] is None
    said = churnops("triage", "--current", "window.csv", "--json", "--detailed-exit-code")
    assert (said.code, said.json["action"], said.json["status"]) == (10, "monitor", "not_enough_data")


@pytest.mark.parametrize("damage", ["deleted", "changed"])
def test_a_damaged_champion_is_never_loaded(churnops: CommandLine, trained: Opened, damage: str) -> None:
    churnops.folder = trained.workspace.root
    window_of(trained).to_csv(trained.workspace.root / "window.csv", index=False)
    folder = next(trained.workspace.models.iterdir())
    if damage == "deleted":
        shutil.rmtree(folder)
    else:
        with (folder / "model" / "model.pkl").open("ab") as stream:
            stream.write(b"\0")
    before = fingerprint(trained.workspace.root)
    refused(churnops("triage", "--current", "window.csv"), "deleted" if damage == "deleted" else "changed")
    assert fingerprint(trained.workspace.root) == before


def test_a_pointer_moved_by_hand_is_refused(churnops: CommandLine, trained: Opened) -> None:
    churnops.folder = trained.workspace.root
    pointer = trained.workspace.champion_pointer
    pointer.write_text(json.dumps({**json.loads(pointer.read_text()), "digest": "0" * 64}))
    refused(churnops("drift"), "pointer")


def test_a_changed_reference_is_named_with_both_digests(churnops: CommandLine, trained: Opened) -> None:
    churnops.folder = trained.workspace.root
    with (trained.workspace.root / "customers.csv").open("a") as stream:
        stream.write("\n")
    said = churnops("train")
    refused(said, trained.settings.data.sha256)


def test_a_read_only_workspace_is_refused(churnops: CommandLine, trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write everywhere, so the answer of the operating system is stood in for.
    churnops.folder = trained.workspace.root
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    refused(churnops("triage"), "read-only")


def test_approve_without_a_terminal_or_a_case_is_refused(churnops: CommandLine, trained: Opened) -> None:
    churnops.folder = trained.workspace.root
    refused(churnops("reports", "approve", "no-such-case", "--reason", "x"), "no-such-case")


def test_a_workbook_with_two_sheets_says_which_is_not_read(churnops: CommandLine) -> None:
    with pd.ExcelWriter(churnops.folder / "t.xlsx", engine="xlsxwriter") as book:
        for sheet in ("customers", "old"):
            table(churnops.folder, bill=[float(row) if row else "inf" for row in range(400)]).to_excel(book, sheet_name=sheet, index=False)
    said = churnops("init", "--data", "t.xlsx", "--target", "left")
    assert said.code == 0
    assert "not read: “old”" in said.out
    assert "`bill`: 1 value is infinite, which counts as missing" in said.out
