"""One triage from alert to report: brief the operator, run the loop, and see to it that every ending leaves a report."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from agent.case.bounds import StopReason
from agent.case.briefing import briefing
from agent.case.ending import Ending
from agent.case.events import Event, OperatorChanged, ToolCalled, ToolReturned, crashed
from agent.case.loop import run, tool_specs
from agent.case.resumption import earlier_calls, known_results, resumable, used_before
from agent.case.transcript import Transcript
from agent.conversation.messages import Briefing, Operator, OperatorTurn, Spend, ToolCall
from agent.conversation.tool_calls import make_call
from agent.conversation.tool_client import reach
from agent.conversation.tool_results import line, read
from agent.operators.rulebook import Rulebook
from pipeline.diagnosis.diagnosis import Action, Diagnosis
from pipeline.drift.summary import DriftSummary
from pipeline.errors import ChurnopsError
from pipeline.intake.window_choice import WindowReader
from pipeline.record.cases import Call, Case, Challenger, ReportRef, Status, Waiting, concluded, waiting_in
from pipeline.record.opened_workspace import Opened
from pipeline.record.reminders import looked_again_lately, said_lately
from pipeline.rulings.acknowledgements import Acknowledgement
from pipeline.windows.stretch import BrokenDays, Stretch
from reports.filing import file_report, report_here
from reports.second_opinion import SecondOpinion
from reports.verdict import Narrative, Verdict
from tools.case_opening import Known
from tools.casework import Casework
from tools.guard import calls_of_run
from tools.server import build_server

if TYPE_CHECKING:
    from mcp import Client


class Tokens(BaseModel, frozen=True):
    """Tokens of one triage; `cached` is the part of `input` that was read from the provider's cache."""

    input: int = 0
    output: int = 0
    cached: int = 0


class Outcome(BaseModel, frozen=True):
    """What a triage came to: the object that `churnops triage --json` prints. Where it rests on an `acknowledgement`, the operator was not
    asked, and case and report are those that were acknowledged. `second_opinion` is one sentence where the rulebook, over the same results,
    comes to something else. `closed_by_another`: another run closed the case while this one worked on it, and its report is shown.
    `recent` and `matured`: the rows that the case speaks of, `left_out`: broken days that are not among them, `unseen`: what it cannot see between them. `said_lately`: that data are too few
    was said within `[watch] remind` already. `waiting`: a challenger that waits for a person, of this case or an earlier one. `unsourced`: numbers of the
    narrative without a source. `shown`: the window's case was closed before, so nobody was asked."""

    case_id: str
    operator: str
    drift: DriftSummary
    diagnosis: Diagnosis | None = None
    action: Action | None
    mode: str | None = None
    stopped: StopReason
    failure: str | None = None
    turns: int = 0
    tool_calls: int = 0
    trainings: int = 0
    tokens: Tokens = Tokens()
    cost_usd: float = 0.0
    challenger: Challenger | None = None
    report: ReportRef
    status: Status
    policy_version: str
    champion_version: str
    acknowledgement: Acknowledgement | None = None
    second_opinion: str | None = None
    closed_by_another: bool = False
    recent: Stretch | None = None
    matured: Stretch | None = None
    left_out: tuple[BrokenDays, ...] = ()
    unseen: str | None = None
    said_lately: bool = False
    waiting: Waiting | None = None
    unsourced: tuple[str, ...] = ()
    shown: bool = False

    @property
    def exit_code(self) -> int:
        """For `--detailed-exit-code`: 0 nothing to do, 10 people must act, 20 a challenger waits, 30 the report is partial. That data are too
        few for a verdict asks for people when it begins and when they are reminded of it."""
        if self.waiting is not None and self.status != "partial":
            return 20
        if self.status == "not_enough_data":
            return 0 if self.said_lately else 10
        return {"needs_people": 10, "pending_approval": 20, "partial": 30}.get(self.status, 0)


class _Label:
    """Who works on the case, as its report says: follows the events of the run."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, event: Event) -> None:
        if isinstance(event, OperatorChanged):
            self.name = f"{event.failed}+{event.operator}"


async def triage(
    opened: Opened,
    read_window: WindowReader,
    operator: Operator,
    fallback: Operator | None,
    show: Callable[[Event], None],
    resume: str = "",
    started_by: str = "triage",
) -> Outcome:
    """Take the current window through one case; `show` reads the events as they happen. `started_by` is the command, for the record.

    `resume` goes on with the unfinished case that this id, or its beginning, names; its window must still be the same.

    Raises:
        ChurnopsError: the window cannot be read or measured, and no case was opened; or the case cannot be resumed.
    """
    label = _Label(operator.name)
    rulebook = Rulebook(opened.policy)

    def second(calls: Sequence[Call]) -> SecondOpinion | None:
        return None if label.name == rulebook.name else rulebook.opinion(calls)

    unfinished = resumable(opened, resume) if resume else None
    casework = Casework(opened, read_window, started_by=started_by, operator=lambda: label.name, second=second)
    unread: list[Event] = []  # by the transcript, which opens when the case is known
    readers: list[Callable[[Event], None]] = [label, unread.append, show]
    broken: list[BaseException] = []

    def emit(event: Event) -> None:
        for read_by in readers:
            read_by(event)

    def on_crash(tool: str, error: BaseException) -> None:
        broken.append(error)
        emit(crashed(opened.clock(), tool, error))

    async with reach(build_server(casework, opened.policy, on_crash)) as client:
        try:
            known = {} if unfinished is None else known_results(unfinished, opened.cases.calls(unfinished.case_id))
            first = await brief(client, opened, emit, known)
        except ChurnopsError as error:
            if casework.known is None:
                raise error from next(iter(broken), error.__cause__)
            return _known(opened, casework.known, operator.name)
        tools = await tool_specs(client)
        case = opened.cases.get(first.case_id)
        if not case.unfinished:
            return _shown(opened, case)
        path = opened.workspace.transcripts / f"{first.case_id}.jsonl"
        with Transcript(path, opened.workspace.shared) as transcript:
            used = used_before(path)
            for event in unread:
                transcript(event)
            readers[:] = [label, transcript, show]
            calls = len(calls_of_run(case, opened.cases.calls(case.case_id)))
            ending = await run(operator, fallback, client, tools, (first,), opened.policy.limits, emit, opened.clock, calls, used)
            return _closed(opened, first.case_id, ending, emit)


def _closed(opened: Opened, case_id: str, ending: Ending, emit: Callable[[Event], None]) -> Outcome:
    """The outcome of a case that the run has closed, or somebody else meanwhile, or that gets a partial report now."""
    case = opened.cases.get(case_id)
    while ending.report is None and case.status in {"open", "partial"}:
        if ending.stopped == "finished":  # somebody else closed the case, and a person opened it again
            ending = ending.model_copy(update={"stopped": "interrupted"})
        try:
            return _outcome(opened, _file_partial(opened, case, ending, emit), ending)
        except ChurnopsError:
            before, case = case, opened.cases.get(case_id)
            if case == before:  # nobody closed it, and no training of it ended meanwhile
                raise
    return _outcome(opened, case, ending)


async def brief(
    client: "Client", opened: Opened, emit: Callable[[Event], None], known: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
) -> Briefing:
    """Open the case: the first message, with drift, the champion's metrics and the diagnosis already in it. `known` results, by tool, are
    taken as they are.

    Raises:
        ChurnopsError: what the tool said when it could not measure.
    """

    called: list[str] = []
    clock = opened.clock

    async def result(tool: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
        if tool in known:
            return known[tool]
        emit(ToolCalled(at=clock(), call_id=tool, number=len(called) + 1, name=tool, arguments=arguments))
        called.append(tool)
        answer = await make_call(client, ToolCall(id=tool, name=tool, arguments=arguments))
        reading = None if answer.is_error else read(tool, answer.structured)
        said = line(reading) if reading else answer.text
        emit(ToolReturned(at=clock(), call_id=tool, name=tool, is_error=answer.is_error, line=said, structured=answer.structured))
        if answer.is_error or answer.structured is None:
            raise ChurnopsError(said)
        return answer.structured

    async def where_possible(tool: str, arguments: dict[str, Any]) -> Mapping[str, Any] | None:
        # The case is open by now: the operator goes on without, and the report says what it did not see.
        with suppress(ChurnopsError):
            return await result(tool, arguments)
        return None

    drift = await result("get_drift_summary", {})
    if drift.get("status", "open") not in {"open", "partial"}:  # the window's case is closed, and is shown as it is
        return briefing(drift, None, None, opened.policy)
    case = {"case_id": drift["case_id"]}
    metrics, diagnosis = await where_possible("get_current_model_metrics", case), await where_possible("diagnose", case)
    return briefing(drift, metrics, diagnosis, opened.policy, earlier_calls(opened.cases.calls(drift["case_id"])))


def _file_partial(opened: Opened, case: Case, ending: Ending, emit: Callable[[Event], None]) -> Case:
    said = "\n\n".join(message.text for message in ending.conversation if isinstance(message, OperatorTurn) and message.text.strip())
    verdict = Verdict(
        status="partial", action=None, mode=None, operator=ending.operator, stopped=ending.stopped, partial=ending.why_partial
    )
    try:
        return file_report(opened, case, verdict, Narrative(summary="", reasoning=said))
    except ChurnopsError:
        raise
    except Exception as error:  # of all that a report holds, only these words were written by nobody we know
        event = crashed(opened.clock(), "writing down what the operator said", error)
        emit(event)
        return file_report(opened, case, verdict, Narrative(summary="", reasoning=event.line))


def _known(opened: Opened, known: Known, operator: str) -> Outcome:
    """People have taken note of all there is: nobody was asked, and the report is the one they acknowledged."""
    case = opened.cases.get(known.acknowledgement.case_id)
    assert case.report is not None  # what has no report cannot be acknowledged
    return Outcome(
        case_id=case.case_id,
        operator=operator,
        drift=known.drift,
        action="monitor",
        stopped="finished",
        report=report_here(opened, case.case_id, case.report),
        status="no_deploy_needed",
        policy_version=opened.policy.version,
        champion_version=case.champion.version,
        acknowledgement=known.acknowledgement,
    )


def _shown(opened: Opened, case: Case) -> Outcome:
    """The window's case was closed before: what it came to, and what people made of it, is the answer."""
    nothing = Ending(
        stopped="finished", operator=case.operator or "", turns=0, tool_calls=0, trainings=0, spend=Spend(), report=None, failure=None,
        conversation=(),
    )  # fmt: skip
    found = _outcome(opened, case, nothing)
    looks = [call.at for call in opened.cases.calls(case.case_id) if call.tool == "get_drift_summary"]
    again = case.status == "not_enough_data" and looked_again_lately(case, looks, opened.settings.watch.reminder)
    status: Status = "no_deploy_needed" if case.status in {"approved", "rejected", "superseded"} else case.status
    return found.model_copy(update={"shown": True, "closed_by_another": False, "said_lately": again, "status": status})


def _outcome(opened: Opened, case: Case, ending: Ending) -> Outcome:
    another = ending.report is None and case.status != "partial"
    told = {
        "operator": (case.operator or ending.operator) if another else ending.operator,
        "diagnosis": concluded(case),
        "stopped": "finished" if another else ending.stopped,
        "failure": None if another else ending.failure,
        "turns": ending.turns,
        "tool_calls": len(opened.cases.calls(case.case_id)),
        "trainings": sum(training.result is not None for training in opened.cases.trainings(case.case_id)),
        "tokens": Tokens(input=ending.spend.input_tokens, output=ending.spend.output_tokens, cached=ending.spend.cached_tokens),
        "cost_usd": round(ending.spend.usd, 6),
        "champion_version": case.champion.version,
        "second_opinion": ending.report.second_opinion if ending.report else None,
        "closed_by_another": another,
        "waiting": waiting_in(opened.cases.waiting(case.champion.digest)),
        "said_lately": case.status == "not_enough_data" and said_lately(opened.cases.all(), case, opened.settings.watch.reminder),
        **_windows_of(case),
        "report": case.report and report_here(opened, case.case_id, case.report),
    }
    return Outcome.model_validate(dict(case) | told)  # what has the same name in both is the same


def _windows_of(case: Case) -> dict[str, Any]:
    windows = case.window.windows if case.window else None
    return (
        {}
        if windows is None
        else {"recent": windows.recent, "matured": windows.matured, "left_out": windows.left_out, "unseen": windows.unseen}
    )
