"""`churnops train` and `adopt` without their terminal: the first champion, or a challenger with a case of its own."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import BaseModel
from sqlalchemy import Connection

from pipeline.canonical_json import canonical
from pipeline.errors import ChurnopsError, SettingsError
from pipeline.intake.reference import load_split
from pipeline.measures.customer_terms import require_categories
from pipeline.models.artifact import Artifact
from pipeline.record.cases import Case, Challenger, ModelRef, TrainingResult
from pipeline.record.champion import Champion, find_champion, open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.roles.leaks import telling_features
from pipeline.tables.splits import never_trained_on
from pipeline.tables.typed_parquet import fingerprint
from pipeline.training.challenge import Record, Rows, challenge, judge_and_register, same_again
from pipeline.training.gate import CHANCE, no_better_than_chance
from pipeline.training.parent import OnProgress
from reports.decisions.promotion import finish_move, mirror_champion, record_move
from reports.filing import file_report
from reports.verdict import Narrative, Verdict
from tools.training_lock import training_turn

if TYPE_CHECKING:
    from pipeline.models.calibration import OutOfFold
    from reports.decisions.adoption import Candidate as FoundModel

ADOPTED = "adopted"


class GateFailed(ChurnopsError):
    """The candidate did not pass the gate's `rule`; nothing was registered."""

    def __init__(self, problem: str, next_step: str, rule: str) -> None:
        super().__init__(problem, next_step)
        self.rule = rule


class Trained(BaseModel, frozen=True):
    """What `churnops train` made: the champion (`case` None), or a challenger that waits for approval in its case. `leaks`: features of its
    reference that alone tell who churned."""

    result: TrainingResult
    case: Case | None
    leaks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    """One model to be made and judged. `make` does it, and is told the case, the champion and how to record it; `mode` is of a challenger;
    `asked` tells one wish for a challenger from another; `words` go into its report."""

    make: Callable[[str | None, Artifact | None, Record], Awaitable[tuple[TrainingResult, Challenger | None]]]
    mode: str
    started_by: str
    asked: tuple[str, ...]
    arguments: dict[str, str]
    words: Narrative


async def train_by_hand(
    opened: Opened,
    estimator: str | None,
    on_progress: OnProgress,
    hyperparameters: Mapping[str, float] = MappingProxyType({}),
    unseen: "OutOfFold | None" = None,
) -> Trained:
    """Train on the reference and put the candidate before the gate. The first to pass becomes the champion. Hyperparameters that are not given
    are the estimator's defaults. `unseen`: as `pipeline.training.parent.train` takes it.

    Raises:
        GateFailed: with what was measured, and the line that sets another floor.
        DataError, TrainingError: see `load_split` and `pipeline.training.parent.train`.
    """
    split = load_split(opened)
    value = opened.settings.value
    require_categories(value, {name: set(split.train[name].dropna()) for name in value.acceptance_by})
    chosen = estimator or opened.settings.training.estimator
    rows = Rows(train=split.train, test=split.test, unseen=unseen)
    if find_champion(opened.workspace, opened.ledger) is not None:
        champion, artifact = open_champion(opened)
        _require_features(opened, champion, artifact)
        split = never_trained_on(split, artifact.reference(), artifact.manifest.columns)
        rows = replace(rows, test=split.test)
        if same_again(artifact, rows, opened.settings, chosen, hyperparameters):
            raise ChurnopsError(
                f"Champion version {champion.version} was trained on just these rows, with the same estimator, seed and threshold: the same "
                "model would come out.",
                "Choose another --estimator or another value under [training], or let `churnops triage` train on newer outcomes.",
            )

    async def make(case_id: str | None, champion: Artifact | None, record: Record) -> tuple[TrainingResult, Challenger | None]:
        return await challenge(
            opened,
            rows,
            case_id=case_id,
            mode="reference" if champion else "bootstrap",
            champion=champion,
            band=None,
            estimator=chosen,
            hyperparameters=hyperparameters,
            on_progress=on_progress,
            record=record,
        )

    asked: tuple[str, ...] = ("by hand", opened.settings.data.sha256, opened.settings.training.model_dump_json(), chosen)
    asked = (*asked, opened.settings.model_columns.model_dump_json())
    if hyperparameters:
        asked = (*asked, canonical(dict(hyperparameters)))
    trained = "The candidate was trained on the reference alone; no drift was looked at."
    if opened.settings.training.command:
        trained = (
            "The trainer of `training.command` made the candidate. Its scores of its training rows are its own, not out of fold, "
            "and flatter it; the metrics are measured by churnops on the test set, which that trainer was given. No drift was looked at."
        )
    leaks = telling_features(split.train, opened.settings.model_columns)
    if leaks:
        named = ", ".join(f"`{name}`" for name in leaks)
        trained += f" {named} alone tells who churned, as what is known only afterwards does; so does any model that has it."
    words = Narrative("A person ran `churnops train`.", trained)
    made = await _install_or_challenge(opened, _Candidate(make, "reference", "train", asked, {"estimator": chosen}, words))
    return made.model_copy(update={"leaks": leaks})


def _require_features(opened: Opened, champion: Champion, artifact: Artifact) -> None:
    """Both are compared on rows of the reference, which must have what the champion takes."""
    if gone := [name for name in artifact.manifest.columns.features if name not in opened.settings.data.columns.features]:
        named = ", ".join(f"`{name}`" for name in gone)
        raise SettingsError(
            f"Champion version {champion.version} takes {named}, which [data] in churnops.toml no longer names, so no other model can be compared with it.",
            "Put it back; to train without it name it under [training] as `without`.",
        )


async def adopt_by_hand(opened: Opened, found: "FoundModel", own_reference: bool) -> Trained:
    """Put a model that others fitted before the gate. It becomes the champion where there is none; else it waits for approval.

    Args:
        opened: the workspace.
        found: the model, copied but not yet loaded; this loads it, which runs its code.
        own_reference: whether it is judged on the workspace's reference.

    Raises:
        GateFailed: with what was measured, and the line that sets another floor.
        ModelError, DataError, IntegrityError: see `reports.decisions.adoption.judged_model`.
    """
    from reports.decisions.adoption import judged_model

    if find_champion(opened.workspace, opened.ledger) is not None:
        champion, artifact = open_champion(opened)
        _require_features(opened, champion, artifact)
        before = artifact.manifest
        if before.adopted and before.recalibration is None and before.adopted.model_sha256 == found.described.digest:
            raise ChurnopsError(f"Champion version {champion.version} is this very model, byte for byte.", "Adopt another.")

    async def make(case_id: str | None, champion: Artifact | None, record: Record) -> tuple[TrainingResult, Challenger | None]:
        outcome = judged_model(opened, found, champion)
        return judge_and_register(opened, outcome, found.rows, case_id, ADOPTED, None, record)

    judged_on = "the test set of the reference" if own_reference else "all rows of the table that was given for it"
    words = Narrative(
        f"A person ran `churnops adopt` for {found.source}.",
        f"Others fitted this model. It was judged on {judged_on}, and its scores of the reference are its own, not out of fold: "
        "where it was trained on these rows, both flatter it. No drift was looked at.",
    )
    asked = (ADOPTED, found.described.digest, fingerprint(found.rows.train), fingerprint(found.rows.test))
    return await _install_or_challenge(opened, _Candidate(make, ADOPTED, "adopt", asked, {"adopted": found.source}, words))


async def _install_or_challenge(opened: Opened, candidate: _Candidate) -> Trained:
    if find_champion(opened.workspace, opened.ledger) is not None:
        return await _challenge(opened, candidate)

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

    result, challenger = await candidate.make(None, None, install)
    if challenger is None:
        raise _gate_failed(result)
    mirror_champion(opened, finish_move(opened))
    return Trained(result=result, case=None)


async def _challenge(opened: Opened, candidate: _Candidate) -> Trained:
    champion, artifact = open_champion(opened)
    now = opened.clock()
    asked, *rest = candidate.asked
    key = hashlib.sha256("|".join((asked, champion.digest, opened.policy.version, *rest)).encode()).hexdigest()
    async with training_turn(opened):
        case = opened.cases.open(
            Case(
                case_id=f"{now:%Y-%m-%d}-{key[:6]}",
                key=key,
                kind="manual",
                opened_at=now,
                started_by=candidate.started_by,
                person=opened.person,
                policy_version=opened.policy.version,
                champion=ModelRef(version=champion.version, digest=champion.digest),
            )
        )
        # A case that a kill left unfinished is continued, and what it had trained is not trained again.
        result = next((done.result for done in opened.cases.trainings(case.case_id) if done.result is not None), None)
        if result is None:
            result = await _train(opened, case, artifact, candidate)
        return _file(opened, opened.cases.get(case.case_id), result, candidate)


async def _train(opened: Opened, case: Case, champion: Artifact, candidate: _Candidate) -> TrainingResult:
    number = opened.cases.begin_training(case.case_id, opened.clock(), dict(candidate.arguments))

    def record(connection: Connection, result: TrainingResult, challenger: Challenger | None) -> None:
        opened.cases.finish_training(connection, case.case_id, number, result)
        if challenger is not None:
            opened.cases.move_in(connection, case.case_id, ("open",), challenger=challenger)

    result, _ = await candidate.make(case.case_id, champion, record)
    return result


def _file(opened: Opened, case: Case, result: TrainingResult, candidate: _Candidate) -> Trained:
    challenger = case.challenger
    verdict = Verdict(
        status="pending_approval" if challenger else "no_deploy_needed",
        action="retrain" if challenger else "monitor",
        mode=candidate.mode if challenger else None,
        operator="a person",
        stopped="finished",
    )
    case = file_report(opened, case, verdict, candidate.words)
    if challenger is None:
        raise _gate_failed(result)
    return Trained(result=result, case=case)


def _gate_failed(result: TrainingResult) -> GateFailed:
    failed = [check for check in result.gate.checks if not check.passed]
    floor, auc = any(check.rule == "gate.min_roc_auc" for check in failed), result.metrics.roc_auc
    if floor and no_better_than_chance(auc):
        step = "No floor makes it useful: bring more rows, or features that have to do with churn."
    elif floor and auc.value > CHANCE:
        hint = int(auc.value * 100) / 100
        step = (
            f"For data that cannot reach it, put `gate.min_roc_auc = {hint:.2f}` under [policy] in churnops.toml: then a model passes that ranks "
            f"a churner before a customer who stays in {hint:.0%} of such pairs."
        )
    else:
        step = "The champion stays."
    return GateFailed(f"The quality gate failed, nothing was registered. {' '.join(check.said for check in failed)}", step, failed[0].rule)
