"""A diagnosis with the dates it speaks of, and what lies between them, which it cannot see."""

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.windows.stretch import TwoWindows


def dated(found: Diagnosis, windows: TwoWindows) -> Diagnosis:
    """The same with both windows, and the days that no outcome speaks of yet or that were left out among its blind spots."""
    unseen = windows.unseen if windows.matured.labelled else None  # without any outcome the diagnosis says so itself
    spots = (*((unseen,) if unseen else ()), *(days.left_out for days in windows.left_out))
    told = {"recent": windows.recent, "matured": windows.matured, "left_out": windows.left_out, "offers": windows.offers}
    return found.model_copy(update={**told, "blind_spots": (*spots, *found.blind_spots)})
