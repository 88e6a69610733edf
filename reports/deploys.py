"""What each deploy promised and what it brought: the approved report's figures beside those of live customers."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from pipeline.measures.measure import Comparison
from pipeline.models.shared_models import bring_model
from pipeline.record.opened_workspace import Opened
from pipeline.shadow.deployed import Deploy, deploys
from pipeline.shadow.paired import Paired, paired
from pipeline.shadow.unknown_values import LiveRows, live_rows
from pipeline.shown_text import plain
from pipeline.words import counted
from pipeline.workspace.policy import Policy
from reports.deploy_requests import DeployRequests, deploy_requests

Verdict = Literal["worse", "unknown_values", "not_reached", "reached", "undecided", "too_early"]
BAD: frozenset[Verdict] = frozenset({"worse", "unknown_values"})  # a person should think of going back
_NEWEST = 20


class Promise(BaseModel, frozen=True):
    """What the report promised on its test set: over the model it replaced, in ROC-AUC, and in campaign profit (percent of the maximum)."""

    roc_auc: Comparison | None
    profit: Comparison | None


class DeployOutcome(BaseModel, frozen=True):
    """One deploy, as `churnops deploys --json` lists it. `found` compares it with the model it `replaced` on the same live customers, None where
    that one scored nobody in the shadow; `live` is of its first rows on, `requests` of its first hour on; `said` is the verdict as a sentence."""

    version: str
    digest: str
    replaced: str
    since: datetime
    until: datetime | None
    ended: Literal["replaced", "rolled_back"] | None
    case_id: str | None
    reviewer: str
    promised: Promise
    found: Paired | None
    live: LiveRows | None
    requests: DeployRequests | None
    verdict: Verdict
    said: str


def deploy_outcomes(opened: Opened) -> tuple[DeployOutcome, ...]:
    """The newest deploys, newest first; the first model, which replaced none, is not among them.

    Raises:
        IntegrityError: the ledger does not hold, or a model was changed.
    """
    return tuple(deploy_outcome(opened, deploy) for deploy in deploys(opened)[:_NEWEST])


def deploy_outcome(opened: Opened, deploy: Deploy) -> DeployOutcome:
    """One of them. Errors as above."""
    until = deploy.ended_at or opened.clock()
    found = paired(opened, deploy.predecessor.digest, deploy.at, until, opened.policy.evidence.performance.deploy_z)
    live = live_rows(opened, deploy, until) if _is_there(opened, deploy) else None
    promised = promise(opened, deploy)
    verdict = judged(promised, found, live, opened.policy)
    return DeployOutcome(
        version=deploy.champion.version,
        digest=deploy.champion.digest,
        replaced=deploy.predecessor.version,
        since=deploy.at,
        until=deploy.ended_at,
        ended=deploy.ended,
        case_id=deploy.case_id,
        reviewer=plain(deploy.reviewer, 80),
        promised=promised,
        found=found,
        live=live,
        requests=deploy_requests(opened, deploy, until),
        verdict=verdict,
        said=_said(verdict, promised, found, live, deploy),
    )


def promise(opened: Opened, deploy: Deploy) -> Promise:
    """What the case of the deploy measured; nothing where it has no such training on record."""
    trainings = opened.cases.trainings(deploy.case_id) if deploy.case_id else ()
    results = [one.result for one in trainings if one.result is not None and one.result.digest == deploy.champion.digest]
    if not results:
        return Promise(roc_auc=None, profit=None)
    return Promise(roc_auc=results[-1].comparison, profit=results[-1].margins.profit if results[-1].margins else None)


def judged(promised: Promise, found: Paired | None, live: LiveRows | None, policy: Policy) -> Verdict:
    """What is to be made of a deploy. It is worse where it surely falls behind by more than the gate lets pass, in ranking or in profit."""
    rules, unknown = policy.evidence, live.unknown if live else None
    seen = live is not None and live.rows >= rules.performance.min_rows
    if seen and unknown is not None and unknown.share - unknown.before > rules.support.unseen_share:
        return "unknown_values"
    if found is None or found.roc_auc is None or found.margins is None:
        return "too_early"
    fewest = min(found.churners, found.labelled - found.churners)
    if found.labelled < rules.performance.min_rows or fewest < rules.performance.min_per_class:
        return "too_early"
    ranking, profit = found.roc_auc, found.margins.profit
    if (ranking.high < 0 and ranking.difference < -policy.gate.max_auc_drop) or (
        profit.high < 0 and profit.difference < -rules.challengers.gain
    ):
        return "worse"
    pairs = [(one, measured) for one, measured in ((promised.roc_auc, ranking), (promised.profit, profit)) if one is not None]
    if any(measured.high < one.low for one, measured in pairs):
        return "not_reached"
    return "reached" if pairs and all(measured.low >= 0 or measured.difference >= one.low for one, measured in pairs) else "undecided"


def _is_there(opened: Opened, deploy: Deploy) -> bool:
    """Whether both models are still kept."""
    return all(bring_model(opened.workspace, one.digest) for one in (deploy.champion, deploy.predecessor))


def _said(verdict: Verdict, promised: Promise, found: Paired | None, live: LiveRows | None, deploy: Deploy) -> str:
    before = f"version {deploy.predecessor.version}"
    if verdict == "unknown_values" and live is not None and live.unknown is not None:
        return (
            f"{live.unknown.share:.0%} of the rows since then have a value of {plain(live.unknown.column, 80)} that version "
            f"{deploy.champion.version} was not trained on; for {before} it was {live.unknown.before:.0%}."
        )
    if found is None:
        return f"No customer was scored by {before} as well, so nobody can compare them."
    if verdict == "too_early" or found.roc_auc is None or found.margins is None:
        return f"{counted(found.labelled, 'outcome')} known of {counted(found.customers, 'customer')} whom both scored: too few to compare them."
    gained = f"{found.roc_auc.difference:+.3f} ROC-AUC beside {before} on the same {counted(found.labelled, 'customer')}"
    of = "" if promised.roc_auc is None else f", {promised.roc_auc.difference:+.3f} promised"
    ends = {
        "worse": f"It does worse than the model it replaced: {gained}{of}, {found.margins.profit.difference:+.1f} points of campaign profit.",
        "not_reached": f"The promised gain was not reached: {gained}{of}.",
        "reached": f"The promised gain was reached: {gained}{of}.",
    }
    return ends.get(verdict, f"Not decided yet: {gained}{of}.")
