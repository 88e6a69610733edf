"""Who is scored: the same active base again and again, new customers, or both. It says which repeats are no fault."""

from typing import Literal

from pipeline.stored_record import StoredRecord

PopulationKind = Literal["active_base", "new_customers", "mixed"]

MOSTLY, _HARDLY = 0.5, 0.05  # of the customers, seen before; a base that loses and gains some every month lies far above the first

_NAMES: dict[PopulationKind, str] = {
    "active_base": "an active base, scored again and again",
    "new_customers": "new customers",
    "mixed": "new customers and some scored before",
}


class Population(StoredRecord):
    """Who the window's customers are, `declared` in the settings or guessed. `known_before`: the share of them (0-1) that was scored at
    another time too or is in the reference; None where that was not looked up."""

    kind: PopulationKind
    declared: bool
    known_before: float | None

    @property
    def said(self) -> str:
        """For people, as the rest of a sentence."""
        if self.declared:
            return f"{_NAMES[self.kind]} (as declared)"
        return f"{_NAMES[self.kind]} (guessed: {self.known_before or 0:.0%} of the customers were seen before; if not, set `population` under [predictions])"


def population_of(declared: PopulationKind | None, known_before: float | None) -> Population | None:
    """Who is scored: as declared, else by how many customers were known before; None where neither says."""
    if declared is not None:
        return Population(kind=declared, declared=True, known_before=known_before)
    if known_before is None:
        return None
    kind: PopulationKind = "active_base" if known_before >= MOSTLY else "new_customers" if known_before < _HARDLY else "mixed"
    return Population(kind=kind, declared=False, known_before=known_before)
