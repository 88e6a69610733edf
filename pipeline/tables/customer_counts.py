"""How often a window's customers were scored: a customer scored on seven days is one customer, not seven."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CustomerCounts:
    """A window's `rows` and different `customers`; `again` of them were scored at more than one time. `squares`: sum over the customers of the
    square of their rows. A row without an id is a customer of its own."""

    rows: int
    customers: int
    again: int
    squares: int

    @property
    def worth(self) -> float:
        """Share of the rows, 0-1, that would tell as much without repeats: of the customers' numbers of rows c, (sum of c) / (sum of c²),
        which makes (sum of c)² / (sum of c²) rows (Kish 1965)."""
        return self.rows / self.squares if self.squares else 1.0
