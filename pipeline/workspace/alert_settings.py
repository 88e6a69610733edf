"""The section [alerts]: who hears of what. It holds no secret: those are named here, and come from the environment or from files."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, field_validator

from pipeline.clock import length_of
from pipeline.workspace.section import Section

Kind = Literal["people_must_act", "challenger_waits", "approval_expires", "deployed", "rolled_back", "promise_missed", "monitoring_failed"]


class Route(Section):
    """A destination that does not hear everything."""

    to: str = Field(description="URL of Apprise, hook:// or hooks://, or the ARN of an SNS topic", min_length=1, repr=False)
    kinds: tuple[Kind, ...] = Field((), description="Hears of these alone; empty: of all")
    severity: Literal["info", "warning", "critical"] = Field("info", description="Hears of this and what is graver")
    owner: str = Field("", description="Hears first of what is theirs: a name or an address as in [owners]")
    escalation: bool = Field(False, description="Hears only of what nobody took on within `remind`")


class AlertSettings(Section):
    """Who hears of alerts, and how often; docs/watch.md. A secret is written as ${NAME} and read from the variable NAME, or from the file or
    the parameter of AWS that the variable NAME_FILE names."""

    destinations: tuple[str, ...] = Field(
        (),
        description="Hear of everything: URLs of Apprise, hook:// and hooks:// for a signed webhook, the ARN of an SNS topic",
        repr=False,
    )
    routes: tuple[Route, ...] = Field(
        (), description='Hear of some: { to = "URL", kinds = ["deployed"], severity = "warning", owner = "Ada", escalation = true }'
    )
    remind: str = Field("1d", description="Where nobody takes an alert on, people are reminded after this long, and again")
    reminders: int = Field(3, ge=0, le=100, description="At most so often")
    per_hour: int = Field(20, ge=1, description="At most so many messages an hour to one destination; the others wait")
    expires_within: str = Field("1d", description="A challenger's approval is about to expire when so much time is left")
    page: str = Field("", description="Where people reach the review page, like https://churnops.example.com; empty: no link in messages")

    @field_validator("remind", "expires_within")
    @classmethod
    def _a_length(cls, text: str) -> str:
        if length_of(text) is None:
            raise ValueError("it is a length of time like 4h, 1d or 1w")
        return text

    @property
    def reminder(self) -> timedelta:
        """The time between two reminders."""
        found = length_of(self.remind)
        assert found is not None  # checked when it was set
        return found

    @property
    def expiry_lead(self) -> timedelta:
        """How long ahead of its expiry people hear of an approval."""
        found = length_of(self.expires_within)
        assert found is not None  # checked when it was set
        return found
