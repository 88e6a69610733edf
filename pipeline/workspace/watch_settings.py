"""The section [watch]: how often what is known already is said again."""

from datetime import timedelta

from pydantic import Field, field_validator

from pipeline.clock import length_of
from pipeline.workspace.section import Section


class WatchSettings(Section):
    """How scheduled checks remind people."""

    remind: str = Field(
        "30d", description="A window that stays too small for a verdict asks for people again after this long, like 30d or 2w"
    )

    @field_validator("remind")
    @classmethod
    def _a_length(cls, text: str) -> str:
        if length_of(text) is None:
            raise ValueError("it is a length of time like 30d, 24h or 2w")
        return text

    @property
    def reminder(self) -> timedelta:
        """The time between two reminders."""
        found = length_of(self.remind)
        assert found is not None  # checked when it was set
        return found
