"""The time that a question names, and what an answer says where it is about another: the window is what it is, whatever was asked."""

import re
from datetime import date, datetime, timedelta

from agent.operators.chat_rulebook.facts import Facts
from agent.operators.chat_rulebook.recognition import Question

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1), "month": timedelta(days=30)}
_COUNTED = re.compile(r"\b(?:last|past|recent|newest) (?:(\d{1,4}) )?(hour|day|week|month)s?\b")
_SINCE = re.compile(rf"\b(?:since|from) (?:last )?(yesterday|{'|'.join(_DAYS)}|\d{{4}}-\d\d-\d\d)\b")
_ALONE = re.compile(rf"\b(?:today|yesterday|this (?:week|month)|(?:(?:on|last|this) )?(?:{'|'.join(_DAYS)}))\b")
_LATE = timedelta(days=1)


def other_time(facts: Facts, question: Question) -> str | None:
    """Which dates the answer is about, where the question names others; None where it names none, or those of the window."""
    named = _named(question.text, facts.now.date())
    if named is None or facts.drift is None:
        return None
    words, start = named
    drift = facts.drift.drift
    if drift.since is None or drift.until is None:
        return f"You say “{words}”, but the window's rows have no time, so this is about all of them."
    if start is not None and start == drift.since.date():
        return None
    since = start.isoformat() if start is not None else "DATE"
    return (
        f"You say “{words}”; this is about the window from {drift.since:%Y-%m-%d} to {drift.until:%Y-%m-%d}, "
        f"`/window since {since}` looks at others."
    )


def ends_early(facts: Facts) -> str | None:
    """That the newest row is more than a day old, where it is."""
    until = None if facts.drift is None else facts.drift.drift.until
    if until is None or facts.now - until <= _LATE:
        return None
    return f"The log ends {until:%Y-%m-%d}."


def _named(text: str, today: date) -> tuple[str, date | None] | None:
    """The words for a time in a question, and the day from which on they mean everything; None for that where they end before today."""
    if found := _SINCE.search(text):
        return found[0], _start(found[1], today)
    if found := _COUNTED.search(text):
        return found[0], (datetime.combine(today, datetime.min.time()) - _LENGTHS[found[2]] * int(found[1] or 1)).date()
    if found := _ALONE.search(text):
        starts = {"today": today, "this week": today - timedelta(days=today.weekday()), "this month": today.replace(day=1)}
        return found[0], starts.get(found[0])
    return None


def _start(word: str, today: date) -> date | None:
    if word == "yesterday":
        return today - timedelta(days=1)
    if word in _DAYS:
        return today - timedelta(days=(today.weekday() - _DAYS.index(word)) % 7 or 7)
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None
