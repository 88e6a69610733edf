"""A window beside what the team declared its rows to be like."""

from dataclasses import replace

from pipeline.expectations.counting import broken_columns
from pipeline.expectations.declared import declared_columns
from pipeline.expectations.feed import broken_feed
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import ColumnMapping, MappedSource
from pipeline.windows.window import Window

_AS_TRAINED = ColumnMapping({}, {})


def with_violations(opened: Opened, window: Window) -> Window:
    """The window with what breaks the expectations in its rows and, where it is the end of a log, in how they arrive.

    Raises:
        DataError: the source cannot be read any more, or lacks a column that is declared and no feature, or the scoring time that is needed.
    """
    settings = opened.settings
    expected = settings.expectations
    if not expected.declared:
        return window
    mapping = window.source.mapping if isinstance(window.source, MappedSource) else _AS_TRAINED
    declared = declared_columns(expected.columns, window.columns, settings.data.columns.id, mapping)
    feed = broken_feed(window.source, window.columns, window.restriction, expected, opened.clock()) if window.logged else ()
    columns = broken_columns(window.source, window.columns, window.restriction, window.profile, declared) if window.rows else ()
    return replace(window, violations=(*feed, *columns))
