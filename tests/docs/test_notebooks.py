"""The notebooks of docs/, run cell by cell as a notebook does, and what each shows at its end is drawn."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.written import DOCS

NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))
# A cell is its statements; where the last is an expression, a notebook shows it, as HTML where it can.
RUN = """
import ast, json, sys
sys.path.insert(0, "")
names = {"__name__": "__main__"}
for source in json.load(sys.stdin):
    cell = ast.parse(source)
    shown = ast.Expression(cell.body.pop().value) if isinstance(cell.body[-1], ast.Expr) else None
    exec(compile(cell, "cell", "exec"), names)
    if shown is not None:
        value = eval(compile(shown, "cell", "eval"), names)
        drawn = getattr(value, "_repr_html_", value.__repr__)()
        assert drawn
        print(drawn)
"""


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_runs_from_its_first_cell_to_its_last(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    cells = ["".join(cell["source"]) for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    ran = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(cells), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=900
    )
    assert ran.returncode == 0, ran.stderr
    (tmp_path / "shown.html").write_text(ran.stdout, encoding="utf-8")


def test_there_are_four_and_they_hold_no_output_of_one_machine() -> None:
    assert len(NOTEBOOKS) == 4
    for notebook in NOTEBOOKS:
        assert all(not cell.get("outputs") for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"])
