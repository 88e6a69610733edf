"""Which window a command looks at: a file, or a span of the prediction log."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.intake.windows import Window
    from pipeline.record.champion import Champion
    from pipeline.record.opened_workspace import Opened
    from pipeline.windows.baseline import Baseline

CurrentOption = Annotated[
    Path | None,
    typer.Option(
        "--current",
        help="A window in a file (CSV, JSONL, Parquet), a folder or a pattern instead of the prediction log.",
        show_default=False,
    ),
]
OutcomesOption = Annotated[
    Path | None,
    typer.Option(
        "--outcomes",
        help="Outcomes in a file instead of the logged ones: id and target columns, optionally predicted_at and observed_at.",
        show_default=False,
    ),
]
LengthOption = Annotated[str, typer.Option("--window", help="Length before the newest prediction, like 7d, 24h or 2w.", show_default="7d")]
SinceOption = Annotated[str, typer.Option("--since", help="From this date or time on (ISO 8601, UTC).", show_default=False)]
SinceDeployOption = Annotated[bool, typer.Option("--since-deploy", help="Since the champion was deployed.")]
RowsOption = Annotated[int | None, typer.Option("--rows", min=1, help="The newest predictions, this many.", show_default=False)]


@dataclass(frozen=True)
class WindowChoice:
    """What the person asked for; nothing is the last seven days of the log."""

    current: Path | None = None
    outcomes: Path | None = None
    length: str = ""
    since: str = ""
    since_deploy: bool = False
    rows: int | None = None

    def check(self) -> None:
        """Options that do not go together are wrong usage."""
        spans = [name for name, given in self._spans() if given]
        if len(spans) > 1:
            raise typer.BadParameter(f"choose one of {', '.join(spans)}", param_hint=spans[0])
        if spans and self.current is not None:
            raise typer.BadParameter("a file is a window by itself: leave it out with --current", param_hint=spans[0])

    def reader(self, here: "Opened") -> "Callable[[Champion, Baseline], Window]":
        """How to read that window once it is known what it is compared with."""
        self.check()

        def read(champion: "Champion", baseline: "Baseline") -> "Window":
            from pipeline.intake.windows import file_window, logged_window
            from pipeline.windows.spans import NewestRows, SinceDeploy, parse_length, parse_start

            if self.current is not None:
                return file_window(here, baseline, self.current, self.outcomes)
            span = (
                parse_length(self.length)
                if self.length
                else parse_start(self.since)
                if self.since
                else SinceDeploy()
                if self.since_deploy
                else NewestRows(self.rows)
                if self.rows
                else None
            )
            return logged_window(here, champion, baseline, span, self.outcomes)

        return read

    def _spans(self) -> tuple[tuple[str, object], ...]:
        return ("--window", self.length), ("--since", self.since), ("--since-deploy", self.since_deploy), ("--rows", self.rows)
