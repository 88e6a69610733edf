"""After a deploy: both models score the same customers, and a deploy that turns out bad becomes a case that recommends to go back."""

import hashlib
from dataclasses import dataclass

from pipeline.record.cases import Case, ModelRef
from pipeline.record.opened_workspace import Opened
from pipeline.shadow.deployed import Deploy, standing_deploy
from pipeline.shadow.scoring import score_in_shadow
from reports.deploys import BAD, DeployOutcome, deploy_outcome
from reports.filing import file_report
from reports.verdict import Narrative, Verdict

STARTED_BY = "watch"


@dataclass(frozen=True)
class DeployReview:
    """How the newest deploy does, None where the champion replaced nobody; the case that recommends a rollback, if there is one; and why a
    model could not score in the shadow."""

    outcome: DeployOutcome | None
    case: Case | None
    problems: tuple[str, ...]


def review_deploy(opened: Opened) -> DeployReview:
    """Score in the shadow what is new, and look at the newest deploy. A bad one has one case, whoever looks how often.

    Raises:
        IntegrityError: the record does not hold.
    """
    problems = tuple(run.problem for run in score_in_shadow(opened) if run.problem)
    deploy = standing_deploy(opened)
    if deploy is None:
        return DeployReview(None, None, problems)
    outcome = deploy_outcome(opened, deploy)
    return DeployReview(outcome, _case(opened, deploy, outcome) if outcome.verdict in BAD else None, problems)


def deploy_case_key(ledger_hash: str) -> str:
    """What the case of a deploy is known by: the hash of the ledger's row that made it."""
    return hashlib.sha256(f"deploy|{ledger_hash}".encode()).hexdigest()


def _case(opened: Opened, deploy: Deploy, outcome: DeployOutcome) -> Case:
    now, key = opened.clock(), deploy_case_key(deploy.champion.ledger_hash)
    case = opened.cases.open(
        Case(
            case_id=f"{now:%Y-%m-%d}-{key[:6]}",
            key=key,
            kind="deploy",
            opened_at=now,
            started_by=STARTED_BY,
            person=opened.person,
            policy_version=opened.policy.version,
            champion=ModelRef(version=deploy.champion.version, digest=deploy.champion.digest),
        )
    )
    if not case.unfinished:
        return case
    if not opened.cases.calls(case.case_id):  # a kill may have left it with one
        opened.cases.record_call(case.case_id, now, "compare_deploy", {}, "ok", 0.0, outcome.model_dump(mode="json"))
    narrative = Narrative(
        f"{outcome.said} Going back to version {deploy.predecessor.version} is recommended.",
        f"Version {deploy.champion.version} was deployed on {deploy.at:%Y-%m-%d}. The same live customers were scored by version "
        f"{deploy.predecessor.version}, which it replaced, in the shadow; nobody saw those scores. Where the outcomes themselves are in doubt, "
        "look at them first: `churnops deploys` shows the figures.",
    )
    return file_report(opened, case, Verdict("needs_people", "rollback", None, STARTED_BY, "finished"), narrative)
