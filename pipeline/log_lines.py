"""Logs as JSON, one line each (`--log-json`): when, how grave, what happened, in which case and for which request.

What is in them is chosen here, not by who logs: the template of a message without what would be filled in, the kind and place of an error
without its words. So no row, no id of a customer and no secret gets into a log, whichever library logs it.
"""

import json
import logging
import os
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from traceback import extract_tb

from pipeline.shown_text import plain

ASKED = "CHURNOPS_LOG_JSON"
case_id: ContextVar[str] = ContextVar("case_id", default="")
request_id: ContextVar[str] = ContextVar("request_id", default="")

_OURS = ("agent", "pipeline", "reports", "tools")
_LONGEST = 120


class JsonLines(logging.Formatter):
    """`at` (UTC), `level`, `logger`, `event`; `case_id` and `request_id` where there is one; `fields` of our own events; `error` and `place`
    of an exception. A library's message is told by where it was logged alone."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON in ASCII."""
        ours = record.name.split(".")[0] in _OURS
        said: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg) if ours else f"{record.module}:{record.lineno}",
        }
        said |= {name: value for name, value in (("case_id", case_id.get()), ("request_id", request_id.get())) if value}
        said |= getattr(record, "fields", {}) if ours else {}
        if record.exc_info and record.exc_info[0]:
            said["error"] = record.exc_info[0].__name__
            said["place"] = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in extract_tb(record.exc_info[2])[-8:]]
        return json.dumps(said)


def log_event(logger: logging.Logger, event: str, **fields: str | float | bool | None) -> None:
    """Log an event of ours at INFO. Fields are names, numbers and digests; texts are cut, as some are chosen by a model."""
    shown = {name: plain(value, _LONGEST) if isinstance(value, str) else value for name, value in fields.items()}
    logger.info(event, extra={"fields": shown})


def log_as_json_where_asked() -> None:
    """Where `--log-json` was given to this process or one above it, everything that is logged goes to stderr as JSON."""
    if ASKED not in os.environ:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
