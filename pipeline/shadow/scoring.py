"""Scoring in the shadow: logged customers are scored again by a model that does not serve, off the request path, a bounded sample at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.errors import ChurnopsError
from pipeline.models.artifact import open_artifact
from pipeline.record.champion import Champion, find_champion
from pipeline.record.opened_workspace import Opened
from pipeline.shadow.deployed import standing_deploy


@dataclass(frozen=True)
class ShadowModel:
    """A model that scores in the shadow: customers who were scored after `since`, until `until` where that is given."""

    role: Literal["challenger", "predecessor"]
    version: str
    digest: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class ShadowRun:
    """What one model scored now; `problem` says why it could not, else None."""

    model: ShadowModel
    rows: int
    problem: str | None = None


def shadow_models(opened: Opened) -> tuple[ShadowModel, ...]:
    """Who scores in the shadow now: the model that the champion replaced, for `[watch] shadow_for`, and a challenger that waits.

    Raises:
        IntegrityError: as `find_champion`.
    """
    champion = find_champion(opened.workspace, opened.ledger)
    if champion is None:
        return ()
    found, deploy = [], standing_deploy(opened)
    if deploy is not None:
        until = deploy.at + opened.settings.watch.shadow_span
        found.append(ShadowModel("predecessor", deploy.predecessor.version, deploy.predecessor.digest, deploy.at, until))
    waiting = opened.cases.waiting(champion.digest)
    if waiting is not None and waiting.challenger is not None:
        found.append(ShadowModel("challenger", waiting.challenger.version, waiting.challenger.digest, waiting.opened_at))
    return tuple(found)


def score_in_shadow(opened: Opened) -> tuple[ShadowRun, ...]:
    """Let each of them score what is new in the log, at most `[watch] shadow_rows` rows each. One that cannot stops no other. Where the team
    keeps its own log nobody scores: whose score stands there is not known.

    Raises:
        IntegrityError: as `find_champion`.
    """
    if opened.settings.watch.shadow_rows == 0 or opened.settings.predictions.file or opened.settings.predictions.table:
        return ()
    champion = find_champion(opened.workspace, opened.ledger)
    return () if champion is None else tuple(_scored(opened, champion, model) for model in shadow_models(opened))


def _scored(opened: Opened, champion: Champion, model: ShadowModel) -> ShadowRun:
    try:
        return ShadowRun(model, _score(opened, champion, model))
    except ChurnopsError as error:  # its artifact was deleted, say, or takes other columns
        return ShadowRun(model, 0, str(error))


def _score(opened: Opened, champion: Champion, model: ShadowModel) -> int:
    from pipeline.shadow.served_sample import served_sample
    from pipeline.state.shadow_scores import add_shadow_scores, newest_shadow

    artifact = open_artifact(opened.workspace, model.digest)
    if model.role == "challenger" and artifact.manifest.loads_code:
        return 0  # its code runs here once a person has approved it
    before = newest_shadow(opened.state, model.digest)
    since = max(model.since, before) if before else model.since
    until = min(opened.clock(), model.until) if model.until else opened.clock()
    most = opened.settings.watch.shadow_rows
    found = served_sample(opened.state, artifact.manifest.columns, since, until, champion.version, most)
    if found is None or found.empty:
        return 0
    return add_shadow_scores(opened.state, model.digest, model.version, found, artifact.scores(found).tolist(), before)
