"""What the columns of a customer table mean; frozen at `init`, never guessed again from a later window."""

from collections.abc import Callable, Collection
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.tables.expression import Expression

Kind = Literal["numerical", "categorical"]


class Schema(BaseModel):
    """Roles of the columns of one customer table.

    `id` and `time` are None where the table has none. `positive` is the target's churn value as text, `negative` those of customers who
    stayed: any other where it is empty. `calendar`: features that tell the calendar, and so move by themselves.

    `derived`: numbers that a model computes from the numerical features, by name. They are inside the model and no columns of a table, so they are
    no features here: whoever asks the model gives it the features.
    """

    model_config = ConfigDict(frozen=True)

    target: str
    positive: str
    negative: tuple[str, ...] = ()
    id: str | None = None
    time: str | None = None
    numerical: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    calendar: tuple[str, ...] = ()
    derived: dict[str, Expression] = Field({}, exclude_if=lambda derived: not derived)

    @property
    def features(self) -> tuple[str, ...]:
        """All feature columns, numerical first."""
        return (*self.numerical, *self.categorical)

    @property
    def judged(self) -> "Schema":
        """Without the features that move by themselves: what drift and faults of the data are looked for in."""
        return self._of(lambda name: name not in self.calendar).model_copy(update={"calendar": self.calendar, "derived": self.derived})

    def without(self, left_out: Collection[str]) -> "Schema":
        """Without these features and derived numbers."""
        return self._of(lambda name: name not in left_out)

    def united(self, other: "Schema") -> "Schema":
        """With the features that only the `other` has after one's own; a feature of both is of the kind it has here."""
        new = other.without(self.features)
        return self.model_copy(
            update={"numerical": (*self.numerical, *new.numerical), "categorical": (*self.categorical, *new.categorical)}
        )

    def _of(self, kept: Callable[[str], bool]) -> "Schema":
        named = {role: tuple(filter(kept, getattr(self, role))) for role in ("numerical", "categorical", "calendar")}
        return self.model_copy(update={**named, "derived": {name: made for name, made in self.derived.items() if kept(name)}})

    def kind(self, feature: str) -> Kind:
        """Kind of one feature column."""
        return "numerical" if feature in self.numerical else "categorical"
