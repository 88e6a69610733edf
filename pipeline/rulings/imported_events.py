"""Events that other tools wrote down: deploys, runs of dbt and Airflow, and whatever else has a time and a name. Their words are untrusted."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError, field_validator

from pipeline.canonical_json import RepeatedKey, json_once
from pipeline.clock import in_utc
from pipeline.errors import DataError
from pipeline.rulings.noted_events import LONGEST_NAME
from pipeline.shown_text import plain

EventKind = Literal["deploy", "dbt", "airflow", "other"]

_INSTANT = timedelta(microseconds=1)  # what happened at a moment lasts so long
_UNFINISHED = ("queued", "scheduled", "running", "up_for_retry")
_LONGEST_SHA = 12
_FORMS = "commit and time; dag_id, state, start_date and end_date; a dbt run_results.json; or time and name"


class ImportedEvent(BaseModel, frozen=True):
    """What happened in `since` <= time < `until` (UTC), as a line of `kind` tells it. `name` is untrusted text, one line of at most 120
    characters."""

    kind: EventKind
    name: str
    since: AwareDatetime
    until: AwareDatetime


class _Line(BaseModel, frozen=True):
    """Times without a zone are UTC; other fields of the tool are left alone."""

    @field_validator("time", "until", "start_date", "end_date", "started_at", "completed_at", mode="after", check_fields=False)
    @classmethod
    def _utc(cls, moment: datetime | None) -> datetime | None:
        return None if moment is None else in_utc(moment.replace(tzinfo=moment.tzinfo or UTC))


class _Deploy(_Line):
    commit: str = Field(min_length=1)
    time: datetime
    message: str = ""


class _Run(_Line):
    dag_id: str = Field(min_length=1)
    state: str
    start_date: datetime | None = None
    end_date: datetime | None = None


class _RunStep(_Line):
    started_at: datetime | None = None
    completed_at: datetime | None = None


class _Result(_Line):
    unique_id: str = Field(min_length=1)
    status: str
    timing: tuple[_RunStep, ...] = ()


class _Other(_Line):
    time: datetime
    name: str = Field(min_length=1)
    until: datetime | None = None


def read_events(file: Path) -> tuple[ImportedEvent, ...]:
    """The events of a file of JSON lines, or of one JSON object or list: whatever of it has ended.

    Raises:
        DataError: the file cannot be read, or a line of it tells no event; it is named.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{file.name} is not text in UTF-8.", "Write one JSON object a line.") from error
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.", "Check the path.") from error
    return tuple(event for where, found in _objects(text, file.name) for event in _events(found, where))


def _objects(text: str, name: str) -> Iterator[tuple[str, Any]]:
    """Each object, and where it stands."""
    try:
        whole = json_once(text)
    except RepeatedKey as error:
        raise DataError(f"{name} is ambiguous: {error}.", "Write each key of an object once.") from error
    except ValueError:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    yield f"{name}, line {number}", json_once(line)
                except ValueError as error:
                    raise DataError(f"{name}, line {number} is no JSON.", "Write one JSON object a line.") from error
        return
    listed = whole.get("dag_runs", [whole]) if isinstance(whole, dict) else whole
    for number, found in enumerate(listed if isinstance(listed, list) else [listed], 1):
        yield f"{name}, entry {number}", found


def _events(found: Any, where: str) -> Iterator[ImportedEvent]:
    if not isinstance(found, dict):
        raise _no_event(where, "it is no JSON object")
    if isinstance(results := found.get("results"), list):
        for number, result in enumerate(results, 1):
            yield from _told(_dbt, result, f"{where}, result {number}")
    elif "dag_id" in found:
        yield from _told(_airflow, found, where)
    elif "commit" in found:
        # Deploys are written by hand as well, and have either name.
        yield from _told(_deploy, {**found, "time": found.get("deployed_at", found.get("time"))}, where)
    else:
        yield from _told(_other, found, where)


def _told(read: Callable[[Any], ImportedEvent | None], found: Any, where: str) -> Iterator[ImportedEvent]:
    try:
        event = read(found)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise _no_event(where, f"`{plain(key)}`: {first['msg'][0].lower()}{first['msg'][1:]}" if key else "it is no JSON object") from error
    if event is not None:
        yield event


def _deploy(found: Mapping[str, Any]) -> ImportedEvent:
    line = _Deploy.model_validate(found)
    message = f": {line.message}" if line.message.strip() else ""
    return _event("deploy", f"deploy {line.commit[:_LONGEST_SHA]}{message}", line.time)


def _airflow(found: Mapping[str, Any]) -> ImportedEvent | None:
    line = _Run.model_validate(found)
    if line.state in _UNFINISHED or line.start_date is None:
        return None  # it is told once it has ended
    return _event("airflow", f"airflow {line.dag_id} {line.state}", line.start_date, line.end_date)


def _dbt(found: Mapping[str, Any]) -> ImportedEvent | None:
    line = _Result.model_validate(found)
    started = [step.started_at for step in line.timing if step.started_at is not None]
    completed = [step.completed_at for step in line.timing if step.completed_at is not None]
    if not started:
        return None  # it was skipped, and nothing happened
    return _event("dbt", f"dbt {line.unique_id} {line.status}", min(started), max(completed, default=None))


def _other(found: Mapping[str, Any]) -> ImportedEvent:
    line = _Other.model_validate(found)
    return _event("other", line.name, line.time, line.until)


def _event(kind: EventKind, name: str, since: datetime, until: datetime | None = None) -> ImportedEvent:
    return ImportedEvent(
        kind=kind, name=plain(name, LONGEST_NAME), since=since, until=max(since + _INSTANT, until) if until else since + _INSTANT
    )


def _no_event(where: str, why: str) -> DataError:
    return DataError(f"{where} tells no event: {why}.", f"An event has {_FORMS}; times are ISO 8601.")
