"""How requests for predictions fared since a deploy, beside the days before it: failures, refusals and latency, as `churnops serve` counts them."""

from datetime import datetime, timedelta

from pydantic import BaseModel

from pipeline.record.opened_workspace import Opened
from pipeline.shadow.deployed import Deploy
from pipeline.state.serving_hours import Requests, requests_of

_BEFORE = timedelta(days=7)
_MOST = 0.95


class RequestFigures(BaseModel, frozen=True):
    """`requests` for predictions; shares (0-1) of them that `failed` (nobody could answer) and were `refused` (no customer that can be scored);
    half of them, and 95%, were done within so many seconds, an upper bound; None where more take longer than it counts."""

    requests: int
    failed: float
    refused: float
    half_within: float | None
    most_within: float | None


class DeployRequests(BaseModel, frozen=True):
    """Figures `since` the deploy, and of the replaced model in the week `before` it; None where it had no request that was counted."""

    since: RequestFigures
    before: RequestFigures | None
    said: str


def deploy_requests(opened: Opened, deploy: Deploy, until: datetime) -> DeployRequests | None:
    """None where no request was counted since the deploy: others serve the model, or it is too young."""
    since = _figures(requests_of(opened.state, deploy.champion.version, deploy.at, until))
    before = _figures(requests_of(opened.state, deploy.predecessor.version, deploy.at - _BEFORE, deploy.at))
    if since is None:
        return None
    compared = "" if before is None else f" The week before: {_told(before)}."
    return DeployRequests(since=since, before=before, said=f"{since.requests:,} requests since: {_told(since)}.{compared}")


def _figures(counted: Requests) -> RequestFigures | None:
    if not counted.all:
        return None
    return RequestFigures(
        requests=counted.all,
        failed=counted.failed / counted.all,
        refused=counted.refused / counted.all,
        half_within=counted.within(0.5),
        most_within=counted.within(_MOST),
    )


def _told(figures: RequestFigures) -> str:
    latency = (
        "some of them slower than 10 s" if figures.most_within is None else f"{_MOST:.0%} done within {figures.most_within * 1000:g} ms"
    )
    return f"{figures.failed:.2%} failed, {figures.refused:.2%} refused, {latency}"
