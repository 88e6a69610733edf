"""Colours: named in one place, readable on any ground."""

import ast
import re
from collections.abc import Iterator

import pytest
from rich.color import Color
from rich.errors import StyleSyntaxError
from rich.style import Style

from agent.views import theme
from tests.checkout import ROOT

_TAG = re.compile(r"\[([a-z][^\[\]{}]*)\]")
_ELSEWHERE = re.compile(r"\bansi[a-z]+|#[0-9a-fA-F]{6}\b")  # as prompt_toolkit and Rich write them
_READABLE = 3.0  # contrast of large or bold text and of signs, by WCAG 2.2


def colours_of(words: str) -> set[str]:
    """Names of the colours in a style; `dim` counts as one."""
    try:
        style = Style.parse(words)
    except StyleSyntaxError:
        return set()
    named = {colour.name for colour in (style.color, style.bgcolor) if colour is not None and not colour.is_default}
    return named | ({"dim"} if style.dim else set())


def named_in(source: str) -> Iterator[str]:
    """The texts of a program that name a colour."""
    for node in ast.walk(ast.parse(source)):
        said = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if any(map(colours_of, (said, *_TAG.findall(said)))) or _ELSEWHERE.search(said):
            yield said


def test_no_screen_names_a_colour_of_its_own() -> None:
    files = [path for path in (ROOT / "agent").rglob("*.py") if path != ROOT / "agent" / "views" / "theme.py"]
    assert {str(path): found for path in files if (found := list(named_in(path.read_text(encoding="utf-8"))))} == {}


def test_the_search_finds_a_colour_however_it_is_written() -> None:
    written = ["'bold red'", "f'[dim]{1}[/]'", "'[on blue]x[/]'", "'fg:ansired'", "'#ff0000'", "'a red line'", "f'[{GOOD}]fine[/]'"]
    assert [bool(list(named_in(one))) for one in written] == [True] * 5 + [False] * 2


def test_what_rich_draws_by_itself_wears_our_colours() -> None:
    console = theme.terminal()
    ours = {theme.GOOD, theme.LOOK, theme.BAD, theme.NAME, theme.DETAIL}
    drawn = {f"{part}{name}" for part in ("markdown.", "bar.", "progress.", "prompt.", "status.", "rule.") for name in _of_rich(part)}
    assert len(drawn) > 40
    assert {name: found for name in drawn if (found := colours_of(str(console.get_style(name))) - ours)} == {}


def _of_rich(part: str) -> list[str]:
    from rich.default_styles import DEFAULT_STYLES

    return [name.removeprefix(part) for name in DEFAULT_STYLES if name.startswith(part)]


@pytest.mark.parametrize("colour", [theme.GOOD, theme.LOOK, theme.BAD, theme.NAME])
@pytest.mark.parametrize("ground", [0, 255], ids=["dark", "light"])
def test_every_colour_is_readable_on_dark_and_on_light(colour: str, ground: int) -> None:
    lighter, darker = sorted((_luminance(*Color.parse(colour).get_truecolor()), _luminance(ground, ground, ground)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= _READABLE


def _luminance(*colour: int) -> float:
    """Relative luminance, 0-1, of red, green and blue, each 0-255."""
    red, green, blue = (part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
