"""A month's summary as a page of its own: no script, no font and no picture from elsewhere."""

from markdown_it import MarkdownIt

_STYLE = (
    ":root{color-scheme:light dark}body{max-width:58rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
    "table{border-collapse:collapse;width:100%}th,td{padding:.3rem .7rem .3rem 0;border-bottom:1px solid #8888;text-align:left}"
)


def month_page(markdown: str) -> str:
    """The Markdown as HTML; markup in it stays text."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink", "reference"]).render(markdown)
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>churnops</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}</body></html>\n'
