"""The events of a run as OpenTelemetry spans: triage, turn, call of a tool, training; without a word of what was said (extra `otel`).

Model and tools are named as OpenTelemetry's conventions for generative AI do (`gen_ai.…`), of which content is left out. What is in a span is
chosen here: names of ours, numbers, the case's id. So no row, no argument, no answer and no secret gets into one.
"""

import os
import re
import warnings
from functools import cache
from typing import TYPE_CHECKING

from agent.case.events import Event, OperatorChanged, Refused, Spent, Started, Stopped, ToolCalled, ToolProgress, ToolReturned, TurnStarted
from pipeline.churnops_version import churnops_version
from pipeline.errors import Notice

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

_ASKED = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROVIDERS = {"claude": "anthropic"}
_NAME = re.compile(r"[a-z_]{1,40}")  # a tool's name is chosen by a model


class RunSpans:
    """Spans of one run, ended as its events come."""

    def __init__(self, tracer: "Tracer") -> None:
        self._tracer = tracer
        self._run: Span | None = None
        self._turn: Span | None = None
        self._ask: Span | None = None
        self._calls: dict[str, Span] = {}
        self._trainings: dict[str, Span] = {}

    def __call__(self, event: Event) -> None:
        """One event; what belongs to no run is left out."""
        match event:
            case Started():
                self._run = self._begin("invoke_agent churnops", None, "invoke_agent")
                self._run.set_attributes({"gen_ai.conversation.id": event.case_id, "gen_ai.agent.name": "churnops"})
            case TurnStarted():
                self._end_turn()
                self._turn = self._begin("turn", self._run, None)
                self._turn.set_attributes({"churnops.turn": event.turn, "churnops.operator": event.operator})
                self._ask = self._begin(f"chat {event.operator}", self._turn, "chat")
                self._ask.set_attribute("gen_ai.provider.name", _PROVIDERS.get(event.operator, "churnops"))
            case Spent() if self._ask is not None:
                spent = {"input_tokens": event.spend.input_tokens, "output_tokens": event.spend.output_tokens}
                self._ask.set_attributes({f"gen_ai.usage.{name}": count for name, count in spent.items()})
                self._ask.set_attribute("churnops.usd", event.spend.usd)
                self._ask.end()
                self._ask = None
            case OperatorChanged() if self._turn is not None:
                self._turn.set_attribute("error.type", "operator_failed")
            case ToolCalled():
                name = event.name if _NAME.fullmatch(event.name) else "unknown"
                call = self._begin(f"execute_tool {name}", self._turn, "execute_tool")
                call.set_attributes({"gen_ai.tool.name": name, "churnops.call": event.number})
                self._calls[event.call_id] = call
            case ToolProgress() if event.call_id in self._calls and event.call_id not in self._trainings:
                # Of all tools a training alone tells of its stages.
                self._trainings[event.call_id] = self._begin("training", self._calls[event.call_id], None)
            case ToolReturned():
                self._end_call(event.call_id, "tool_error" if event.is_error else None)
            case Refused():
                self._end_call(event.call_id, event.rule or "not_made")
            case Stopped():
                self._end_run(event)

    def _begin(self, name: str, parent: "Span | None", operation: str | None) -> "Span":
        from opentelemetry.context import Context
        from opentelemetry.trace import set_span_in_context

        # Of this run alone: whatever is current in the process belongs to somebody else.
        span = self._tracer.start_span(name, context=set_span_in_context(parent, Context()) if parent else Context())
        if operation is not None:
            span.set_attribute("gen_ai.operation.name", operation)
        return span

    def _end_call(self, call_id: str, error: str | None) -> None:
        for span in (self._trainings.pop(call_id, None), self._calls.pop(call_id, None)):
            if span is not None:
                if error is not None:
                    span.set_attribute("error.type", error)
                span.end()

    def _end_turn(self) -> None:
        for span in (self._ask, self._turn):
            if span is not None:
                span.end()
        self._ask = self._turn = None

    def _end_run(self, event: Stopped) -> None:
        for call_id in (*self._calls,):
            self._end_call(call_id, event.stopped)
        self._end_turn()
        if self._run is not None:
            self._run.set_attributes(
                {"churnops.stopped": event.stopped, "churnops.turns": event.turns, "churnops.trainings": event.trainings}
            )
            if event.failure is not None:
                self._run.set_attribute("error.type", "operator_failed")
            self._run.end()


def spans_where_asked() -> RunSpans | None:
    """Spans for a run where the environment names a collector, as OpenTelemetry's own variables do; else None."""
    tracer = _tracer() if any(os.environ.get(name) for name in _ASKED) else None
    return None if tracer is None else RunSpans(tracer)


@cache  # of the process: what waits to be exported is flushed at its end
def _tracer() -> "Tracer | None":
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ModuleNotFoundError:
        warnings.warn(Notice("A collector of OpenTelemetry is named, but churnops lacks the extra `otel`: no traces."), stacklevel=2)
        return None
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # Not the process's own provider: MLflow and other libraries would put their spans, content included, into the same traces.
    provider = TracerProvider(resource=Resource.create({"service.name": "churnops", "service.version": churnops_version()}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("churnops", churnops_version())
