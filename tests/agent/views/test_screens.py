"""The main screens as people see them, at 80 and 120 columns and without colour, beside pictures that somebody looked at."""

import re

import pytest

from agent.views.verdict_view import ShownAnswer
from tests.agent.views.screens import FOLDER, FORMS, drawn, names, screens

ID, ROOT = "2026-11-21-abc123", "/srv/a b"


@pytest.mark.parametrize(("name", "form"), names())
def test_a_screen_looks_as_it_did_when_somebody_looked_at_it(name: str, form: str) -> None:
    now = drawn(screens()[name], *FORMS[form])
    assert now == (FOLDER / f"{name}-{form}.svg").read_text(encoding="utf-8"), (
        "python -m tests.agent.views.screens draws it anew; look at it"
    )


def test_there_is_no_picture_of_a_screen_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.svg")} == {f"{name}-{form}" for name, form in names()}


@pytest.mark.parametrize("name", ["diagnose", "triage", "approve"])
def test_the_answer_fits_a_screen_of_24_lines_and_begins_with_the_headline(name: str) -> None:
    shown = _lines(screens()[name])
    assert len(shown) <= 23  # and the prompt
    assert "The same customers behave differently" in " ".join(shown[:3])


@pytest.mark.parametrize("name", ["status", "triage", "list", "approve"])
def test_no_id_is_cut_at_80_columns(name: str) -> None:
    assert any(ID in line for line in _lines(screens()[name]))


def test_commands_are_whole_lines_however_narrow_the_terminal() -> None:
    shown = _lines(screens()["triage"])
    assert f"  churnops reports approve {ID} -w '{ROOT}' --reason \"…\"" in shown


def _lines(screen: object) -> list[str]:
    import io

    from rich.console import Console, RenderableType

    console = Console(file=io.StringIO(), width=80, highlight=False)
    if isinstance(screen, ShownAnswer):
        screen.print_on(console)
    else:
        told: RenderableType = screen  # type: ignore[assignment]
        console.print(told)
    assert isinstance(console.file, io.StringIO)
    return re.sub(r"\x1b\[[\d;]*m", "", console.file.getvalue()).splitlines()
