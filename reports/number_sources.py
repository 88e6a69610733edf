"""Where the numbers of an operator's words stand: links within the report, and the appendix beside it that they lead to, which ends with digests."""

import re
from collections.abc import Callable, Mapping

from markupsafe import Markup

from reports.grounding.grounding import MARK, Grounded
from reports.markdown_cells import cell, cell_code

_LINK = r"\[([^\[\]<>\n]{1,60})\]\([\w.-]+\.sources\.md"
_WRITTEN_LINK = re.compile(rf"{_LINK}(?:#n\d+)?\)")
_DRAWN_LINK = re.compile(rf"{_LINK}#n(\d+)\)")
_DRAWN_ROW = re.compile(r"<td([^>]*)>n(\d+)</td>")


def appendix_name(case_id: str) -> str:
    """The appendix's file name, beside the report."""
    return f"{case_id}.sources.md"


def linked(text: str, grounded: Grounded, case_id: str, safe: Callable[[str], str]) -> str:
    """`text` as it was checked, made `safe` piece by piece, with every number that has a source as a link and a mark behind those that have
    none. Within code a link would be text, so there is none."""
    ends = {one.end: f" {MARK}" for one in grounded.marked}
    links = {one.start: (one.end, number) for number, one in enumerate(grounded.sources, 1)}
    pieces, done = [], 0
    for place in sorted({*ends, *links}):
        if place in links and place >= done and text.count("`", text.rfind("\n", 0, place) + 1, place) % 2 == 0:
            end, number = links[place]
            pieces += [safe(text[done:place]), f"[{text[place:end]}]({appendix_name(case_id)}#n{number})"]
            done = end
        if place in ends:
            pieces += [safe(text[done:place]), ends[place]]
            done = max(done, place)
    return "".join((*pieces, safe(text[done:])))


def appendix(grounded: Grounded, case_id: str, digests: Mapping[str, str]) -> str:
    """The appendix as Markdown: what has no source and why, where every other number stands, and the digests that the report's head names too,
    by what they are of."""
    lines = [f"# Where the numbers of the report of case {case_id} stand", ""]
    lines += [f"- `{cell_code(one.number)}` {MARK}: {cell(one.why)}" for one in grounded.marked]
    lines += ["", "| | number | from | path | value |", "|---|---:|---|---|---:|"]
    for place, one in enumerate(grounded.sources, 1):
        source = cell(one.name) + (f", call {one.call}" if one.call is not None else "")
        lines.append(f'| <a id="n{place}"></a>n{place} | {cell(one.number)} | {source} | `{cell_code(one.path)}` | {one.value:.6g} |')
    lines += ["", "## Digests", "", "| of | sha256 |", "|---|---|"]
    lines += [f"| {cell(of)} | `{cell_code(digest)}` |" for of, digest in digests.items()]
    return "\n".join((*lines, ""))


def without_links(report: str) -> str:
    """A report for a screen that shows its text alone."""
    return _WRITTEN_LINK.sub(r"\1", report)


def drawn(report_html: str, appendix_html: str) -> Markup:
    """The HTML of a report, which has no links, and of its appendix as one page on which numbers lead to their rows."""
    rows = _DRAWN_ROW.sub(r'<td\1 id="n\2">\2</td>', re.sub(r"&lt;a id=&quot;n\d+&quot;&gt;&lt;/a&gt;", "", appendix_html))
    return Markup(_WRITTEN_LINK.sub(r"\1", _DRAWN_LINK.sub(r'<a href="#n\2">\1</a>', report_html)) + rows)
