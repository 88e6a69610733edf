"""A provider that lies, retries, stalls and asks for ever spends nothing beyond the five bounds: overshoot is 0."""

import asyncio
import math
import time
from collections.abc import Iterable
from itertools import count
from typing import Any

import pytest
from mcp.types import ToolAnnotations

from agent.case.events import Event, Refused, Spent, ToolCalled, ToolReturned, TurnStarted
from agent.case.loop import Ending
from agent.conversation.messages import OperatorFailed, ToolReturn
from pipeline.workspace.policy import Limits
from tests.agent.case_tools import CASE, CaseTools, shipped_policy
from tests.agent.operators.test_claude import isolated as isolated
from tests.agent.operators.test_claude import operator, play
from tests.messages_server import Endless, Fail, MessagesServer, Reply, Step, Tool

LIMITS = shipped_policy().limits
BUSY = Fail(529, "overloaded_error", {"retry-after-ms": "1"})
HUGE = {"input_tokens": 10**9, "output_tokens": 10**9}


def drift(number: int) -> Tool:
    return Tool("get_drift_summary", {}, id=f"toolu_{number}")


def reply(number: int, **how: Any) -> Reply:
    return Reply([drift(number)], **how)


def many(each: int) -> Iterable[Step]:
    return (Reply([drift(turn * each + place) for place in range(each)]) for turn in count())


def unparsed() -> Iterable[Step]:
    return (Reply([Tool("run_training", {}, id=f"t{turn}", raw='{"n_estimators": 250k')]) for turn in count())


def retried() -> Iterable[Step]:
    for turn in count():
        yield from (BUSY, BUSY, reply(turn))


# what the provider does, the bounds it meets, and how the run may end
ATTACKS: dict[str, tuple[Any, dict[str, Any], set[str]]] = {
    "huge claims": (lambda: [reply(0, usage=HUGE)], {}, {"operator_failed"}),
    "huge claims of the cache": (
        lambda: [reply(0, usage={"input_tokens": 1, "output_tokens": 1, "cache_read_input_tokens": 10**12})],
        {},
        {"operator_failed"},
    ),
    "claims that creep up": (lambda: (reply(turn, usage={"input_tokens": 9_000, "output_tokens": 2_000}) for turn in count()), {}, set()),
    "claims below nothing": (
        lambda: (reply(turn, usage={"input_tokens": -(10**9), "output_tokens": -5}) for turn in count()),
        {"turns": 3},
        {"turn_limit"},
    ),
    "retries without end": (lambda: (BUSY for _ in count()), {}, {"operator_failed"}),
    "every call retried twice": (retried, {"tokens": 60_000}, {"token_limit"}),
    "a stalled stream": (lambda: [reply(0, ending="stalled")], {"seconds": 0.4}, {"time_limit"}),
    "many parallel calls": (lambda: many(40), {"tool_calls": 7}, {"tool_limit"}),
    "calls without end": (lambda: many(1), {"turns": 4}, {"turn_limit"}),
    "calls that do not parse": (unparsed, {"tool_calls": 3}, {"tool_limit"}),
    "talk without end": (lambda: (Reply(["x" * 500]) for _ in count()), {"turns": 3}, {"turn_limit"}),
    "pauses without end": (lambda: (Reply(["x"], stop_reason="pause_turn") for _ in count()), {"turns": 3}, {"turn_limit"}),
    "no money": (list, {"usd": 0.0}, {"cost_limit"}),
    "little money": (lambda: many(1), {"usd": 0.16}, {"cost_limit"}),
}


def assert_no_overshoot(ending: Ending, events: list[Event], server: MessagesServer, limits: Limits, facts: CaseTools) -> None:
    turns = [event for event in events if isinstance(event, TurnStarted)]
    assert ending.turns == len(turns) <= limits.turns
    assert len(server.requests) <= 3 * ending.turns
    assert ending.spend.tokens <= limits.tokens
    assert ending.spend.usd <= limits.usd
    assert min(ending.spend.input_tokens, ending.spend.output_tokens, ending.spend.usd) >= 0
    called = [event for event in events if isinstance(event, ToolCalled)]
    assert ending.tool_calls == len(called) <= limits.tool_calls
    assert len(facts.asked) <= limits.tool_calls
    reserved = 0
    for event in events:  # each ask was set aside before it was made, and cost no more than that
        if isinstance(event, TurnStarted):
            reserved = event.reserved.tokens
        elif isinstance(event, Spent):
            assert event.spend.tokens <= reserved
            assert event.total.tokens - event.spend.tokens + reserved <= limits.tokens
    answered = [event.call_id for event in events if isinstance(event, ToolReturned | Refused)]
    assert answered == [message.call_id for message in ending.conversation if isinstance(message, ToolReturn)]


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.anyio
async def test_nothing_is_spent_beyond_a_bound(attack: str) -> None:
    script, changed, stops = ATTACKS[attack]
    limits, facts = LIMITS.model_copy(update=changed), CaseTools()
    ending, events, server = await play(script(), facts, **changed)
    assert_no_overshoot(ending, events, server, limits, facts)
    assert not stops or ending.stopped in stops


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_claim_beyond_what_was_set_aside_is_not_believed_and_counted_as_all_of_it() -> None:
    ending, events, _ = await play([reply(0, usage=HUGE)])
    (started,) = [event for event in events if isinstance(event, TurnStarted)]
    assert ending.spend == started.reserved
    assert ending.failure is not None
    assert ending.failure.startswith("The provider counts 2,000,000,000 tokens")


@pytest.mark.anyio
async def test_attempts_that_failed_count_as_reading_the_request_again() -> None:
    once, _, _ = await play([Reply([Tool("save_remediation_report", SAVE)])])
    thrice, _, server = await play([BUSY, BUSY, Reply([Tool("save_remediation_report", SAVE)])])
    assert len(server.requests) == 3
    assert thrice.spend.input_tokens > once.spend.input_tokens + 1_000
    assert thrice.spend.usd > once.spend.usd


@pytest.mark.anyio
async def test_an_ask_that_is_cut_off_counts_as_the_most_it_can_have_cost() -> None:
    ending, events, _ = await play([reply(0, ending="stalled")], seconds=0.4)
    (started,) = [event for event in events if isinstance(event, TurnStarted)]
    assert ending.spend == started.reserved
    assert not math.isclose(ending.spend.usd, 0.0)


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [
        Endless(b"\n" * (1 << 20), "gzip"),
        Endless(b"data: x\n" * (1 << 17)),
        Endless(b"x" * (1 << 20)),
        Endless(b": ping\n\n" * (1 << 17)),
        Endless(b"x" * (1 << 20), status=400),
        Endless(b"x" * (1 << 20), "gzip", status=400),
    ],
    ids=["unpacks without end", "one event of many lines", "one line", "many events", "an error", "an error that unpacks without end"],
)
async def test_an_answer_without_end_is_given_up_while_others_run(answer: Endless) -> None:
    with MessagesServer(()) as warm, pytest.raises(OperatorFailed):  # loads the SDK first
        await operator(warm.url).ask((CaseTools().briefing(),), (), lambda text: None)
    longest, ended = 0.0, False

    async def watch() -> None:
        nonlocal longest
        while not ended:
            begun = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - begun)

    begun = time.process_time()
    with MessagesServer([answer]) as server:
        watching = asyncio.create_task(watch())
        with pytest.raises(OperatorFailed, match=r"larger than any answer|compressed answer"):
            await operator(server.url).ask((CaseTools().briefing(),), (), lambda text: None)
        ended = True
        await watching
    assert longest < 1, "a deadline is heard in time"
    assert time.process_time() - begun < 5


@pytest.mark.anyio
async def test_a_provider_that_counts_nothing_is_counted_by_our_estimate() -> None:
    said = "word " * 400
    ending, events, _ = await play([Reply([said, Tool("save_remediation_report", SAVE)], usage={"input_tokens": 0, "output_tokens": 0})])
    (started,) = [event for event in events if isinstance(event, TurnStarted)]
    assert ending.stopped == "finished"
    assert ending.spend.input_tokens == started.reserved.input_tokens / 3, "one attempt of three"
    assert ending.spend.output_tokens > 400
    assert ending.spend.usd > 0


SAVE = {"case_id": CASE, "action": "monitor", "summary": "s", "reasoning": "r"}


@pytest.mark.anyio
async def test_calls_that_only_read_run_at_the_same_time_and_are_answered_in_order() -> None:
    running, most = 0, 0

    facts = CaseTools()
    server_of = facts.server

    def server() -> Any:
        built = server_of()

        @built.tool(annotations=ToolAnnotations(read_only_hint=True))
        async def look(number: int) -> dict[str, int]:
            """Looks."""
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.02 * (3 - number))
            running -= 1
            return {"number": number}

        return built

    facts.server = server  # type: ignore[method-assign]
    looks = [Tool("look", {"number": number}, id=f"look_{number}") for number in range(3)]
    script = [
        Reply([*looks, Tool("run_training", {"case_id": CASE}, id="train"), Tool("look", {"number": 2}, id="last")]),
        Reply([Tool("save_remediation_report", SAVE)]),
    ]
    ending, events, _ = await play(script, facts, tool_calls=6)
    returns = [message for message in ending.conversation if isinstance(message, ToolReturn)]
    assert [message.call_id for message in returns[:5]] == ["look_0", "look_1", "look_2", "train", "last"]
    assert [message.text for message in returns[:3]] == ['{"number":0}', '{"number":1}', '{"number":2}']
    assert most == 3
    numbers = [event.number for event in events if isinstance(event, ToolCalled)]
    assert numbers == [1, 2, 3, 4, 5, 6]
