"""Scoring in the shadow: logged customers are scored again by a model that does not serve, off the request path, a bounded sample at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pipeline.errors import ChurnopsError
from pipeline.models.artifact import Artifact, open_artifact
from pipeline.record.champion import Champion, find_champion
from pipeline.record.opened_workspace import Opened
from pipeline.shadow.deployed import standing_deploy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.intake.team_log import OwnLog


@dataclass(frozen=True)
class ShadowModel:
    """A model that scores in the shadow: customers who were scored after `since`, until `until` where that is given."""

    role: Literal["challenger", "predecessor", "rejected"]
    version: str
    digest: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class ShadowRun:
    """What one model scored now; `problem` says why it could not, `unable` why nobody ever can, as the team's own log is; else None."""

    model: ShadowModel
    rows: int
    problem: str | None = None
    unable: str | None = None


def shadow_unable(opened: Opened) -> str | None:
    """Why no model can score the team's own log in the shadow, as it is; None where it can be done, or churnops keeps the log.

    Raises:
        DataError: the log cannot be read.
    """
    from pipeline.shadow.own_log_rows import shadow_log, why_not

    log = shadow_log(opened)
    return None if log is None else why_not(log, opened.settings.data.columns)


def shadow_models(opened: Opened) -> tuple[ShadowModel, ...]:
    """Who scores in the shadow now: the model that the champion replaced, for `[watch] shadow_for`, a challenger that waits, and for as long the newest
    one that was rejected, so that people learn what it would have brought.

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
    cases = opened.cases.all()
    rejected = next((case for case in cases if case.status == "rejected" and case.champion.digest == champion.digest), None)
    if rejected is not None and rejected.challenger is not None and rejected.decision is not None:
        until = rejected.decision.at + opened.settings.watch.shadow_span
        found.append(ShadowModel("rejected", rejected.challenger.version, rejected.challenger.digest, rejected.opened_at, until))
    return tuple(found)


def score_in_shadow(opened: Opened) -> tuple[ShadowRun, ...]:
    """Let each of them score what is new in the log, at most `[watch] shadow_rows` rows each. One that cannot stops no other.

    Raises:
        IntegrityError: as `find_champion`.
    """
    if opened.settings.watch.shadow_rows == 0:
        return ()
    champion = find_champion(opened.workspace, opened.ledger)
    return () if champion is None else tuple(_scored(opened, champion, model) for model in shadow_models(opened))


def _scored(opened: Opened, champion: Champion, model: ShadowModel) -> ShadowRun:
    from pipeline.shadow.own_log_rows import shadow_log, why_not

    try:
        artifact, log = open_artifact(opened.workspace, model.digest), shadow_log(opened)
        unable = None if log is None else why_not(log, artifact.manifest.columns)
        if unable is not None:
            return ShadowRun(model, 0, unable=unable)
        return ShadowRun(model, _score(opened, champion, model, artifact, log))
    except ChurnopsError as error:  # its artifact was deleted, say, or takes other columns
        return ShadowRun(model, 0, str(error))


def _score(opened: Opened, champion: Champion, model: ShadowModel, artifact: Artifact, log: "OwnLog | None") -> int:
    from pipeline.shadow.own_log_rows import own_log_rows
    from pipeline.shadow.served_sample import served_sample
    from pipeline.state.shadow_scores import add_shadow_scores, newest_shadow

    if model.role != "predecessor" and artifact.manifest.loads_code:
        return 0  # its code runs here once a person has approved it
    before = newest_shadow(opened.state, model.digest)
    since = max(model.since, before) if before else model.since
    until = min(opened.clock(), model.until) if model.until else opened.clock()
    most = opened.settings.watch.shadow_rows
    found: pd.DataFrame | None
    if log is None:
        found = served_sample(opened.state, artifact.manifest.columns, since, until, champion.version, most)
    else:
        found = own_log_rows(opened, log, artifact, open_artifact(opened.workspace, champion.digest), since, until)
    if found is None or found.empty:
        return 0
    return add_shadow_scores(opened.state, model.digest, model.version, found, artifact.scores(found).tolist(), before)
