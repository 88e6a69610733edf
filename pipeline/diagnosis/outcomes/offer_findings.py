"""What offers brought, as findings: by how much fewer contacted customers churned than those held out."""

from pipeline.diagnosis.finding import Finding
from pipeline.windows.offers_made import OffersMade


def effect_findings(offers: OffersMade | None) -> tuple[Finding, ...]:
    """`offer_effect` of all, then by risk tier; none where no offer is known, or too few customers were held out. It argues for no cause: the
    outcomes it rests on are not those that judge the model."""
    if offers is None:
        return ()
    return tuple(
        Finding(
            family="offers",
            name="offer_effect",
            segment=None if effect.tier is None else ("risk tier", effect.tier),
            strength=100 * effect.prevented,
            unit="points of churn rate less among the contacted",
            n=effect.contacted + effect.held_out,
            low=100 * effect.low,
            high=100 * effect.high,
            share=effect.contacted / max(1, offers.contacted + offers.held_out + offers.untouched),
            notable=effect.low > 0 or effect.high < 0,
            said=effect.said,
        )
        for effect in offers.effects
    )
