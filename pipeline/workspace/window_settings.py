"""The section [window]: how long the recent window is, and how many known outcomes the matured one goes back for."""

from datetime import timedelta

from pydantic import Field, field_validator

from pipeline.clock import length_of
from pipeline.workspace.section import Section


class WindowSettings(Section):
    """Which rows of a log a triage looks at: the newest ones for drift and data, and for performance those whose outcome is known."""

    length: str = Field("7d", description="Recent window: this long before the newest prediction, like 7d, 24h or 2w")
    # Enough to train on and to hold out a test set of several hundred; fewer than a full quarter of a small base.
    minimum: int = Field(
        1500,
        ge=1,
        description="Matured window: back in time until this many customers have a known outcome, none that the champion was trained on",
    )

    @field_validator("length")
    @classmethod
    def _a_length(cls, text: str) -> str:
        if length_of(text) is None:
            raise ValueError("it is a length of time like 7d, 24h or 2w")
        return text

    @property
    def recent(self) -> timedelta:
        """The length of the recent window."""
        found = length_of(self.length)
        assert found is not None  # checked when it was set
        return found
