"""A hook of mkdocs: links of the pages to files of the repository, and pages of the menu that are not written yet.

A link to a file beside `docs/` leads to a copy of it in the site; one to Markdown there, which has links of its own, is text.
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_BESIDE = re.compile(r"(!?)\[([^\]]*)\]\(\.\./([^)#]+)(#[^)]*)?\)")
# Their place in the menu waits for them: each is shown as soon as its file is there.
WAITING = {"How to": ["install.md"], "Explanation": ["explanations.md", "value.md"]}


def on_config(config: MkDocsConfig) -> None:
    """Put the pages of `WAITING` that exist at the head of their part of the menu."""
    parts: list[dict[str, Any]] = config.nav or []
    for part in parts:
        for name, pages in part.items():
            if name in WAITING:
                part[name] = [page for page in WAITING[name] if (Path(config.docs_dir) / page).is_file()] + pages


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Copy what the pages link to beside `docs/`."""
    root = Path(config.docs_dir).parent
    for page in files.documentation_pages():
        for _, _, path, _ in _BESIDE.findall(page.content_string):
            if not path.endswith(".md") and f"repository/{path}" not in files.src_uris:
                files.append(File.generated(config, f"repository/{path}", abs_src_path=str(root / path)))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn those links to the copies."""

    def turned(found: re.Match[str]) -> str:
        picture, text, path, _ = found.groups()
        return text if path.endswith(".md") else f"{picture}[{text}](repository/{path})"

    return _BESIDE.sub(turned, markdown)
