"""`churnops train` without its terminal: the first champion, or a challenger with a case of its own."""

import hashlib

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from pipeline.artifact import Artifact
from pipeline.cases import Case, Challenger, ModelRef, TrainingResult
from pipeline.challenge import Rows, challenge, same_again
from pipeline.champion import find_champion, open_champion
from pipeline.errors import ChurnopsError
from pipeline.opened import Opened
from pipeline.promotion import finish_move, mirror_champion, record_move
from pipeline.reference import load_split
from pipeline.settings import EstimatorName
from pipeline.training import OnProgress
from reports.audit import Narrative, Verdict
from reports.filing import file_report
from tools.training_turn import training_turn


class GateFailed(ChurnopsError):
    """The candidate did not pass; nothing was registered."""


class Trained(BaseModel):
    """What `churnops train` made: the champion (`case` None), or a challenger that waits for approval in its case."""

    model_config = ConfigDict(frozen=True)

    result: TrainingResult
    case: Case | None


async def train_by_hand(opened: Opened, estimator: EstimatorName | None, on_progress: OnProgress) -> Trained:
    """Train on the reference and put the candidate before the gate. The first to pass becomes the champion.

    Raises:
        GateFailed: with what was measured, and the line that sets another floor.
        DataError, TrainingError: see `load_split` and `pipeline.training.train`.
    """
    split = load_split(opened)
    rows = Rows(train=split.train, gate=split.gate)
    chosen = estimator or opened.settings.training.estimator
    champion = find_champion(opened.workspace, opened.ledger)
    if champion is not None:
        return await _challenge(opened, rows, chosen, on_progress)

    def install(connection: Connection, _: TrainingResult, challenger: Challenger | None) -> None:
        if challenger is not None:
            record_move(
                connection,
                opened.ledger,
                "deployed",
                version=challenger.version,
                digest=challenger.digest,
                after=None,
                case_id=None,
                at=opened.clock(),
                record={"bootstrap": True, "reviewer": opened.person},
            )

    result, challenger = await challenge(
        opened,
        rows,
        case_id=None,
        mode="bootstrap",
        champion=None,
        band=None,
        estimator=chosen,
        hyperparameters={},
        on_progress=on_progress,
        record=install,
    )
    if challenger is None:
        raise _gate_failed(result)
    mirror_champion(opened, finish_move(opened))
    return Trained(result=result, case=None)


async def _challenge(opened: Opened, rows: Rows, estimator: EstimatorName, on_progress: OnProgress) -> Trained:
    champion, artifact = open_champion(opened)
    if same_again(artifact, rows, opened.settings, estimator):
        raise ChurnopsError(
            f"Champion version {champion.version} was trained on just these rows, with the same estimator, seed and threshold: the same model "
            "would come out.",
            "Choose another --estimator or another value under [training], or let `churnops triage` learn from newer outcomes.",
        )
    now = opened.clock()
    asked = (champion.digest, opened.policy.version, opened.settings.data.sha256, opened.settings.training.model_dump_json(), estimator)
    key = hashlib.sha256("|".join(("by hand", *asked)).encode()).hexdigest()
    async with training_turn(opened.workspace):
        case = opened.cases.open(
            Case(
                case_id=f"{now:%Y-%m-%d}-{key[:6]}",
                key=key,
                kind="manual",
                opened_at=now,
                started_by="train",
                person=opened.person,
                policy_version=opened.policy.version,
                champion=ModelRef(version=champion.version, digest=champion.digest),
            )
        )
        # A case that a kill left unfinished is continued, and what it had trained is not trained again.
        result = next((done.result for done in opened.cases.trainings(case.case_id) if done.result is not None), None)
        if result is None:
            result = await _train(opened, case, rows, artifact, estimator, on_progress)
        return _file(opened, opened.cases.get(case.case_id), result)


async def _train(
    opened: Opened, case: Case, rows: Rows, champion: Artifact, estimator: EstimatorName, on_progress: OnProgress
) -> TrainingResult:
    number = opened.cases.begin_training(case.case_id, opened.clock(), {"estimator": estimator})

    def record(connection: Connection, result: TrainingResult, challenger: Challenger | None) -> None:
        opened.cases.finish_training(connection, case.case_id, number, result)
        if challenger is not None:
            opened.cases.move_in(connection, case.case_id, ("open",), challenger=challenger)

    result, _ = await challenge(
        opened, rows, case_id=case.case_id, mode="reference", champion=champion, band=None, estimator=estimator, hyperparameters={},
        on_progress=on_progress, record=record,
    )  # fmt: skip
    return result


def _file(opened: Opened, case: Case, result: TrainingResult) -> Trained:
    challenger = case.challenger
    verdict = Verdict(
        status="pending_approval" if challenger else "no_deploy_needed",
        action="retrain" if challenger else "monitor",
        mode="reference" if challenger else None,
        operator="a person",
        stopped="finished",
    )
    words = Narrative("A person ran `churnops train`.", "The candidate learnt from the reference alone; no drift was looked at.")
    case = file_report(opened, case, verdict, words)
    if challenger is None:
        raise _gate_failed(result)
    return Trained(result=result, case=case)


def _gate_failed(result: TrainingResult) -> GateFailed:
    failed = [check for check in result.gate.checks if not check.passed]
    floor = any(check.rule == "gate.min_roc_auc" for check in failed)
    hint = max(0.5, int(result.metrics.roc_auc.value * 100) / 100)
    step = (
        f"For data that cannot reach it, put `gate.min_roc_auc = {hint:.2f}` under [policy] in churnops.toml."
        if floor
        else "The champion stays."
    )
    return GateFailed(f"The quality gate failed, nothing was registered. {' '.join(check.said for check in failed)}", step)
