"""Whom to call about a fault: the owners that the settings name for columns, sources and feeds."""

from collections.abc import Iterator, Mapping

from pipeline.diagnosis.diagnosis import Diagnosis


def owned(found: Diagnosis, owners: Mapping[str, str]) -> Diagnosis:
    """The diagnosis with the owners of what is broken. `owners`: as `[owners]` has them, by column, by `COLUMN=VALUE` for a source, and by feed."""
    return found.model_copy(update={"owners": tuple(dict.fromkeys(_owners(found, owners)))})


def _owners(found: Diagnosis, owners: Mapping[str, str]) -> Iterator[str]:
    named = []
    if "data_fault" in (found.cause, found.also):
        named = list(_places(found))
    elif found.cause == "label_fault":
        named = ["outcomes"]
    told = [owners[place] for place in named if place in owners]
    # Nobody owns the column: whoever sends the rows knows who does.
    yield from told or ([owners["predictions"]] if named and named != ["outcomes"] and "predictions" in owners else [])


def _places(found: Diagnosis) -> Iterator[str]:
    """What is broken, the likeliest first."""
    broken = [finding for finding in found.findings if finding.notable and "data_fault" in finding.argues_for]
    for finding in broken:
        if finding.segment is not None:
            yield "=".join(finding.segment)
    for column in (found.column, *(finding.column for finding in broken)):
        yield column or "predictions"
