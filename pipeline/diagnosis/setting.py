"""How much a diagnosis has to go by: rows, customers, known outcomes."""

from dataclasses import dataclass

from pipeline.windows.offers_made import OffersMade
from pipeline.workspace.policy import Policy


@dataclass(frozen=True)
class Setting:
    """How much there is to go by: rows of the window, `labelled` customers with a known outcome, how many of these churned, how many of them
    equal a row of the champion's training data, and the window's customers where they are known (each row is one otherwise); rows `set_aside`
    because they are dated in the future; whether the same customers are `scored_again` and again; columns that are in question, so that outcomes were
    `judged_without` them; `asked`, the customers of the stretch that outcomes come from, where it is not the window; how many customers with a known outcome are left out because of offers
    (`contacted`), and what is known of these (`offers`); whether outcomes were asked for `by_list`, so that none of those known is too young."""

    rows: int
    labelled: int
    churners: int
    training_rows: int = 0
    customers: int | None = None
    set_aside: int = 0
    scored_again: bool = False
    judged_without: tuple[str, ...] = ()
    asked: int | None = None
    contacted: int = 0
    offers: OffersMade | None = None
    by_list: bool = False

    @property
    def everyone(self) -> int:
        """The window's customers."""
        return self.rows if self.customers is None else self.customers

    @property
    def outcomes_to_come(self) -> bool:
        """Whether customers of the labelled stretch have no known outcome yet."""
        return self.labelled + self.contacted < (self.everyone if self.asked is None else self.asked)

    def labels_usable(self, policy: Policy) -> bool:
        """Whether known outcomes are enough to say anything about the champion."""
        rules = policy.evidence.performance
        return self.labelled >= rules.min_rows and min(self.churners, self.labelled - self.churners) >= rules.min_per_class

    def trainable(self, policy: Policy) -> bool:
        """Whether known outcomes are enough to train and test another model."""
        rules = policy.training
        smaller = min(self.churners, self.labelled - self.churners)
        return self.labelled >= rules.min_labelled_rows and smaller >= rules.min_labelled_churners
