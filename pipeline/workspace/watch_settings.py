"""The section [watch]: when checks take place, what lets them rest, and how often what is known already is said again."""

from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from pipeline.clock import length_of
from pipeline.workspace.section import Section


class WatchSettings(Section):
    """When `churnops watch` looks, and what it does then; docs/watch.md."""

    every: str = Field("1d", description="Time between two checks, like 15min, 6h or 1d; unused where cron is given")
    cron: str = Field("", description='Or when, as five fields of cron, like "30 6 * * mon-fri"; empty: see every')
    time_zone: str = Field("UTC", description="Of cron and quiet, like Europe/Berlin")
    quiet: str = Field(
        "", description='Hours without triages and messages, like "22:00-06:30"; critical messages are sent all the same; empty: none'
    )
    triage: Literal["asked", "always"] = Field(
        "asked", description="asked: a check opens a case where the policy asks for more than watching; always: each check does"
    )
    cooldown: str = Field("1d", description="After a triage, the same cause in the same column opens no new case for so long")
    silence: str = Field("2d", description="People hear of it when no prediction is newer than this; empty: never")
    volume_below: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="People hear of it when a day has fewer predictions than this share of what is usual on its weekday; 0: never",
    )
    outcome_silence: str = Field("", description="People hear of it when no outcome was written down for so long, like 45d; empty: never")
    shadow_rows: int = Field(
        2000,
        ge=0,
        description="Rows of the log that a challenger, and the model a deploy replaced, score in the shadow, at most, at each check; 0: none",
    )
    shadow_for: str = Field("90d", description="The replaced model goes on scoring in the shadow for so long after a deploy")
    heartbeat: str = Field(
        "", description="URL that is fetched after each check that came to its end, so that a dead watch is noticed; ${NAME} as in [alerts]"
    )
    remind: str = Field(
        "30d",
        description="A window that stays too small for a verdict, or what people were asked for and have not done, asks for them again after this long, like 30d or 2w",
    )

    @field_validator("every", "cooldown", "remind", "shadow_for")
    @classmethod
    def _a_length(cls, text: str) -> str:
        if length_of(text) is None:
            raise ValueError("it is a length of time like 30d, 24h or 2w")
        return text

    @field_validator("silence", "outcome_silence")
    @classmethod
    def _a_length_or_empty(cls, text: str) -> str:
        return cls._a_length(text) if text else text

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, text: str) -> str:
        if text and len(text.split()) != 5:
            raise ValueError('it has five fields, minute, hour, day, month and weekday, like "30 6 * * mon-fri"')
        return text

    @field_validator("time_zone")
    @classmethod
    def _a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{name[:40]!r} is no time zone; names look like Europe/Berlin") from error
        return name

    @field_validator("heartbeat")
    @classmethod
    def _fetched(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://", "${")):
            raise ValueError("it is a URL that begins with https:// or http://, or ${NAME}")
        return url

    @model_validator(mode="after")
    def _two_times(self) -> "WatchSettings":
        if self.quiet and self.quiet_hours is None:
            raise ValueError('`quiet` is written like "22:00-06:30"')
        return self

    @property
    def quiet_hours(self) -> tuple[int, int] | None:
        """Beginning and end in minutes since midnight; None where there are none, or it is not written so."""
        return _span(self.quiet)

    @property
    def interval(self) -> timedelta:
        """The time between two checks."""
        return _length(self.every)

    @property
    def rest(self) -> timedelta:
        """The cooldown."""
        return _length(self.cooldown)

    @property
    def shadow_span(self) -> timedelta:
        """How long the replaced model scores on."""
        return _length(self.shadow_for)

    @property
    def reminder(self) -> timedelta:
        """The time between two reminders."""
        return _length(self.remind)


def _length(text: str) -> timedelta:
    found = length_of(text)
    assert found is not None  # checked when it was set
    return found


def _span(text: str) -> tuple[int, int] | None:
    minutes = []
    for part in text.split("-"):
        hour, colon, minute = part.strip().partition(":")
        if not (colon and hour.isdecimal() and minute.isdecimal() and len(minute) == 2 and int(hour) < 24 and int(minute) < 60):
            return None
        minutes.append(60 * int(hour) + int(minute))
    return (minutes[0], minutes[1]) if len(minutes) == 2 and minutes[0] != minutes[1] else None
