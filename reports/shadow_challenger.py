"""A challenger that waits, on live customers: what it would have said of them, beside what the champion said."""

from datetime import datetime

from pydantic import BaseModel

from pipeline.measures.measure import Comparison
from pipeline.record.champion import find_champion
from pipeline.record.opened_workspace import Opened
from pipeline.shadow.paired import Paired, paired, turned
from pipeline.words import counted


class ShadowChallenger(BaseModel, frozen=True):
    """`found` has the champion as the one that served. `gain` is the challenger's ROC-AUC minus the champion's, None with too few outcomes."""

    case_id: str
    version: str
    since: datetime
    found: Paired
    gain: Comparison | None
    said: str


def shadow_challenger(opened: Opened) -> ShadowChallenger | None:
    """The challenger that waits; None where there is none, or it scored nobody yet.

    Raises:
        IntegrityError: as `find_champion`.
    """
    champion = find_champion(opened.workspace, opened.ledger)
    case = None if champion is None else opened.cases.waiting(champion.digest)
    if case is None or case.challenger is None:
        return None
    found = paired(opened, case.challenger.digest, case.opened_at, opened.clock(), opened.policy.evidence.performance.deploy_z)
    if found is None:
        return None
    gain = turned(found.roc_auc) if found.roc_auc else None
    said = (
        f"In the shadow, version {case.challenger.version} scored {counted(found.customers, 'live customer')}: mean probability of churn "
        f"{found.mean_shadow:.1%}, the champion's {found.mean_served:.1%}; {found.moved:.0%} would be in another risk tier."
    )
    if gain is not None:
        said += f" On {counted(found.labelled, 'known outcome')} its ROC-AUC is {gain.difference:+.3f} beside the champion's."
    return ShadowChallenger(case_id=case.case_id, version=case.challenger.version, since=case.opened_at, found=found, gain=gain, said=said)
