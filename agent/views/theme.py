"""The few styles of the screens, all of them readable on light and dark and without colour."""

from pipeline.diagnosis.finding import Cause

DETAIL = "dim"
GOOD, LOOK, BAD = "green", "yellow", "red"


def colour_of(cause: Cause) -> str:
    """The colour of a cause: whether to look, and how soon."""
    return {"none": GOOD, "covariate_benign": GOOD, "data_fault": BAD, "label_fault": BAD}.get(cause, LOOK)
