"""The main screens as people see them, at 80 and 120 columns and without colour, beside pictures that somebody looked at."""

import re
from datetime import timedelta

import pytest

from agent.views.distribution_view import distribution_view
from agent.views.status_view import roc_auc_line
from agent.views.verdict_view import ShownAnswer
from pipeline.state.check_figures import CheckFigures, IntervalFigure
from tests.agent.views.screens import CATEGORY, FOLDER, FORMS, NUMBER, drawn, names, screens
from tests.conftest import NOON

ID, ROOT = "2026-11-21-abc123", "/srv/a b"


@pytest.mark.parametrize(("name", "form"), names())
def test_a_screen_looks_as_it_did_when_somebody_looked_at_it(name: str, form: str) -> None:
    now = drawn(screens()[name], *FORMS[form])
    assert now == (FOLDER / f"{name}-{form}.svg").read_text(encoding="utf-8"), (
        "python -m tests.agent.views.screens draws it anew; look at it"
    )


def test_there_is_no_picture_of_a_screen_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.svg")} == {f"{name}-{form}" for name, form in names()}


@pytest.mark.parametrize("name", ["diagnose", "triage", "fault", "approve"])
def test_the_answer_fits_a_screen_of_24_lines_and_begins_with_the_headline(name: str) -> None:
    shown = _lines(screens()[name])
    assert len(shown) <= 23  # and the prompt
    assert ("The data are broken" if name == "fault" else "The same customers behave differently") in " ".join(shown[:3])


def test_a_column_is_drawn_before_and_now_and_its_figures_stand_beside_shares() -> None:
    number, named = _lines(distribution_view(NUMBER)), _lines(distribution_view(CATEGORY))
    assert [line.split()[-1] for line in number[1:3]] == ["▇▅▂▁▁▇", "▁▁▂▅▇█"]
    assert "from 0 to 9000" in number[0]
    assert "0% in training, 12% now" in number[3]
    assert [line.replace("█", "").split()[-2:] for line in named[1:3]] == [["55%", "0%"], ["0%", "55%"]]
    assert len(named) == 5  # what is missing as before is not told


def test_roc_auc_over_time_needs_two_figures_and_prefers_measured_ones() -> None:
    expected = IntervalFigure(value=0.9, low=0.8, high=1.0)
    measured = [
        (NOON + timedelta(days=day), CheckFigures(rows=1, measured=IntervalFigure(value=value, low=0, high=1)))
        for day, value in ((0, 1.0), (7, 0.4))
    ]
    alone = [(NOON, CheckFigures(rows=1, expected=expected))]
    assert roc_auc_line(measured[:1]) == roc_auc_line(alone) == roc_auc_line([]) == ""
    assert "measured: 1.000 █  0.400, 2026-11-21 to 2026-11-28" in roc_auc_line([*alone, *measured])
    assert roc_auc_line(alone * 2).startswith("ROC-AUC, expected without outcomes: 0.900 ▆▆ 0.900")


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
