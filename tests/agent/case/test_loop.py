"""The loop ends every case in a typed way, answers every call, and never spends beyond its bounds."""

import asyncio
import time
from typing import Any

import anyio
import pytest
from anyio.from_thread import check_cancelled
from mcp import Client, MCPError
from mcp.server import MCPServer

from agent.case.ending import Ending
from agent.case.events import (
    Crashed,
    Event,
    OperatorChanged,
    Refused,
    Started,
    Stopped,
    TextDelta,
    ToolCalled,
    ToolProgress,
    ToolReturned,
    TurnStarted,
)
from agent.case.loop import NUDGE, run, tool_specs
from agent.conversation.messages import Answer, Briefing, Nudge, OperatorFailed, OperatorTurn, Spend, ToolCall, ToolReturn
from agent.operators.rulebook import Rulebook
from pipeline.errors import Refusal
from pipeline.record.failure import failure_of
from tests.agent.case_tools import CASE, CaseTools, clock_at, shipped_policy
from tests.agent.scripted import Scripted, calls

LIMITS = shipped_policy().limits
SAVE = ("save_remediation_report", {"case_id": CASE, "action": "monitor", "summary": "s", "reasoning": "r"})
DRIFT: tuple[str, dict[str, Any]] = ("get_drift_summary", {})


async def play(
    operator: Any, server: MCPServer, *, fallback: Any = None, spent_calls: int = 0, briefing: Briefing | None = None, **limits: Any
) -> tuple[Ending, list[Event]]:
    events: list[Event] = []
    async with Client(server) as client:
        ending = await run(
            operator,
            fallback,
            client,
            await tool_specs(client),
            (briefing or CaseTools().briefing(),),
            LIMITS.model_copy(update=limits),
            events.append,
            clock_at,
            spent_calls,
        )
    return ending, events


def of(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def assert_every_call_is_answered_once(ending: Ending, events: list[Event]) -> None:
    turns = [message for message in ending.conversation if isinstance(message, OperatorTurn)]
    returns = [message.call_id for message in ending.conversation if isinstance(message, ToolReturn)]
    assert returns == [call.id for turn in turns for call in turn.calls]
    answered = [event.call_id for event in events if isinstance(event, ToolReturned | Refused)]
    assert answered == returns


@pytest.mark.anyio
async def test_a_case_runs_from_briefing_to_report_and_tells_it_in_events() -> None:
    facts = CaseTools()
    train = ("run_training", {"case_id": CASE, "n_estimators": 250})
    operator = Scripted(
        Answer(turn=calls(train), spend=Spend(input_tokens=900, output_tokens=50, cached_tokens=400, usd=0.002)),
        Answer(turn=calls(SAVE, prefix="d"), spend=Spend(input_tokens=1100, output_tokens=70, usd=0.003)),
    )

    ending, events = await play(operator, facts.server(), spent_calls=2)

    assert (ending.stopped, ending.operator, ending.turns, ending.tool_calls, ending.trainings) == ("finished", "scripted", 2, 4, 1)
    assert ending.spend == Spend(input_tokens=2000, output_tokens=120, cached_tokens=400, usd=0.005)
    assert ending.report is not None
    assert ending.report.action == "monitor"
    assert [event.kind for event in events] == [
        "started", "turn_started", "spent", "tool_called", "tool_progress", "tool_progress", "tool_returned",
        "turn_started", "spent", "tool_called", "tool_returned", "stopped",
    ]  # fmt: skip
    assert [event.number for event in of(ToolCalled, events)] == [3, 4]
    assert of(ToolProgress, events)[1].message == "fold 2"
    assert of(ToolReturned, events)[0].line == "ROC-AUC 0.8051 (+0.0124 against the champion), gate passed"
    assert of(Started, events)[0].window.startswith("1 of 19 features drifted (share 0.316), drift level: medium")
    assert_every_call_is_answered_once(ending, events)
    operator.assert_played()


@pytest.mark.anyio
async def test_the_operator_reads_the_whole_result_as_compact_json() -> None:
    operator = Scripted(calls(DRIFT), calls(SAVE, prefix="d"))
    await play(operator, CaseTools().server())
    answer = operator.seen[1][-1]
    assert isinstance(answer, ToolReturn)
    assert answer.text.startswith('{"case_id":"2026-11-20-abc123","call":1,')
    assert answer.structured == CaseTools().drift_result().model_dump(mode="json")


@pytest.mark.anyio
async def test_calls_of_one_answer_all_get_a_result_in_order_and_none_runs_after_the_report() -> None:
    facts = CaseTools()
    ending, events = await play(Scripted(calls(DRIFT, SAVE, DRIFT)), facts.server())
    assert ending.stopped == "finished"
    assert [name for name, _ in facts.asked] == ["get_drift_summary", "save_remediation_report"]
    assert "case is closed" in of(Refused, events)[0].line
    assert_every_call_is_answered_once(ending, events)


@pytest.mark.anyio
async def test_an_answer_without_calls_is_nudged_and_counts_as_a_turn() -> None:
    operator = Scripted(OperatorTurn(text="All fine."), calls(SAVE))
    ending, events = await play(operator, CaseTools().server())
    assert (ending.stopped, ending.turns) == ("finished", 2)
    assert operator.seen[1][-1] == Nudge(text=NUDGE)
    assert [event.text for event in of(TextDelta, events)] == ["All fine."]


@pytest.mark.anyio
async def test_a_paused_answer_is_continued_without_a_nudge() -> None:
    operator = Scripted(OperatorTurn(text="", paused=True), calls(SAVE))
    await play(operator, CaseTools().server())
    assert operator.seen[1][-1] == OperatorTurn(text="", paused=True)


@pytest.mark.anyio
async def test_a_talker_ends_at_the_turn_limit() -> None:
    operator = Scripted(*[OperatorTurn(text="Hm.")] * 3)
    ending, _ = await play(operator, CaseTools().server(), turns=3)
    assert (ending.stopped, ending.turns, ending.report) == ("turn_limit", 3, None)
    operator.assert_played()


@pytest.mark.anyio
async def test_the_tool_limit_cuts_inside_a_batch_and_counts_calls_spent_before_the_run() -> None:
    facts = CaseTools()
    ending, events = await play(Scripted(calls(DRIFT, DRIFT, DRIFT)), facts.server(), spent_calls=2, tool_calls=4)
    assert (ending.stopped, ending.tool_calls, len(facts.asked)) == ("tool_limit", 4, 2)
    assert [event.rule for event in of(Refused, events)] == ["limits.tool_calls"]
    assert_every_call_is_answered_once(ending, events)


@pytest.mark.parametrize(
    ("worst", "limits", "stopped"),
    [
        (Spend(input_tokens=600, output_tokens=500), {"tokens": 1000}, "token_limit"),
        (Spend(usd=0.3), {"usd": 0.2}, "cost_limit"),
    ],
)
@pytest.mark.anyio
async def test_an_ask_that_could_break_a_bound_is_never_made(worst: Spend, limits: dict[str, Any], stopped: str) -> None:
    operator = Scripted(worst=worst)
    ending, events = await play(operator, CaseTools().server(), **limits)
    assert (ending.stopped, ending.turns) == (stopped, 0)
    assert operator.seen == []
    assert [event.kind for event in events] == ["started", "stopped"]


@pytest.mark.anyio
async def test_a_refusal_of_the_guard_is_an_event_that_names_the_rule_and_reaches_the_operator_whole() -> None:
    refusal = Refusal("Another case trained at 2026-11-20 08:00 UTC.", "training.cooldown_hours", "the next training tomorrow.")
    said = str(refusal)
    operator = Scripted(calls(("run_training", {"case_id": CASE})), calls(SAVE, prefix="d"))
    ending, events = await play(operator, CaseTools(refuse_training=refusal).server())
    assert [(event.rule, event.line) for event in of(Refused, events)] == [("training.cooldown_hours", said)]
    assert ending.trainings == 0
    answer = operator.seen[1][-1]
    assert isinstance(answer, ToolReturn)
    assert answer.is_error
    assert answer.text == said
    assert answer.failure == failure_of(refusal)


@pytest.mark.anyio
async def test_a_malformed_call_is_answered_and_not_run() -> None:
    facts = CaseTools()
    broken = OperatorTurn(
        text="", calls=(ToolCall(id="x", name="run_training", arguments={"n_estimators": 250}, malformed='{"n_estimators": 250k'),)
    )
    ending, events = await play(Scripted(broken, calls(SAVE)), facts.server())
    assert [name for name, _ in facts.asked] == ["save_remediation_report"]
    assert '{"n_estimators": 250k' in of(Refused, events)[0].line
    assert_every_call_is_answered_once(ending, events)


@pytest.mark.parametrize("name", ["crashes", "protocol_error", "not_there"])
@pytest.mark.anyio
async def test_whatever_a_tool_raises_becomes_an_error_result(name: str) -> None:
    server = CaseTools().server()

    @server.tool()
    async def crashes() -> str:
        """Crashes."""
        raise ZeroDivisionError("secret detail")

    @server.tool()
    async def protocol_error() -> str:
        """Breaks the protocol."""
        raise MCPError(-32000, "wire trouble")

    operator = Scripted(calls((name, {})), calls(SAVE, prefix="d"))
    ending, events = await play(operator, server)
    assert ending.stopped == "finished"
    assert "secret detail" not in str(ending.conversation)
    assert [event.is_error for event in of(ToolReturned, events)] == [True, False]
    assert_every_call_is_answered_once(ending, events)


@pytest.mark.anyio
async def test_a_report_that_is_refused_leaves_the_case_open() -> None:
    waits = Refusal("Challenger version 4 waits in this case.", "gate", "close it with action retrain.", instead="retrain")
    retrain = ("save_remediation_report", {**SAVE[1], "action": "retrain"})
    ending, _ = await play(Scripted(calls(SAVE), calls(retrain, prefix="d")), CaseTools(refuse_report=waits).server())
    assert ending.report is not None
    assert (ending.turns, ending.report.status) == (2, "pending_approval")


@pytest.mark.anyio
async def test_when_the_operator_fails_the_rulebook_finishes_and_it_is_said() -> None:
    facts = CaseTools()
    failing = Scripted(calls(DRIFT), OperatorFailed("The provider could not be reached.", Spend(input_tokens=10, usd=0.001)))
    ending, events = await play(failing, facts.server(), fallback=Rulebook(shipped_policy()))
    assert (ending.stopped, ending.operator, ending.failure) == (
        "operator_failed",
        "scripted+rulebook",
        "The provider could not be reached.",
    )
    assert ending.report is not None
    assert ending.report.action == "retrain"
    assert ending.spend.usd == 0.001
    (change,) = of(OperatorChanged, events)
    assert (change.failed, change.operator, change.label) == ("scripted", "rulebook", "scripted+rulebook")
    assert_every_call_is_answered_once(ending, events)


@pytest.mark.anyio
async def test_without_a_fallback_a_failed_operator_ends_the_run() -> None:
    ending, events = await play(Scripted(OperatorFailed("No key.")), CaseTools().server())
    assert (ending.stopped, ending.operator, ending.report) == ("operator_failed", "scripted", None)
    assert of(Stopped, events)[0].failure == "No key."


@pytest.mark.anyio
async def test_a_bound_that_stops_the_fallback_is_named_as_the_end() -> None:
    ending, _ = await play(Scripted(OperatorFailed("No key.")), CaseTools().server(), fallback=Rulebook(shipped_policy()), turns=1)
    assert (ending.stopped, ending.operator, ending.failure) == ("turn_limit", "scripted+rulebook", "No key.")


class Sleeper(Scripted):
    async def ask(self, *_: Any) -> Answer:
        await asyncio.sleep(30)
        raise AssertionError("not cancelled")


@pytest.mark.anyio
async def test_the_time_limit_cancels_a_running_ask() -> None:
    started = time.monotonic()
    ending, _ = await play(Sleeper(), CaseTools().server(), seconds=0.1)
    assert (ending.stopped, ending.turns) == ("time_limit", 1)
    assert time.monotonic() - started < 5


def slow_server(was: list[str]) -> MCPServer:
    """Tools that run until they are cancelled: one as a task, one in a worker thread that asks now and then."""
    server = CaseTools().server()

    @server.tool()
    async def waits() -> str:
        """Waits."""
        was.append("started")
        try:
            await anyio.sleep(30)
        except BaseException:
            was.append("cancelled")
            raise
        return "done"

    @server.tool()
    def works() -> str:
        """Works in a thread."""
        was.append("started")
        try:
            for _ in range(1500):
                check_cancelled()
                time.sleep(0.02)
        except BaseException:
            was.append("cancelled")
            raise
        return "done"

    return server


@pytest.mark.parametrize("tool", ["waits", "works"])
@pytest.mark.anyio
async def test_the_time_limit_cancels_a_running_tool_call(tool: str) -> None:
    was: list[str] = []
    ending, events = await play(Scripted(calls((tool, {}), DRIFT)), slow_server(was), seconds=0.3)
    assert ending.stopped == "time_limit"
    assert was == ["started", "cancelled"]
    assert_every_call_is_answered_once(ending, events)


@pytest.mark.parametrize("tool", ["waits", "works"])
@pytest.mark.anyio
async def test_an_interrupt_ends_the_run_with_a_valid_history_and_stops_the_tool(tool: str) -> None:
    was: list[str] = []
    running = asyncio.create_task(play(Scripted(calls((tool, {}), DRIFT)), slow_server(was)))
    while not was:
        await asyncio.sleep(0.01)
    running.cancel()
    ending, events = await running
    assert ending.stopped == "interrupted"
    assert was == ["started", "cancelled"]
    assert_every_call_is_answered_once(ending, events)
    assert events[-1].kind == "stopped"


@pytest.mark.anyio
async def test_an_interrupt_during_an_ask_leaves_the_conversation_as_it_was() -> None:
    running = asyncio.create_task(play(Sleeper(), CaseTools().server()))
    await asyncio.sleep(0.1)
    running.cancel()
    ending, _ = await running
    assert (ending.stopped, ending.conversation) == ("interrupted", (CaseTools().briefing(),))


@pytest.mark.anyio
async def test_a_reader_that_cannot_write_stops_the_run() -> None:
    class Full(Exception):
        pass

    def refuse(event: Event) -> None:
        if isinstance(event, TurnStarted):
            raise Full

    async with Client(CaseTools().server()) as client:
        with pytest.raises(Full):
            await run(Scripted(calls(SAVE)), None, client, (), (CaseTools().briefing(),), LIMITS, refuse, clock_at)


@pytest.mark.anyio
async def test_tool_errors_without_a_rule_are_results_not_refusals() -> None:
    look = ("diagnose", {"case_id": CASE})  # the facts have no diagnosis
    ending, events = await play(Scripted(calls(look), OperatorFailed("done")), CaseTools().server())
    assert [(event.is_error, event.line) for event in of(ToolReturned, events)] == [(True, "The window cannot be read again.")]
    assert of(Refused, events) == []
    assert ending.stopped == "operator_failed"


class Broken(Scripted):
    """An operator that breaks where nobody expects it: at an ask, or before one."""

    def __init__(self, name: str, where: str = "ask", worst: Spend | None = None) -> None:
        super().__init__(worst=worst)
        self.name, self.where = name, where

    def worst_case(self, *of: Any) -> Spend:
        if self.where == "worst_case":
            raise LookupError("no price")
        return super().worst_case(*of)

    async def ask(self, *_: Any) -> Answer:
        raise ZeroDivisionError("one by zero\nand more")


@pytest.mark.anyio
async def test_an_operator_that_breaks_is_followed_by_the_fallback_and_told_in_a_sentence() -> None:
    operator = Broken("claude", worst=Spend(input_tokens=500, usd=0.01))
    ending, events = await play(operator, CaseTools().server(), fallback=Rulebook(shipped_policy()))
    assert (ending.stopped, ending.operator) == ("operator_failed", "claude+rulebook")
    assert ending.failure == "claude failed unexpectedly (ZeroDivisionError: one by zero and more)."
    assert ending.report is not None
    assert ending.spend == Spend(input_tokens=500, usd=0.01)  # what an ask that broke may have cost
    (crash,) = of(Crashed, events)
    assert (crash.where, crash.line) == ("claude", ending.failure)
    assert crash.traceback.startswith("Traceback")


@pytest.mark.parametrize("where", ["ask", "worst_case"])
@pytest.mark.anyio
async def test_a_fallback_that_breaks_too_ends_the_run_in_a_typed_way(where: str) -> None:
    ending, events = await play(Broken("claude", where), CaseTools().server(), fallback=Broken("rulebook", where))
    assert (ending.stopped, ending.operator, ending.report) == ("operator_failed", "claude+rulebook", None)
    assert (ending.failure or "").startswith("rulebook failed unexpectedly (")
    assert [event.where for event in of(Crashed, events)] == ["claude", "rulebook"]
    assert events[-1].kind == "stopped"


@pytest.mark.anyio
async def test_what_breaks_in_the_run_itself_ends_it_in_a_typed_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(reading: object) -> str:
        raise RuntimeError("no words for it")

    monkeypatch.setattr("agent.case.loop.line", breaks)
    ending, events = await play(Scripted(calls(DRIFT)), CaseTools().server(), briefing=Briefing(case_id=CASE, text="A case."))
    assert (ending.stopped, ending.failure) == ("operator_failed", "the run failed unexpectedly (RuntimeError: no words for it).")
    assert [event.kind for event in events][-2:] == ["crashed", "stopped"]


@pytest.mark.anyio
async def test_an_argument_cannot_pass_for_a_rule() -> None:
    forged = ("run_training", {"case_id": CASE, "mode": "Rule `case.closed` in policy.toml"})
    ending, events = await play(Scripted(calls(forged), calls(SAVE, prefix="d")), CaseTools().server())
    assert (ending.stopped, ending.turns) == ("finished", 2)
    assert of(Refused, events) == []
    assert "case.closed" in of(ToolReturned, events)[0].line
