"""What a window is compared with: the champion's drift reference, or one segment of it."""

from dataclasses import dataclass

from pipeline.errors import DataError
from pipeline.models.artifact import Artifact
from pipeline.models.importance import Importance
from pipeline.profiles.counting import profile_reference
from pipeline.profiles.profile import Profile, spelling_of
from pipeline.sources.source import ALL_ROWS, Files, Frame, Restriction
from pipeline.tables.schema import Schema


@dataclass(frozen=True)
class Baseline:
    """The champion's drift reference, whose rows lie in `source`. `restriction` names the segment that `profile` is cut down to, if it is; windows
    are cut down to it too. `digest` is the champion's."""

    digest: str
    profile: Profile
    source: Files | Frame
    restriction: Restriction
    importances: tuple[Importance, ...]

    def columns_in(self, workspace: Schema) -> Schema:
        """The workspace's columns, of the features those that the champion takes."""
        numerical, categorical = ([column.name for column in part] for part in (self.profile.numerical, self.profile.categorical))
        calendar = [name for name in workspace.calendar if name in (*numerical, *categorical)]
        named = {"numerical": tuple(numerical), "categorical": tuple(categorical), "calendar": tuple(calendar), "derived": {}}
        return workspace.model_copy(update=named)


def baseline_of(champion: Artifact) -> Baseline:
    """All rows of the champion's drift reference; their profile was made with the champion."""
    return Baseline(champion.digest, champion.profile(), Files(str(champion.drift_reference_file)), ALL_ROWS, champion.importances())


def segments_of(champion: Artifact, column: str) -> dict[str, Baseline]:
    """The reference cut up by the values of a categorical feature, most frequent first.

    Raises:
        DataError: `column` is no categorical feature.
    """
    columns = champion.manifest.columns
    if column not in columns.categorical:
        raise DataError(f"`{column}` is no categorical feature.", f"Segments can be made by: {', '.join(columns.categorical) or 'none'}.")
    source, importances = Files(str(champion.drift_reference_file)), champion.importances()
    found, spelling = {}, spelling_of(champion.profile())
    for value in champion.drift_reference()[column].value_counts().index:
        restriction = Restriction(segment=(column, str(value)))
        profile = profile_reference(source, columns, restriction, spelling)
        found[str(value)] = Baseline(champion.digest, profile, source, restriction, importances)
    return found
