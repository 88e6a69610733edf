"""What the columns of a customer table mean; frozen at `init`, never guessed again from a later window."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["numerical", "categorical"]


class Schema(BaseModel):
    """Roles of the columns of one customer table.

    `id` and `time` are None where the table has none. `positive` is the target's churn value as text.
    """

    model_config = ConfigDict(frozen=True)

    target: str
    positive: str
    id: str | None = None
    time: str | None = None
    numerical: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """All feature columns, numerical first."""
        return (*self.numerical, *self.categorical)

    def kind(self, feature: str) -> Kind:
        """Kind of one feature column."""
        return "numerical" if feature in self.numerical else "categorical"
