"""A report's Markdown as HTML: no HTML of its own, no links and no images, so that nothing a report quotes can lead or call elsewhere."""

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from reports.report_sections import body

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink", "reference"])


def report_html(report: str) -> Markup:
    """HTML of a report without its front matter. Its headings begin at the second level, the page has the first."""
    text = "".join(character if character.isprintable() or character == "\n" else " " for character in report)
    tokens = _markdown.parse(body(text))
    for token in tokens:
        _adapt(token)
    return Markup(_markdown.renderer.render(tokens, _markdown.options, {}))  # the renderer escapes all text


def _adapt(token: Token) -> None:
    if token.type in {"heading_open", "heading_close"}:
        token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
    if token.type in {"th_open", "td_open"}:
        # The page's policy allows no inline style, and that is how the alignment of a column arrives.
        style = str(token.attrs.pop("style", ""))
        if "right" in style:
            token.attrSet("class", "number")
