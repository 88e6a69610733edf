"""Evidently's own report of a window, as a page whose names and values stay data."""

import base64
import hashlib
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.atomic_files import write_atomically
from pipeline.drift.scores import EVIDENTLY_NAMES
from pipeline.drift.summary import FeatureDrift
from pipeline.errors import DataError
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

# The two statements that hold all that is told of the data: JSON, each in a line of its own.
_DATA = re.compile(r"^    var \w+ = \{.*\};$", re.MULTILINE)
_HEAD = '<meta charset="UTF-8">'
_POLICY = (
    "default-src 'none'; script-src {} 'unsafe-eval' blob:; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; worker-src blob:; "
    "connect-src 'none'; form-action 'none'; base-uri 'none'"
)


def write_evidently_html(
    reference: "pd.DataFrame", current: "pd.DataFrame", schema: Schema, path: Path, judged: Sequence[FeatureDrift]
) -> None:
    """Evidently's own report on the schema's features, for people, by the methods by which they were `judged` where they are Evidently's.

    Raises:
        DataError: a feature has no value at all, of which Evidently makes no report.
    """
    import os

    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    empty = [name for name in schema.features if current[name].isna().all() or reference[name].isna().all()]
    if empty:
        raise DataError(
            f"Every value is missing in: {', '.join(empty)}.", "Evidently makes no report of that. Ask the owner of the feed to fix it."
        )
    # Kinds come from the schema: left to itself Evidently guesses them anew from each window.
    roles = DataDefinition(numerical_columns=list(schema.numerical), categorical_columns=list(schema.categorical))
    features = list(schema.features)
    methods = {feature.name: EVIDENTLY_NAMES[feature.method] for feature in judged if feature.method in EVIDENTLY_NAMES}
    snapshot = Report([DataDriftPreset(columns=features, per_column_method=methods)]).run(
        Dataset.from_pandas(current[features], data_definition=roles), Dataset.from_pandas(reference[features], data_definition=roles)
    )
    write_atomically(path, guarded(snapshot.get_html_str(as_iframe=False)).encode())


def guarded(page: str) -> str:
    """Evidently's `page` with its data unable to end the script they stand in, under a policy by which no script but Evidently's own runs
    and nothing is loaded or sent.

    Raises:
        DataError: the page is made otherwise than this knows, so it is not safe to open.
    """
    # In JSON `<` stands in texts alone, and there this is another spelling of it.
    page, data = _DATA.subn(lambda found: found[0].replace("<", "\\u003c"), page.replace("\r\n", "\n"))
    if data != 2 or page.count(_HEAD, 0, page.find("</head>")) != 1:
        raise DataError(
            "This version of Evidently makes pages that cannot be made safe.", "Install the version that churnops was tested with."
        )
    found = _Scripts()
    found.feed(page)
    found.close()
    policy = _POLICY.format(" ".join(map(_digest, found.scripts)))
    return page.replace(_HEAD, f'{_HEAD}<meta http-equiv="Content-Security-Policy" content="{policy}">', 1)


class _Scripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
