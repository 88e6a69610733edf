"""What the columns of a customer table mean; frozen at `init`, never guessed again from a later window."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["numerical", "categorical"]


class Schema(BaseModel):
    """Roles of the columns of one customer table.

    `id` and `time` are None where the table has none. `positive` is the target's churn value as text, `negative` those of customers who
    stayed: any other where it is empty. `calendar`: features that tell the calendar, and so move by themselves.
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

    @property
    def features(self) -> tuple[str, ...]:
        """All feature columns, numerical first."""
        return (*self.numerical, *self.categorical)

    @property
    def judged(self) -> "Schema":
        """Without the features that move by themselves: what drift and faults of the data are looked for in."""
        return self.model_copy(
            update={
                "numerical": tuple(name for name in self.numerical if name not in self.calendar),
                "categorical": tuple(name for name in self.categorical if name not in self.calendar),
            }
        )

    def kind(self, feature: str) -> Kind:
        """Kind of one feature column."""
        return "numerical" if feature in self.numerical else "categorical"
