"""What the window of a case looked like, counted again from the log where the log still has just those rows."""

from pipeline.errors import ChurnopsError
from pipeline.models.artifact import Artifact, open_artifact
from pipeline.profiles.daily import profile_log
from pipeline.profiles.distribution import Distribution, distribution
from pipeline.profiles.profile import Profile
from pipeline.record.cases import Case
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.exclusions import excluded
from pipeline.shown_text import plain
from pipeline.windows.spans import MICROSECOND
from reports.markdown_cells import strength

_SHOWN = 3  # features looked at from near; each has its bar already


def moved_features(opened: Opened, case: Case) -> tuple[tuple[Distribution, ...], str]:
    """The features that a person looks at first, the column at fault before those that drifted most; or a sentence why none is shown."""
    if case.drift is None or case.window is None:
        return (), ""
    strongest = sorted((feature for feature in case.drift.features if feature.drifted), key=strength, reverse=True)
    named = [case.diagnosis.column] if case.diagnosis and case.diagnosis.column in opened.settings.data.columns.features else []
    pictured = {case.picture.feature} if case.picture else set()  # by the case's own record
    names = [name for name in dict.fromkeys([*named, *(feature.name for feature in strongest)]) if plain(name) not in pictured][:_SHOWN]
    if not names and pictured:
        return (), ""
    if not names:
        return (), "No feature moved beyond its threshold."
    try:
        artifact = open_artifact(opened.workspace, case.champion.digest)
        window = _window(opened, case, artifact)
    except ChurnopsError as error:
        return (), f"The distributions cannot be shown: {error.problem}"
    if window is None:
        return (), "The rows of this window are not in the log any more, or never were, so its distributions are not shown."
    reference = artifact.profile()
    return tuple(found for name in names if (found := distribution(name, reference, window)) is not None), ""


def _window(opened: Opened, case: Case, artifact: Artifact) -> Profile | None:
    facts = case.window
    if facts is None or facts.source != "prediction log" or facts.since is None or facts.until is None:
        return None
    reference = artifact.profile()
    kept = opened.workspace.profiles / artifact.digest[:12]
    # The window's first row counts, and a span begins after its start.
    found = profile_log(
        opened.state, artifact.manifest.columns, reference, facts.since - MICROSECOND, facts.until, kept, excluded(opened.state)
    )
    return found if found.rows == facts.rows else None
