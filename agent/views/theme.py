"""The few styles of every screen. Each colour is readable on a light and on a dark ground; none says anything that the words do not."""

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.theme import Theme

    from pipeline.diagnosis.finding import Cause

DETAIL = "dim"
GOOD, LOOK, BAD = "#008700", "#af5f00", "#d70000"
NAME = "#0087af"  # names of things, and work that is under way
TOOLBAR = "fg:ansibrightblack"  # as prompt_toolkit writes it

# What Rich draws by itself, in these styles instead of its own: those put black behind code, and magenta where nothing is the matter.
_RICH = {
    **dict.fromkeys(("markdown.code", "markdown.h3", "markdown.table.header", "markdown.kbd"), "bold"),
    **dict.fromkeys(("markdown.h4", "markdown.block_quote"), "italic"),
    **dict.fromkeys(("markdown.link", "markdown.link_url"), "underline"),
    **dict.fromkeys(("markdown.hr", "markdown.table.border", "rule.line", "bar.back", "live.ellipsis"), DETAIL),
    **{
        f"progress.{part}": DETAIL
        for part in ("elapsed", "remaining", "percentage", "download", "filesize", "filesize.total", "data.speed")
    },
    **dict.fromkeys(("markdown.list", "markdown.item.number", "bar.complete", "bar.pulse", "progress.spinner", "status.spinner"), NAME),
    **dict.fromkeys(("prompt.choices", "prompt.default"), NAME),
    **dict.fromkeys(("prompt.invalid", "prompt.invalid.choice"), BAD),
    "markdown.h2": "bold underline",
    "markdown.code_block": "none",
    "bar.finished": GOOD,
}


def colour_of(cause: "Cause") -> str:
    """The colour of a cause: whether to look, and how soon."""
    return {"none": GOOD, "covariate_benign": GOOD, "data_fault": BAD, "label_fault": BAD}.get(cause, LOOK)


def rich_theme(**more: str) -> "Theme":
    """The theme of every console. `more`: further styles by name, with `_` for a dot."""
    from rich.theme import Theme

    return Theme({**_RICH, **{name.replace("_", ".", 1): style for name, style in more.items()}})


def terminal(*, stderr: bool = False, markup: bool = True, width: int | None = None, file: TextIO | None = None) -> "Console":
    """A console for people, on stdout or on stderr."""
    from rich.console import Console

    return Console(stderr=stderr, markup=markup, width=width, file=file, highlight=False, theme=rich_theme())
