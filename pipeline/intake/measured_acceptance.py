"""The share of churners that an offer keeps, by risk tier, as the logged offers and those held out of them tell it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.intake.untouched_rows import with_untouched_rows
from pipeline.intake.windows import logged_window
from pipeline.measures.risk_tiers import Tier
from pipeline.models.typical_value import typical_value
from pipeline.record.champion import Champion
from pipeline.record.opened_workspace import Opened
from pipeline.windows.baseline import Baseline

if TYPE_CHECKING:
    from pipeline.models.artifact import Artifact


def measured_acceptance(opened: Opened, champion: Champion, artifact: "Artifact", baseline: Baseline) -> Mapping[Tier, float]:
    """By tier, as measured and as `value.acceptance` assumes it, each by how sure it is (`kept_shares`). Tiers of which too little is known are
    not among them.

    Raises:
        DataError: the prediction log cannot be read.
    """
    from pipeline.windows.balanced_rows import kept_shares

    offers = with_untouched_rows(opened, artifact, logged_window(opened, champion, baseline)).offers
    if offers is None or not offers.represented:
        return {}
    return kept_shares(offers.effects, typical_value(opened.settings.value, artifact).acceptance)
