"""A hook of mkdocs: links of the pages to files of the repository.

A link to a file beside `docs/` leads to a copy of it in the site; one to Markdown there, which has links of its own, is text.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_BESIDE = re.compile(r"(!?)\[([^\]]*)\]\(\.\./([^)#]+)(#[^)]*)?\)")


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
