"""How requests for predictions fared, by model version and hour: counts, so that a year of them is a few thousand rows, however many requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from pipeline.clock import stamp
from pipeline.state.database import State
from pipeline.state.watch_tables import serving_hours

# Upper ends in seconds; slower ones are in one more place at the end.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Requests:
    """Requests that were `answered`, `refused` (what was sent is no customer that can be scored) and `failed` (nobody could answer). `seconds`
    counts all of them by how long they took, at most each of `BOUNDS`, or longer."""

    answered: int
    refused: int
    failed: int
    seconds: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)

    @property
    def all(self) -> int:
        """How many there were."""
        return self.answered + self.refused + self.failed

    def __add__(self, more: "Requests") -> "Requests":
        seconds = tuple(one + other for one, other in zip(self.seconds, more.seconds, strict=True))
        return Requests(self.answered + more.answered, self.refused + more.refused, self.failed + more.failed, seconds)

    def within(self, share: float) -> float | None:
        """The bound in seconds within which this share (0-1) of the requests was done; None with no request, or where some take longer.

        >>> Requests(3, 0, 0, (2, 1, *[0] * 12)).within(0.95)
        0.0025
        """
        done = 0
        for bound, many in zip(BOUNDS, self.seconds, strict=False):
            done += many
            if done and done >= share * self.all:
                return bound
        return None


NO_REQUESTS = Requests(0, 0, 0)


def hour_of(at: datetime) -> datetime:
    """The full hour that `at` is in."""
    return at.replace(minute=0, second=0, microsecond=0)


def add_requests(state: State, counted: Mapping[tuple[str, datetime], Requests]) -> None:
    """Add to what is on record, by version and hour.

    Raises:
        WorkspaceError: the database does not answer; nothing was added.
    """
    with state.write() as connection:
        for (version, hour), more in counted.items():
            this = (serving_hours.c.version == version) & (serving_hours.c.hour == stamp(hour))
            row = connection.execute(select(serving_hours).where(this)).first()
            sum_ = more if row is None else more + _requests(row)
            values = {"answered": sum_.answered, "refused": sum_.refused, "failed": sum_.failed, "seconds": list(sum_.seconds)}
            if row is None:
                connection.execute(serving_hours.insert().values(version=version, hour=stamp(hour), **values))
            else:
                connection.execute(serving_hours.update().where(this).values(**values))


def requests_of(state: State, version: str, since: datetime, until: datetime) -> Requests:
    """The requests that a version had in the hours from `since` to `until`, both included."""
    table = serving_hours.c
    query = select(serving_hours).where(table.version == version, table.hour >= stamp(hour_of(since)), table.hour <= stamp(until))
    with state.read() as connection:
        return sum(map(_requests, connection.execute(query)), NO_REQUESTS)


def _requests(row: object) -> Requests:
    values = row._mapping  # type: ignore[attr-defined]
    return Requests(values["answered"], values["refused"], values["failed"], tuple(values["seconds"]))
