"""Who of the customers with a known outcome was contacted, who was held out, and what the offers brought, as figures and as sentences."""

from pydantic import Field

from pipeline.measures.risk_tiers import Tier
from pipeline.stored_record import StoredRecord
from pipeline.words import counted

LITTLE = 0.05  # of some customers contacted: what the rest lack by it is small beside chance


class OfferEffect(StoredRecord):
    """What an offer brought among the customers of one risk `tier`, or of all (None): churn rates (0-1) of those contacted and of those held
    out, and `prevented`, the second less the first, with its 95% interval. Of all, tiers count by how many were contacted."""

    tier: Tier | None
    contacted: int
    held_out: int
    churn_contacted: float
    churn_held_out: float
    prevented: float
    low: float
    high: float

    @property
    def said(self) -> str:
        """For people."""
        who = "customers" if self.tier is None else f"customers at {self.tier} risk"
        less = f"{abs(100 * self.prevented):.1f} points {'less' if self.prevented >= 0 else 'more'}"
        sure = "" if self.low > 0 or self.high < 0 else "; chance could explain it"
        return (
            f"Contacted {who} churned {less} than those held out ({100 * self.low:.1f} to {100 * self.high:.1f}; {self.contacted:,} contacted, "
            f"{self.held_out:,} held out){sure}."
        )


class OffersMade(StoredRecord):
    """Rows with a known outcome by what was done about the customer before it was known. `contacted` ones do not judge as they are;
    `balanced`: untouched rows left out beside them, so that those held out stand for their kind; `represented`: whether enough were held out
    for the others to stand for everybody. `share_kept`: of the contacted who would have churned, the share (0-1) that the offers are taken to have
    kept, None where contacted ones do not teach either. `effects`: of all first, then by tier; none where nothing can be estimated."""

    contacted: int
    held_out: int
    untouched: int
    balanced: int = 0
    represented: bool
    effects: tuple[OfferEffect, ...] = Field((), exclude_if=lambda told: not told)
    share_kept: float | None = Field(None, exclude_if=lambda told: told is None)

    @property
    def partial(self) -> bool:
        """Whether what outcomes say is not said of a part of the customers that counts."""
        return not self.represented and self.contacted > LITTLE * (self.contacted + self.held_out + self.untouched)

    @property
    def limit(self) -> str | None:
        """What the outcomes do not speak of, for people; None where they speak of all."""
        if not self.partial:
            return None
        few = (
            "nobody was" if not self.held_out else "only 1 customer was" if self.held_out == 1 else f"only {self.held_out:,} customers were"
        )
        return (
            f"Outcomes speak of the customers nobody contacted: {few} held out of the campaign, so how the model does for those contacted "
            "is not known. Hold out a few of every hundred: `holdout` under [offers]."
        )

    @property
    def said(self) -> tuple[str, ...]:
        """What was left out and why, and what the offers brought, a sentence each."""
        if not self.contacted:
            return ()
        for_whom = f"; {self.held_out:,} held out stand for them" if self.represented else ""
        neither = "neither judge nor teach the model" if self.share_kept is None else "do not judge the model"
        left = f"Offers: the outcomes of {counted(self.contacted, 'contacted row')} {neither}{for_whom}."
        taught = () if self.share_kept is None else (_taught(self.share_kept),)
        return (left, *((self.limit,) if self.limit else ()), *(effect.said for effect in self.effects[:1]), *taught)


def _taught(share: float) -> str:
    return (
        f"New models are chosen and taught as if nobody had been contacted: an offer is taken to keep {share:.0%} of those who would churn."
    )
