"""One question of a chat: bounds, consent, cache, cut results, and every way to be stopped."""

import asyncio
import re
import time
from typing import Any

import pytest
from mcp.server import MCPServer

from agent.chat.session.events import CallEnded, ConsentGiven, OperatorGaveUp
from agent.chat.session.result_budget import KEPT_CHARACTERS, QUESTION_RESULT_CHARACTERS, RESULT_CHARACTERS
from agent.conversation.messages import Answer, Conversation, OperatorFailed, OperatorTurn, Say, Spend, ToolCall, ToolReturn, ToolSpec
from tests.agent.case_tools import CASE, CaseTools, shipped_policy
from tests.agent.chat.table import Table, check_whole, table, turn, words
from tests.agent.scripted import Scripted

pytestmark = pytest.mark.anyio
TRAIN = {"case_id": CASE, "mode": "recent", "n_estimators": 200}
SAVE = {"case_id": CASE, "action": "monitor", "summary": "s", "reasoning": "r"}


def returns(table: Table) -> list[ToolReturn]:
    return [message for exchange in table.session.exchanges for message in exchange.messages if isinstance(message, ToolReturn)]


async def test_a_question_is_answered_from_the_tools() -> None:
    facts = CaseTools()
    operator = Scripted(turn("get_drift_summary"), words("1 of 19 features moved."))
    async with table(facts) as chat:
        assert await chat.ask(operator) == "finished"
        assert chat.session.exchanges[0].answer == "1 of 19 features moved."
        assert chat.session.exchanges[0].ended is not None
        assert chat.session.exchanges[0].ended.unsourced == ()
        assert facts.asked == [("get_drift_summary", {})]
        check_whole(chat.session)
    operator.assert_played()


async def test_a_number_nobody_measured_is_listed() -> None:
    async with table() as chat:
        await chat.ask(Scripted(turn("get_drift_summary"), words("The ROC-AUC fell to 0.4711.")))
        assert chat.session.exchanges[0].ended is not None
        assert chat.session.exchanges[0].ended.unsourced == ("0.4711",)


@pytest.mark.parametrize(("tool", "arguments"), [("run_training", TRAIN), ("save_remediation_report", SAVE)])
async def test_what_changes_something_runs_only_after_a_yes(tool: str, arguments: dict[str, Any]) -> None:
    facts = CaseTools()
    async with table(facts, "no", "yes") as chat:
        await chat.ask(Scripted(turn(tool, **arguments), words("I would have.")))
        assert facts.asked == []
        assert returns(chat)[0].is_error
        await chat.ask(Scripted(turn(tool, **arguments), words("Done.")))
        assert [name for name, _ in facts.asked] == [tool]
        assert [wish.call.arguments for wish in chat.person.wishes] == [arguments, arguments]
        check_whole(chat.session)


async def test_looking_asks_nobody() -> None:
    facts = CaseTools()
    async with table(facts) as chat:
        await chat.ask(Scripted(turn("get_drift_summary"), turn("get_current_model_metrics", "c2", case_id=CASE), words("Fine.")))
        assert len(facts.asked) == 2
        assert chat.person.wishes == []


async def test_a_no_holds_for_the_same_call_as_long_as_the_question_lasts() -> None:
    facts = CaseTools()
    async with table(facts, "no") as chat:
        await chat.ask(Scripted(turn("run_training", **TRAIN), turn("run_training", "c2", **TRAIN), words("Well.")))
        assert facts.asked == []
        assert len(chat.person.wishes) == 1


async def test_a_yes_is_for_the_exact_call_and_changed_arguments_ask_again() -> None:
    facts = CaseTools(gates=(False, False))
    changed = {**TRAIN, "n_estimators": 300}
    async with table(facts, "yes", "no") as chat:
        script = Scripted(
            turn("run_training", **TRAIN), turn("run_training", "c2", **TRAIN), turn("run_training", "c3", **changed), words("Well.")
        )
        await chat.ask(script)
        assert facts.trained() == [{"n_estimators": 200}] * 2
        assert [wish.call.arguments for wish in chat.person.wishes] == [TRAIN, changed]


@pytest.mark.parametrize(
    "changed", [{**TRAIN, "mode": "combined"}, {**TRAIN, "case_id": "another"}, {"case_id": CASE, "mode": "recalibrate"}]
)
async def test_always_covers_values_within_the_policy_and_no_other_case_or_kind(changed: dict[str, Any]) -> None:
    facts = CaseTools(gates=(False, False))
    async with table(facts, "always", "no", "no") as chat:
        script = Scripted(
            turn("run_training", **TRAIN),
            turn("run_training", "c2", **{**TRAIN, "n_estimators": 300}),
            turn("run_training", "c3", **changed),
            turn("save_remediation_report", "c4", **SAVE),
            words("Well."),
        )
        await chat.ask(script)
        assert facts.trained() == [{"n_estimators": 200}, {"n_estimators": 300}]
        assert [(wish.call.name, wish.call.arguments) for wish in chat.person.wishes] == [
            ("run_training", TRAIN),
            ("run_training", changed),
            ("save_remediation_report", SAVE),
        ]


async def test_always_ends_with_the_policy_it_was_given_under() -> None:
    facts = CaseTools(gates=(False, False))
    async with table(facts, "always", "no") as chat:
        await chat.ask(Scripted(turn("run_training", **TRAIN), words("Done.")))
        chat.policy = shipped_policy(training={"retries": 9})
        await chat.ask(Scripted(turn("run_training", "c2", **{**TRAIN, "n_estimators": 300}), words("Well.")))
        assert len(facts.trained()) == 1


async def test_a_tool_nobody_knows_asks_first_and_one_that_is_not_there_does_nothing() -> None:
    server = CaseTools().server()
    called = []

    @server.tool()
    async def frobnicate() -> str:
        """New on this server."""
        called.append("frobnicate")
        return "done"

    async with table(None, "no", server=server) as chat:
        await chat.ask(Scripted(turn("frobnicate"), turn("approve", "c2", case_id=CASE), words("Well.")))
        assert called == []
        assert [wish.call.name for wish in chat.person.wishes] == ["frobnicate"]
        assert returns(chat)[1].is_error
        assert "approve" in returns(chat)[1].text


async def test_the_time_a_person_thinks_does_not_count() -> None:
    policy = shipped_policy(limits={"seconds": 3})
    async with table(CaseTools(), "yes", policy=policy, thinks_seconds=3.1) as chat:
        assert await chat.ask(Scripted(turn("run_training", **TRAIN), words("Done."))) == "finished"


async def test_the_same_look_again_is_answered_from_the_session_and_marked() -> None:
    facts = CaseTools()
    async with table(facts) as chat:
        await chat.ask(Scripted(turn("get_drift_summary"), words("Once.")))
        await chat.ask(Scripted(turn("get_drift_summary", "c2"), words("Twice.")))
        assert len(facts.asked) == 1
        first, second = returns(chat)
        assert second.structured == first.structured
        assert "the answer of call 1" in second.text
        assert len(second.text) < 200, "what stands above is not repeated"
        ended = [event for event in chat.events if isinstance(event, CallEnded)]
        assert [event.cached_from for event in ended] == [None, 1]


@pytest.mark.parametrize("then", ["time", "training"])
async def test_what_may_have_changed_is_looked_at_again(then: str) -> None:
    facts = CaseTools()
    async with table(facts, "yes") as chat:
        await chat.ask(Scripted(turn("get_drift_summary"), words("Once.")))
        if then == "time":
            chat.clock.advance(minutes=11)
        else:
            await chat.ask(Scripted(turn("run_training", **TRAIN), words("Done.")))
        await chat.ask(Scripted(turn("get_drift_summary", "c2"), words("Twice.")))
        assert [name for name, _ in facts.asked].count("get_drift_summary") == 2


def huge_server(is_error: bool) -> MCPServer:
    server = MCPServer("huge", log_level="CRITICAL")

    @server.tool()
    async def inspect_feature(feature: str) -> str:
        """A value of ten million characters."""
        if is_error:
            from mcp.server.mcpserver.exceptions import ToolError

            raise ToolError("x" * 10_000_000)
        return "x" * 10_000_000

    return server


@pytest.mark.parametrize("is_error", [False, True])
async def test_a_huge_value_is_cut_counted_and_paged(is_error: bool) -> None:
    async with table(server=huge_server(is_error)) as chat:
        script = Scripted(
            turn("inspect_feature", feature="tenure"),
            turn("read_result", "c2", call="#1", page=2),
            turn("read_result", "c3", call="#1", page=10_000),
            words("It is long."),
        )
        assert await chat.ask(script) == "finished"
        first, second, third = returns(chat)
        assert first.is_error is is_error
        assert len(first.text) < RESULT_CHARACTERS + 200
        assert re.search(r"\(… 9,988,\d{3} of 10,000,\d{3} characters left out; read_result with call #1 shows them\)", first.text)
        assert second.text.startswith("(call #1, page 2 of ")
        assert third.is_error
        assert "pages" in third.text
        assert sum(len(event.text) for event in chat.events if isinstance(event, CallEnded)) < 2 * KEPT_CHARACTERS
        check_whole(chat.session)


async def test_many_large_results_share_one_questions_budget() -> None:
    async with table(server=huge_server(False)) as chat:
        steps = [turn("inspect_feature", f"c{number}", feature=f"f{number}") for number in range(9)]
        await chat.ask(Scripted(*steps, words("Done.")))
        assert sum(len(answer.text) for answer in returns(chat)) < QUESTION_RESULT_CHARACTERS + 9 * 1200


@pytest.mark.parametrize("given", [{}, {"call": "one"}, {"call": 9}, {"call": True}, {"call": 1, "page": 0}, {"call": 1, "other": 2}])
async def test_a_result_that_is_not_there_is_refused_in_words(given: dict[str, Any]) -> None:
    async with table() as chat:
        await chat.ask(Scripted(turn("get_drift_summary"), turn("read_result", "c2", **given), words("Well.")))
        assert returns(chat)[1].is_error
        assert "number of an earlier call (1)" in returns(chat)[1].text


class Endless:
    """Streams words until it is stopped."""

    name = "endless"
    about = "a test"

    def worst_case(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> Spend:
        return Spend()

    async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
        while True:
            emit("and on ")
            await asyncio.sleep(0.001)


async def test_stopped_in_the_middle_of_an_answer_it_ends_at_once_and_goes_on_later() -> None:
    async with table() as chat:
        task = asyncio.create_task(chat.ask(Endless(), "Tell me everything."))
        while "and on and on" not in chat.person.heard:
            await asyncio.sleep(0.01)
        task.cancel()
        assert await task == "interrupted"
        ended = chat.session.exchanges[0].ended
        assert ended is not None
        assert ended.partial.startswith("and on and on")
        after = Scripted(words("Yes."))
        assert await chat.ask(after, "Still there?") == "finished"
        assert "stopped (interrupted) after saying" in after.seen[0][1].text
        check_whole(chat.session)


async def test_stopped_while_tools_run_every_call_gets_an_answer_and_nobody_waits_for_the_tool() -> None:
    server = MCPServer("slow", log_level="CRITICAL")
    started, release = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    @server.tool()
    def inspect_feature(feature: str) -> str:
        """Blocks a worker thread, which no cancelling ends."""
        loop.call_soon_threadsafe(started.set)
        for _ in range(300):
            if release:
                break
            time.sleep(0.01)
        return "late"

    both = OperatorTurn(
        text="", calls=tuple(ToolCall(id=f"c{number}", name="inspect_feature", arguments={"feature": str(number)}) for number in range(3))
    )
    async with table(server=server) as chat:
        task = asyncio.create_task(chat.ask(Scripted(both)))
        await started.wait()
        task.cancel()
        assert await task == "interrupted"
        assert not release, "the turn ended before the tool did"
        assert [answer.call_id for answer in returns(chat)] == ["c0", "c1", "c2"]
        assert all(answer.is_error for answer in returns(chat))
        check_whole(chat.session)
        release.append(True)


async def test_stopped_while_the_person_is_asked_nothing_runs() -> None:
    facts = CaseTools()
    async with table(facts, "yes", thinks_seconds=60) as chat:
        task = asyncio.create_task(chat.ask(Scripted(turn("run_training", **TRAIN))))
        while not chat.person.wishes:
            await asyncio.sleep(0.01)
        task.cancel()
        assert await task == "interrupted"
        assert facts.asked == []
        assert not [event for event in chat.events if isinstance(event, ConsentGiven)]
        check_whole(chat.session)


@pytest.mark.parametrize(
    ("limits", "stopped"),
    [
        ({"limits": {"turns": 1}}, "turn_limit"),
        ({"limits": {"tokens": 1000}}, "token_limit"),
        ({"limits": {"usd": 0.001}}, "cost_limit"),
        ({"chat": {"tokens": 1000}}, "token_limit"),
        ({"chat": {"usd": 0.001}}, "cost_limit"),
    ],
)
async def test_bounds_of_question_and_session_are_checked_before_spending(limits: dict[str, Any], stopped: str) -> None:
    worst = Spend(input_tokens=600, output_tokens=100, usd=0.0007)
    first = Answer(turn=turn("get_drift_summary"), spend=worst)
    operator = Scripted(first, words("Never asked."), worst=worst)
    async with table(policy=shipped_policy(**limits)) as chat:
        assert await chat.ask(operator) == stopped
        assert len(operator.seen) == 1
        check_whole(chat.session)


async def test_a_session_that_has_spent_all_still_answers_for_free() -> None:
    async with table(policy=shipped_policy(chat={"tokens": 10, "usd": 0.0})) as chat:
        spent = Answer(turn=words("Dear."), spend=Spend(input_tokens=100, output_tokens=10, usd=0.1))
        await chat.ask(Scripted(spent))
        assert await chat.ask(Scripted(words("Free."))) == "finished"
        assert await chat.ask(Scripted(words("No."), worst=Spend(input_tokens=1, usd=0.01))) == "token_limit"


class Weighing(Scripted):
    """What an ask may cost grows with what it is handed."""

    def worst_case(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> Spend:
        return Spend(input_tokens=sum(len(message.text) for message in conversation))


async def test_before_a_bound_stops_a_question_what_went_before_is_shortened() -> None:
    async with table(policy=shipped_policy(limits={"tokens": 9_000})) as chat:
        await chat.ask(Weighing(words("w" * 8_990)))
        after = Weighing(words("Yes."))
        assert await chat.ask(after, "Still there, after so much?") == "finished"
        assert sum(len(message.text) for message in after.seen[0]) < 2_000


async def test_calls_beyond_the_bound_are_refused_and_answered() -> None:
    facts = CaseTools()
    many = OperatorTurn(text="", calls=tuple(ToolCall(id=f"c{n}", name="diagnose", arguments={"case_id": str(n)}) for n in range(5)))
    async with table(facts, policy=shipped_policy(limits={"tool_calls": 2})) as chat:
        assert await chat.ask(Scripted(many)) == "tool_limit"
        assert len(facts.asked) == 2
        assert [answer.call_id for answer in returns(chat)] == ["c0", "c1", "c2", "c3", "c4"]


async def test_where_the_operator_fails_the_other_one_answers() -> None:
    other = Scripted(words("Here."))
    async with table() as chat:
        assert await chat.ask(Scripted(OperatorFailed("It is gone.")), fallback=other) == "finished"
        assert chat.session.exchanges[0].answer == "Here."
        assert await chat.ask(Scripted(OperatorFailed("It is gone.", Spend(input_tokens=7)))) == "operator_failed"
        assert chat.session.spend.tokens == 7


async def test_a_malformed_call_is_answered_and_never_run() -> None:
    facts = CaseTools()
    broken = OperatorTurn(text="", calls=(ToolCall(id="c1", name="get_drift_summary", arguments={}, malformed='{"days": 7d'),))
    async with table(facts) as chat:
        await chat.ask(Scripted(broken, words("Sorry.")))
        assert facts.asked == []
        assert "no JSON object" in returns(chat)[0].text


@pytest.mark.parametrize("where", ["worst_case", "ask"])
@pytest.mark.anyio
async def test_an_operator_that_breaks_is_one_that_failed(where: str) -> None:
    class Broken(Scripted):
        pass

    def breaks(*_: object) -> None:
        raise ZeroDivisionError("one by zero")

    setattr(Broken, where, breaks)
    async with table() as chat:
        assert await chat.ask(Broken(), fallback=Scripted(words("I go on."))) == "finished"
        assert await chat.ask(Broken()) == "operator_failed"
        gone = [event for event in chat.events if isinstance(event, OperatorGaveUp)]
        assert {event.reason for event in gone} == {"scripted failed unexpectedly (ZeroDivisionError: one by zero)."}
        assert [event.next for event in gone] == ["scripted", None]
        assert all("Traceback" in event.traceback for event in gone)
        check_whole(chat.session)
