"""What a person looks at before they read: the column that a diagnosis names, before and now."""

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.observed import Observed
from pipeline.profiles.distribution import Distribution, distribution


def picture(found: Diagnosis, observed: Observed) -> Distribution | None:
    """The named column in the reference and in the window; None where none is named, or either has no value of it."""
    return distribution(found.column, observed.profile_before, observed.profile) if found.column else None
