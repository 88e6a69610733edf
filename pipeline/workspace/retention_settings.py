"""The section [retention]: how long is kept what only fills the disk. Ledger, cases, reports, rulings and outcomes are always kept."""

from datetime import timedelta

from pydantic import Field, field_validator

from pipeline.clock import length_of
from pipeline.workspace.section import Section

_SHORTEST = timedelta(days=30)  # windows, and models that score in the shadow, look back about so far


class RetentionSettings(Section):
    """What is older than this is deleted after each check of `churnops watch`, and by `churnops prune`; docs/retention.md. Empty: kept."""

    predictions: str = Field("", description="The log of predictions that churnops keeps, like 400d, at least 30d; empty: kept")
    transcripts: str = Field("", description="Transcripts of cases that are closed, like 400d; empty: kept")
    checks: str = Field("", description="Checks of the watch and figures of serving, from which charts are drawn, like 800d; empty: kept")
    alerts: str = Field("", description="Alerts that are over, and their messages, like 400d; empty: kept")

    @field_validator("predictions", "transcripts", "checks", "alerts")
    @classmethod
    def _a_length(cls, text: str) -> str:
        if text and length_of(text) is None:
            raise ValueError("it is a length of time like 400d or 52w, or empty")
        return text

    @field_validator("predictions")
    @classmethod
    def _as_long_as_windows(cls, text: str) -> str:
        length = length_of(text) if text else None
        if length is not None and length < _SHORTEST:
            raise ValueError("windows look back further; it is at least 30d")
        return text
