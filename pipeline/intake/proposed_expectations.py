"""Expectations that the reference, or rows that a person names as sound, keep to."""

from pathlib import Path

from pipeline.expectations.proposal import proposed_columns
from pipeline.intake.reference import load_reference
from pipeline.intake.scoring_time import with_roles
from pipeline.intake.team_log import current_file
from pipeline.profiles.counting import profile_reference
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import Frame
from pipeline.workspace.expectation_settings import ColumnExpectation


def proposed_expectations(opened: Opened, file: Path | None) -> dict[str, ColumnExpectation]:
    """Per column, by the log's name of it, what the rows of `file` keep to, those of the reference without one.

    Raises:
        DataError: the rows cannot be read.
    """
    log, columns = opened.settings.predictions, opened.settings.data.columns
    if file is None:
        profile = profile_reference(Frame(load_reference(opened)), columns)
    else:
        given = with_roles(current_file(opened, file), columns)
        profile = profile_reference(given.source, given.columns)
    found = proposed_columns(profile, {feature: name for name, feature in log.columns.items()})
    id_ = log.id or columns.id
    return {**({id_: ColumnExpectation(unique=True)} if id_ and not profile.repeats else {}), **found}
