"""Whether the champion does worse than when it was accepted, as far as known outcomes tell."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.measures.measure import Measure
from pipeline.record.cases import Call


@dataclass(frozen=True)
class Harm:
    """The champion's ROC-AUC when it was accepted, and on the window's rows whose outcome is known."""

    accepted: Measure
    now: Measure

    @property
    def beyond_chance(self) -> bool:
        """Whether the fall is more than both intervals allow."""
        return self.now.high is not None and self.accepted.low is not None and self.now.high < self.accepted.low


def measured_harm(calls: Sequence[Call]) -> Harm | None:
    """What the case's last look at the champion's metrics found; None where nobody looked or too few outcomes are known."""
    for call in reversed(calls):
        if call.tool == "get_current_model_metrics" and call.outcome == "ok":
            window = call.result["window"]
            return window and Harm(Measure.model_validate(call.result["gate"]["roc_auc"]), Measure.model_validate(window["roc_auc"]))
    return None
