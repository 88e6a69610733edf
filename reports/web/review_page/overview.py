"""The start page: is the model well, what waits for a person, what changed; and how the months have gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.errors import ChurnopsError
from pipeline.intake.future_rows import latest_meant
from pipeline.record.cases import Case
from pipeline.record.champion import Champion, find_champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.predictions import newest_prediction
from reports.decisions.case_status import Standing, standings
from reports.decisions.workspace_status import WorkspaceStatus, workspace_status
from reports.shadow_challenger import ShadowChallenger, shadow_challenger
from reports.web.review_page.job_process import JobRun
from reports.web.review_page.over_time import OverTime, over_time
from reports.workspace_history import Served, served

_WEEK = timedelta(days=7)
_LISTED = 50  # the newest cases; `churnops reports list` has all


@dataclass(frozen=True)
class Overview:
    """All that the start page shows. `stands`: of each case, by its id; `problem` says why no champion may serve, where that is so."""

    waiting: tuple[Case, ...]
    cases: tuple[Case, ...]
    all_cases: int
    stands: Mapping[str, Standing]
    champion: Champion | None
    problem: str
    served: tuple[Served, ...]
    status: WorkspaceStatus | None
    shadow: ShadowChallenger | None
    over_time: OverTime
    newest_prediction: datetime | None
    job: JobRun | None


def overview(opened: Opened, job: JobRun | None) -> Overview:
    """The start page of a workspace; `job` is the newest that was started from the page."""
    cases, champion, problem = opened.cases.all(), None, ""
    try:
        champion = find_champion(opened.workspace, opened.ledger)
    except ChurnopsError as error:
        problem = str(error)
    status, shadow = None, None
    known: tuple[Served, ...] = ()
    try:
        known = served(opened)
        status, shadow = workspace_status(opened, since=opened.clock() - _WEEK), shadow_challenger(opened)
    except ChurnopsError as error:
        problem = problem or str(error)
    stands = standings(opened, cases)
    return Overview(
        waiting=tuple(
            case
            for case in cases
            if case.status == "pending_approval" and not stands[case.case_id].expired and not stands[case.case_id].ended
        ),
        cases=cases[:_LISTED],
        all_cases=len(cases),
        stands=stands,
        champion=champion,
        problem=problem,
        served=known,
        status=status,
        shadow=shadow,
        over_time=over_time(opened, cases, known),
        newest_prediction=newest_prediction(opened.state, until=latest_meant(opened)),
        job=job,
    )
