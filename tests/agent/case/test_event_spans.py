"""A run as spans: triage, turn, call, training, one below the other; named as OpenTelemetry's conventions do, and without a word of content."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent.case.event_spans import RunSpans, _tracer, spans_where_asked
from agent.case.events import (
    Crashed,
    Event,
    OperatorChanged,
    Refused,
    Spent,
    Started,
    Stopped,
    TextDelta,
    ToolCalled,
    ToolProgress,
    ToolReturned,
    TurnStarted,
)
from agent.case.readers import Readers
from agent.conversation.messages import Spend
from pipeline.errors import Notice
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tests.conftest import NOON

SECRET = "hunter2"  # stands wherever a model, a tool, a row or an error puts words
SPEND = Spend(input_tokens=900, output_tokens=40, usd=0.01)
RUN: tuple[Event, ...] = (
    Started(at=NOON, case_id="2026-11-21-abc", operator="claude", about=SECRET, window=SECRET, limits=load_policy(policy_text(), {}).limits, tool_calls=0),
    TurnStarted(at=NOON, turn=1, operator="claude"),
    TextDelta(at=NOON, text=SECRET),
    Spent(at=NOON, turn=1, spend=SPEND, total=SPEND),
    ToolCalled(at=NOON, call_id=f"a{SECRET}", number=1, name="run_training", arguments={"why": SECRET}),
    ToolProgress(at=NOON, call_id=f"a{SECRET}", done=1, total=2, message=SECRET),
    ToolProgress(at=NOON, call_id=f"a{SECRET}", done=2, total=2, message=SECRET),
    ToolReturned(at=NOON, call_id=f"a{SECRET}", name="run_training", is_error=False, line=SECRET, structured={"row": SECRET}),
    ToolCalled(at=NOON, call_id="b", number=2, name=f"drop {SECRET}", arguments={}),
    Refused(at=NOON, call_id="b", name=f"drop {SECRET}", rule="limits.tool_calls", line=SECRET),
    TurnStarted(at=NOON, turn=2, operator="claude"),
    Crashed(at=NOON, where="claude", line=SECRET, traceback=SECRET),
    Spent(at=NOON, turn=2, spend=Spend(), total=SPEND),
    OperatorChanged(at=NOON, failed="claude", operator="rulebook", label="claude+rulebook", about=SECRET, reason=SECRET),
    TurnStarted(at=NOON, turn=3, operator="rulebook"),
    ToolCalled(at=NOON, call_id="c", number=3, name="diagnose", arguments={}),
    Stopped(
        at=NOON, stopped="interrupted", operator="claude+rulebook", turns=3, tool_calls=3, trainings=1, spend=SPEND, report=None, failure=SECRET
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def spans() -> dict[str, ReadableSpan]:
    """The spans of the run by name, the first of each."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    reader = RunSpans(provider.get_tracer("test"))
    for event in RUN:
        reader(event)
    ended = sorted(kept.get_finished_spans(), key=lambda span: span.start_time or 0)
    assert SECRET not in "".join(span.to_json() for span in ended)
    assert len(ended) == 11  # all that began
    return {span.name: span for span in reversed(ended)}


def test_a_training_stands_below_its_call_its_turn_and_its_triage(spans: dict[str, ReadableSpan]) -> None:
    parents, ids = {}, {span.context.span_id: name for name, span in spans.items() if span.context}
    for name, span in spans.items():
        parents[name] = ids.get(span.parent.span_id) if span.parent else None
    assert parents["training"] == "execute_tool run_training"
    assert parents["execute_tool run_training"] == parents["chat claude"] == "turn"
    assert parents["turn"] == "invoke_agent churnops" and parents["invoke_agent churnops"] is None
    assert len({span.context.trace_id for span in spans.values() if span.context}) == 1


def test_calls_of_the_model_and_of_tools_are_told_by_the_conventions(spans: dict[str, ReadableSpan]) -> None:
    asked, called = spans["chat claude"].attributes or {}, spans["execute_tool run_training"].attributes or {}
    assert (asked["gen_ai.operation.name"], asked["gen_ai.provider.name"]) == ("chat", "anthropic")
    assert (asked["gen_ai.usage.input_tokens"], asked["gen_ai.usage.output_tokens"]) == (900, 40)
    assert (called["gen_ai.operation.name"], called["gen_ai.tool.name"]) == ("execute_tool", "run_training")
    assert (spans["invoke_agent churnops"].attributes or {})["gen_ai.conversation.id"] == "2026-11-21-abc"
    assert (spans["execute_tool unknown"].attributes or {})["error.type"] == "limits.tool_calls"
    assert (spans["execute_tool diagnose"].attributes or {})["error.type"] == "interrupted"


def test_nobody_is_sent_anything_unless_a_collector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    assert spans_where_asked() is None


def test_a_collector_without_the_extra_is_said_once_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    _tracer.cache_clear()
    heard: list[Event] = []
    with pytest.warns(Notice, match="lacks the extra `otel`"):
        readers = Readers(heard.append)
    for event in RUN:
        readers(event)
    assert len(heard) == len(RUN)
    _tracer.cache_clear()
