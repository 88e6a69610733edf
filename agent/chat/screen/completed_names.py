"""The names a person may want completed: features, cases, sessions, and the few words that commands take."""

from collections.abc import Sequence

from agent.chat.session.log import stored_sessions
from pipeline.families import families
from pipeline.record.opened_workspace import Opened


def names(opened: Opened, kind: str) -> Sequence[str]:
    """Names of one kind, the newest or most usual first."""
    if kind == "features":
        return opened.settings.data.columns.features
    if kind == "cases":
        return [case.case_id for case in opened.cases.all()]
    if kind == "sessions":
        return [stored.session_id for stored in stored_sessions(opened.workspace)]
    if kind == "questions":
        from agent.operators.chat_rulebook.published_questions import TOPICS

        return [phrasing for topic in TOPICS for phrasing in topic.phrasings]
    if kind == "estimators":
        return tuple(families())
    return {"operators": ("rulebook", "claude"), "windows": ("7d", "14d", "30d", "since ", "since-deploy", "rows ", "file ")}.get(kind, ())
