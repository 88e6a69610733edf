"""Claude under the real SDK, over real sockets: what is sent, what is read, and how everything that breaks ends."""

import json
import sys
import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from agent.case.events import Event, Refused, TextDelta
from agent.case.loop import Ending, run, tool_specs
from agent.conversation.messages import Nudge, OperatorFailed, OperatorTurn, ToolReturn, ToolSpec
from agent.operators import claude
from agent.operators.claude import Claude, key_available
from agent.operators.rulebook import Rulebook
from pipeline.workspace.operator_settings import OperatorSettings
from tests.agent.case_tools import CASE, CaseTools, clock_at, shipped_policy
from tests.messages_server import Fail, MessagesServer, Reply, Step, Tool

TRAIN = Tool("run_training", {"case_id": CASE, "n_estimators": 250}, id="toolu_train")
SAVE = Tool("save_remediation_report", {"case_id": CASE, "action": "retrain", "summary": "s", "reasoning": "r"}, id="toolu_save")
TOOLS = (ToolSpec(name="get_drift_summary", description="Drift.", input_schema={"type": "object", "properties": {}}),)


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_PROFILE",
        "ANTHROPIC_CUSTOM_HEADERS",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")


def operator(url: str = "", **settings: Any) -> Claude:
    return Claude(OperatorSettings(base_url=url, **settings), "You operate a churn model.")


async def play(
    script: Iterable[Step], facts: CaseTools | None = None, fallback: Rulebook | None = None, **limits: Any
) -> tuple[Ending, list[Event], MessagesServer]:
    facts = facts or CaseTools()
    events: list[Event] = []
    with MessagesServer(script) as server:
        async with Client(facts.server()) as client:
            ending = await run(
                operator(server.url),
                fallback,
                client,
                await tool_specs(client),
                (facts.briefing(),),
                shipped_policy().limits.model_copy(update=limits),
                events.append,
                clock_at,
            )
    return ending, events, server


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_case_is_streamed_end_to_end() -> None:
    facts = CaseTools()
    ending, events, server = await play([Reply(["I train. ", TRAIN]), Reply([SAVE])], facts)

    assert (ending.stopped, ending.operator, ending.turns, ending.trainings) == ("finished", "claude", 2, 1)
    assert [name for name, _ in facts.asked] == ["run_training", "save_remediation_report"]
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["I look at it. ", "I train. ", "I look at it. "]
    turn = ending.conversation[1]
    assert isinstance(turn, OperatorTurn)
    assert turn.text == "I train. "
    assert server.headers[0]["authorization"] == "Bearer test-key"


@pytest.mark.parametrize("chunk", [1, 7, 100])
@pytest.mark.anyio
async def test_a_stream_cut_into_any_pieces_reads_the_same(chunk: int) -> None:
    said = "Überprüfe “tenure” 🙂. "
    train = Tool("run_training", {"case_id": CASE, "n_estimators": 250}, id="toolu_train")
    ending, events, _ = await play([Reply([said, train], chunk=chunk), Reply([SAVE])])
    assert ending.stopped == "finished"
    turn = ending.conversation[1]
    assert isinstance(turn, OperatorTurn)
    assert (turn.text, turn.calls[0].arguments) == (said, {"case_id": CASE, "n_estimators": 250})
    assert said in [event.text for event in events if isinstance(event, TextDelta)]


@pytest.mark.anyio
async def test_what_claude_said_goes_back_unchanged_with_all_results_in_one_message() -> None:
    drift = Tool("get_drift_summary", {}, id="toolu_drift")
    _, _, server = await play([Reply(["Two at once. ", drift, TRAIN]), Reply([SAVE])])

    briefing, said, results = server.requests[1]["messages"]
    assert briefing["role"] == "user"
    assert said == {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "I look at it. ", "signature": "signed"},
            {"type": "text", "text": "Two at once. "},
            {"type": "tool_use", "id": "toolu_drift", "name": "get_drift_summary", "input": {}},
            {"type": "tool_use", "id": "toolu_train", "name": "run_training", "input": {"case_id": CASE, "n_estimators": 250}},
        ],
    }
    assert results["role"] == "user"
    assert [(block["tool_use_id"], block["is_error"]) for block in results["content"]] == [("toolu_drift", False), ("toolu_train", False)]


@pytest.mark.anyio
async def test_each_request_only_adds_to_the_one_before_so_that_the_prompt_cache_holds() -> None:
    script = [Reply(["Hm."]), Reply([TRAIN]), Reply([Tool("get_drift_summary", {}, id="toolu_2")]), Reply([SAVE])]
    _, _, server = await play(script)
    for earlier, later in zip(server.requests, server.requests[1:], strict=False):
        assert len(later["messages"]) > len(earlier["messages"])
        assert json.dumps(later["messages"][: len(earlier["messages"])]) == json.dumps(earlier["messages"])
        assert json.dumps({**later, "messages": []}) == json.dumps({**earlier, "messages": []})


@pytest.mark.anyio
async def test_the_request_that_is_shown_is_the_request_that_is_sent() -> None:
    conversation = (CaseTools().briefing(), Nudge(text="Go on."))
    with MessagesServer([Reply(["Yes."])]) as server:
        asked = operator(server.url, model="claude-opus-5-5", effort="low")
        await asked.ask(conversation, TOOLS, lambda text: None)
        shown = asked.request(conversation, TOOLS)
    assert server.requests == [{**shown, "stream": True}]
    assert (shown["model"], shown["output_config"], shown["cache_control"]) == ("claude-opus-5-5", {"effort": "low"}, {"type": "ephemeral"})


@pytest.mark.anyio
async def test_spend_counts_cached_tokens_at_their_own_price() -> None:
    usage = {"input_tokens": 100, "cache_creation_input_tokens": 1000, "cache_read_input_tokens": 5000, "output_tokens": 300}
    ending, _, _ = await play([Reply([SAVE], usage=usage)])
    assert (ending.spend.input_tokens, ending.spend.output_tokens, ending.spend.cached_tokens) == (6100, 300, 5000)
    assert ending.spend.usd == pytest.approx((2 * (100 + 1.25 * 1000 + 0.1 * 5000) + 10 * 300) / 1e6)


@pytest.mark.parametrize("fault", [Fail(429, "rate_limit_error"), Fail(529, "overloaded_error"), Fail(500, "api_error")])
@pytest.mark.anyio
async def test_a_busy_provider_is_asked_again(fault: Fail) -> None:
    ending, _, server = await play([fault, fault, Reply([SAVE])])
    assert (ending.stopped, ending.turns, len(server.requests)) == ("finished", 1, 3)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ([Fail(429, "rate_limit_error")] * 3, "The provider answered 429 (rate_limit_error): scripted 429"),
        ([Fail(401, "authentication_error")], "The provider rejected the key (401)."),
        ([Fail(400, "invalid_request_error")], "The provider answered 400 (invalid_request_error): scripted 400"),
        (
            [Fail(400, "invalid_request_error", message="prompt is too long: 210000 tokens > 200000 maximum")],
            "The conversation no longer fits into the model's context window.",
        ),
        ([Fail(413, "request_too_large")], "The conversation no longer fits into the model's context window."),
        ([Reply(["I"], ending="error_event")], "The provider broke off its answer (overloaded_error): Overloaded"),
        ([Reply(["I", TRAIN], ending="cut")], "Claude's answer was cut off before its end."),
        ([Reply(["I"], ending="dropped")], "The connection to the provider broke during its answer."),
        ([Reply(["I"], ending="garbage")], "Asking the provider failed (JSONDecodeError)"),
        ([Reply(["I"], stop_reason="max_tokens")], "Claude's answer did not fit into the tokens allowed for one."),
        ([Reply([TRAIN], stop_reason="max_tokens")], "Claude's answer did not fit into the tokens allowed for one."),
        ([Reply([TRAIN], stop_reason="end_turn")], "Claude's answer ended (end_turn) in the middle of a tool call."),
        ([Reply(["I"], stop_reason="model_context_window_exceeded")], "The conversation no longer fits into the model's context window."),
        ([Reply(["I"], stop_reason="novel_reason")], "Claude stopped for a reason this program does not know: novel_reason."),
        ([Reply([], stop_reason="refusal")], "Claude refused to go on: no reason was given."),
        (
            [Reply([], stop_reason="refusal", stop_details={"type": "refusal", "category": "cyber", "explanation": "Not this"})],
            "Claude refused to go on: Not this.",
        ),
    ],
)
@pytest.mark.anyio
async def test_every_fault_ends_in_one_sentence_and_no_tool_runs(script: list[Step], said: str) -> None:
    facts = CaseTools()
    ending, _, _ = await play(script, facts)
    assert (ending.stopped, facts.asked) == ("operator_failed", [])
    assert ending.failure is not None
    assert ending.failure.startswith(said)
    assert "\n" not in ending.failure


@pytest.mark.anyio
async def test_a_failure_in_mid_case_is_finished_by_the_rulebook() -> None:
    facts = CaseTools(gates=(False, True))
    ending, _, _ = await play([Reply([TRAIN]), Reply(["So"], ending="cut")], facts, Rulebook(shipped_policy()))
    assert (ending.stopped, ending.operator, ending.turns) == ("operator_failed", "claude+rulebook", 5)
    assert [given for name, given in facts.asked if name == "run_training"] == [{"n_estimators": 250}, {"n_estimators": 300}]
    assert facts.saved()["action"] == "retrain"


@pytest.mark.anyio
async def test_what_was_streamed_before_a_cut_is_counted() -> None:
    ending, _, _ = await play([Reply(["x" * 3000], ending="dropped")])
    assert ending.spend.input_tokens == 1000
    assert ending.spend.output_tokens >= 1000


@pytest.mark.parametrize(
    "raw", ['{"case_id": "x", "n_estimators": 250k}', '["n_estimators"]', '{"n_estimators": NaN}', '{"n_estimators": 25', "{'single': 1}"]
)
@pytest.mark.anyio
async def test_arguments_that_are_no_json_object_are_answered_and_never_run(raw: str) -> None:
    facts = CaseTools()
    broken = Tool("run_training", {}, id="toolu_broken", raw=raw)
    ending, events, server = await play([Reply([broken]), Reply([SAVE])], facts)
    assert ending.stopped == "finished"
    assert [name for name, _ in facts.asked] == ["save_remediation_report"]
    assert raw in next(event.line for event in events if isinstance(event, Refused))
    (result,) = server.requests[1]["messages"][2]["content"]
    assert (result["tool_use_id"], result["is_error"]) == ("toolu_broken", True)
    assert isinstance(server.requests[1]["messages"][1]["content"][1]["input"], dict)


@pytest.mark.anyio
async def test_a_paused_answer_is_sent_back_as_it_is() -> None:
    _, _, server = await play([Reply(["Wait. "], stop_reason="pause_turn"), Reply([SAVE])])
    assert [message["role"] for message in server.requests[1]["messages"]] == ["user", "assistant"]


def test_an_empty_answer_is_left_out_because_the_wire_refuses_it() -> None:
    conversation = (CaseTools().briefing(), OperatorTurn(text=""), Nudge(text="Go on."))
    assert [message["role"] for message in operator().request(conversation, TOOLS)["messages"]] == ["user", "user"]


def endless() -> Iterable[Step]:
    return (Reply([Tool("get_drift_summary", {}, id=f"toolu_{number}")]) for number in count())


@pytest.mark.anyio
async def test_an_endless_caller_ends_at_the_turn_limit() -> None:
    ending, _, server = await play(endless(), turns=4)
    assert (ending.stopped, len(server.requests)) == ("turn_limit", 4)


@pytest.mark.anyio
async def test_an_endless_caller_ends_at_the_tool_limit() -> None:
    ending, _, server = await play(endless(), tool_calls=3)
    assert (ending.stopped, len(server.requests)) == ("tool_limit", 3)


@pytest.mark.parametrize(("limits", "stopped"), [({"tokens": 30_000}, "token_limit"), ({"usd": 0.13}, "cost_limit")])
@pytest.mark.anyio
async def test_tokens_and_cost_are_checked_before_a_request_leaves(limits: dict[str, Any], stopped: str) -> None:
    usage = {"input_tokens": 9_000, "output_tokens": 2_000}
    ending, _, server = await play((Reply([Tool("get_drift_summary", {}, id=f"t{number}")], usage=usage) for number in count()), **limits)
    assert ending.stopped == stopped
    assert 1 <= len(server.requests) <= 4
    assert ending.spend.tokens <= limits.get("tokens", 1e9)
    assert ending.spend.usd <= limits.get("usd", 1e9)


@pytest.mark.anyio
async def test_with_nothing_left_to_spend_no_request_leaves() -> None:
    ending, _, server = await play([], usd=0.0)
    assert (ending.stopped, server.requests) == ("cost_limit", [])


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_stalled_stream_ends_at_the_time_limit() -> None:
    started = time.monotonic()
    # Long enough to load the SDK first.
    ending, _, _ = await play([Reply(["I"], ending="stalled")], seconds=6)
    assert ending.stopped == "time_limit"
    assert time.monotonic() - started < 20


@pytest.mark.anyio
async def test_an_unreachable_provider_and_a_missing_key_are_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claude, "RETRIES", 0)
    conversation = (CaseTools().briefing(),)
    with pytest.raises(OperatorFailed, match="could not be reached"):
        await operator("http://127.0.0.1:9").ask(conversation, TOOLS, lambda text: None)
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(OperatorFailed, match="no key for the provider"):
        await operator("http://127.0.0.1:9").ask(conversation, TOOLS, lambda text: None)


@pytest.mark.anyio
async def test_a_provider_whose_package_is_missing_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with pytest.raises(OperatorFailed, match=r"churnops\[bedrock\]"):
        await operator(provider="bedrock").ask((CaseTools().briefing(),), TOOLS, lambda text: None)


def test_the_worst_case_covers_every_attempt_and_the_longest_answer() -> None:
    asked = operator()
    conversation = (CaseTools().briefing(),)
    size = len(json.dumps(asked.request(conversation, TOOLS)).encode())
    worst = asked.worst_case(conversation, TOOLS)
    assert worst.input_tokens >= 3 * size / 3
    assert worst.output_tokens == claude.MAX_TOKENS
    assert worst.usd >= (2 * worst.input_tokens + 10 * worst.output_tokens) / 1e6
    longer = (*conversation, ToolReturn(call_id="x", name="y", is_error=False, text="z" * 3000))
    assert asked.worst_case(longer, TOOLS).input_tokens >= worst.input_tokens + 3000


def test_an_unknown_price_is_said_where_the_operator_is_named() -> None:
    assert operator().about == "claude-sonnet-5-5, effort medium"
    assert "no list price known" in operator(model="local-model").about


@pytest.mark.parametrize(
    ("environment", "provider", "available"),
    [
        ({}, "anthropic", False),
        ({"ANTHROPIC_API_KEY": ""}, "anthropic", False),
        ({"ANTHROPIC_API_KEY": "k"}, "anthropic", True),
        ({"ANTHROPIC_AUTH_TOKEN": "k"}, "anthropic", True),
        ({"AWS_PROFILE": "p"}, "anthropic", False),
        ({"AWS_PROFILE": "p"}, "bedrock", True),
        ({"ANTHROPIC_VERTEX_PROJECT_ID": "p"}, "vertex", True),
        ({"ANTHROPIC_API_KEY": "k"}, "vertex", False),
    ],
)
def test_a_key_is_looked_for_where_the_provider_takes_it_from(
    environment: dict[str, str], provider: claude.Provider, available: bool
) -> None:
    assert key_available(environment, provider) is available


FIELDS = {"thinking", "output_config", "cache_control"}


@pytest.mark.parametrize(
    ("refuses", "left_out", "said"),
    [
        ({"thinking"}, {"thinking"}, "no thinking"),
        ({"output_config"}, {"output_config"}, "no effort"),
        ({"cache_control"}, {"cache_control"}, "no caching"),
        ({"thinking", "cache_control"}, FIELDS, "no thinking, no effort, no caching"),
    ],
)
@pytest.mark.anyio
async def test_an_endpoint_that_refuses_what_is_optional_is_asked_without_it_in_the_same_turn(
    refuses: set[str], left_out: set[str], said: str
) -> None:
    told: list[str] = []
    with MessagesServer([Reply(["Yes."]), Reply(["Again."])], refuses=frozenset(refuses)) as server:
        asked = operator(server.url)
        answer = await asked.ask((CaseTools().briefing(),), TOOLS, told.append)
        first = len(server.requests)
        await asked.ask((CaseTools().briefing(),), TOOLS, told.append)
    assert answer.turn.text == "Yes."
    assert (answer.spend.input_tokens, answer.spend.output_tokens) == (1000, 100), "a refusal costs nothing"
    assert FIELDS - server.requests[-1].keys() == left_out
    assert len(server.requests) == first + 1, "what was refused once is not tried again"
    assert sum(f"The endpoint takes {said}: asked without." in text for text in told) == 1
    assert f"the endpoint takes {said}" in asked.about


@pytest.mark.anyio
async def test_a_request_that_is_refused_whatever_is_left_out_is_a_failure_of_the_first() -> None:
    with MessagesServer([], refuses=frozenset({"model"})) as server:
        asked = operator(server.url)
        with pytest.raises(OperatorFailed, match="answered 400"):
            await asked.ask((CaseTools().briefing(),), TOOLS, lambda text: None)
    assert len(server.requests) == 5
    assert asked.about == "claude-sonnet-5-5, effort medium"


@pytest.mark.parametrize("usage", [None, {"input_tokens": 0, "output_tokens": 0}])
@pytest.mark.anyio
async def test_a_provider_that_counts_nothing_is_counted_by_our_own_estimate(usage: dict[str, int] | None) -> None:
    conversation = (CaseTools().briefing(),)
    with MessagesServer([Reply(["x" * 3000], usage=usage)]) as server:
        asked = operator(server.url)
        answer = await asked.ask(conversation, TOOLS, lambda text: None)
    sent = len(json.dumps(server.requests[0], ensure_ascii=False))
    assert sent / 4 <= answer.spend.input_tokens <= sent
    assert 3000 / 4 <= answer.spend.output_tokens <= 3000
    assert answer.spend.usd > 0


@pytest.mark.anyio
async def test_an_output_that_is_only_counted_at_its_beginning_is_not_believed() -> None:
    from agent.operators.claude_answer import StreamedAnswer
    from agent.operators.prices import price_of

    answer = StreamedAnswer()
    with MessagesServer([Reply(["x" * 3000])]) as server:
        import anthropic

        async with anthropic.AsyncAnthropic(base_url=server.url) as client:
            asked = [{"role": "user", "content": "Hm?"}]
            async for event in await client.messages.create(model="m", max_tokens=9, messages=asked, stream=True):  # type: ignore[call-overload]
                if event.type == "message_delta":
                    event.usage = None
                answer.take(event)
    assert answer.spend(price_of("claude-sonnet-5-5"), 9).output_tokens >= 3000 / 4
