"""A hook of mkdocs: links of the pages to files of the repository, and drawings as tables.

A link to a file beside `docs/` leads to a copy of it in the site; one to Markdown there, which has links of its own, is text. What draws
Mermaid's arrows would have to be fetched from elsewhere, so the site tells in a table what each arrow says.
"""

import re
from collections import defaultdict
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_BESIDE = re.compile(r"(!?)\[([^\]]*)\]\(\.\./([^)#]+)(#[^)]*)?\)")
_DRAWING = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
_ARROW = re.compile(r"^ +(\S+) --> ([^\s:]+)(?:: (.*))?$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Copy what the pages link to beside `docs/`."""
    root = Path(config.docs_dir).parent
    for page in files.documentation_pages():
        for _, _, path, _ in _BESIDE.findall(page.content_string):
            if not path.endswith(".md") and f"repository/{path}" not in files.src_uris:
                files.append(File.generated(config, f"repository/{path}", abs_src_path=str(root / path)))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn those links to the copies, and the drawings to tables."""

    def turned(found: re.Match[str]) -> str:
        picture, text, path, _ = found.groups()
        return text if path.endswith(".md") else f"{picture}[{text}](repository/{path})"

    return _DRAWING.sub(_told, _BESIDE.sub(turned, markdown))


def _told(drawing: re.Match[str]) -> str:
    leads: dict[str, list[str]] = defaultdict(list)
    for begin, end, said in _ARROW.findall(drawing[1]):
        leads[begin.replace("[*]", "the beginning")].append(f"`{end}`" + (f" ({said})" if said else ""))
    return "\n".join(("| from | to |", "|---|---|", *(f"| {begin} | {', '.join(ends)} |" for begin, ends in leads.items()), ""))
