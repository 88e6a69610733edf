"""One streamed answer of the Messages API, put together from its raw events.

The SDK's own accumulator repairs broken tool arguments without a word (`{"days": 7d` becomes {"days": 7}) or breaks off at them;
here their text is kept, parsed strictly, and a call that is no JSON object is passed on as malformed.
"""

import json
import math
from typing import TYPE_CHECKING, Any

from agent.conversation.messages import OperatorTurn, Spend, ToolCall
from agent.operators.prices import Price
from pipeline.canonical_json import json_once

if TYPE_CHECKING:
    from anthropic.types import MessageDeltaUsage, RawContentBlockDelta, RawMessageStreamEvent, Usage


def most_tokens(text: str) -> int:
    """More tokens than `text` takes: a digit, or a byte of any other script, may be one of its own; words take fewer than half their letters."""
    digits = sum(character in "0123456789" for character in text)
    foreign = sum(len(character.encode("utf-8", "replace")) for character in text if not character.isascii())
    words = sum(character.isascii() for character in text) - digits
    return digits + foreign + math.ceil(words / 2)


class StreamedAnswer:
    """Takes in raw events in order; at any time it can say what has been read, and why it is not whole. `thoughts`: whether summaries of
    its thinking are for people too."""

    def __init__(self, *, thoughts: bool = True) -> None:
        self._thoughts = thoughts
        self._blocks: list[dict[str, Any]] = []
        self._arguments: dict[int, str] = {}
        self._stop: str | None = None
        self._explanation: str | None = None
        self._usage: dict[str, int] = {}
        self._output_counted = False  # at the end, that is: what an answer begins with says nothing of its length
        self._written = 0
        self._begun = False

    def take(self, event: "RawMessageStreamEvent") -> str:
        """Take in one event; returns the text it brings for people, usually none."""
        if event.type == "message_start":
            self._begun = True
            self._count(event.message.usage)
        elif event.type == "content_block_start":
            self._blocks.append(event.content_block.to_dict())
        elif event.type == "content_block_delta":
            return self._grow(event.index, event.delta)
        elif event.type == "message_delta":
            self._stop = event.delta.stop_reason
            self._explanation = event.delta.stop_details.explanation if event.delta.stop_details else None
            self._count(event.usage)
            self._output_counted = bool(event.usage is not None and event.usage.output_tokens)
        return ""

    def _grow(self, index: int, delta: "RawContentBlockDelta") -> str:
        block = self._blocks[index]
        text = ""
        if delta.type == "text_delta":
            text = delta.text
            block["text"] += text
        elif delta.type == "thinking_delta":
            text = delta.thinking
            block["thinking"] += text
        elif delta.type == "signature_delta":
            block["signature"] = delta.signature
        elif delta.type == "input_json_delta":
            self._arguments[index] = self._arguments.get(index, "") + delta.partial_json
            self._written += most_tokens(delta.partial_json)
        self._written += most_tokens(text)
        return "" if delta.type == "thinking_delta" and not self._thoughts else text

    def _count(self, usage: "Usage | MessageDeltaUsage | None") -> None:
        if usage is None:  # of an endpoint that counts nothing
            return
        # Counts are running totals; one that is left out keeps its value, and none gives anything back.
        self._usage.update({name: max(0, value) for name, value in usage if isinstance(value, int)})

    def spend(self, price: Price, asked: int) -> Spend:
        """What was used so far: as reported, and where nothing is, or the answer broke off, no less than our own estimate. `asked`: the most
        tokens that the request can have."""
        fresh, output = self._usage.get("input_tokens", 0), self._usage.get("output_tokens", 0)
        written, read = self._usage.get("cache_creation_input_tokens", 0), self._usage.get("cache_read_input_tokens", 0)
        if self._begun and not fresh + written + read:
            fresh = asked
        if self._stop is None or not self._output_counted:
            output = max(output, self._written)
        return Spend(
            input_tokens=fresh + written + read, output_tokens=output, cached_tokens=read, usd=price.usd(fresh, written, read, output)
        )

    def why_not_whole(self) -> str | None:
        """Why this cannot be used as an answer, in one sentence; None when it can."""
        stop = self._stop
        if stop is None:
            return "Claude's answer was cut off before its end."
        if stop == "refusal":
            return f"Claude refused to go on: {self._explanation or 'no reason was given'}."
        if stop == "max_tokens":
            return "Claude's answer did not fit into the tokens allowed for one."
        if stop == "model_context_window_exceeded":
            return "The conversation no longer fits into the model's context window."
        if stop not in {"end_turn", "stop_sequence", "tool_use", "pause_turn"}:
            return f"Claude stopped for a reason this program does not know: {stop}."
        if stop != "tool_use" and any(block["type"] == "tool_use" for block in self._blocks):
            return f"Claude's answer ended ({stop}) in the middle of a tool call."
        return None

    def turn(self) -> OperatorTurn:
        """The whole answer; the provider's content is kept as it came."""
        calls = []
        for index, block in enumerate(self._blocks):
            if block["type"] == "tool_use":
                calls.append(call := _call(block, self._arguments.get(index, "")))
                block["input"] = call.arguments
        text = "".join(block["text"] for block in self._blocks if block["type"] == "text")
        return OperatorTurn(text=text, calls=tuple(calls), raw=tuple(self._blocks), paused=self._stop == "pause_turn")


def _call(block: dict[str, Any], text: str) -> ToolCall:
    try:
        json_once(text or "{}")  # a key that stands twice says two things
        arguments = json.loads(text, parse_constant=_no_json) if text else block["input"]
    except (ValueError, RecursionError):
        arguments = None
    if isinstance(arguments, dict):
        return ToolCall(id=block["id"], name=block["name"], arguments=arguments)
    return ToolCall(id=block["id"], name=block["name"], arguments={}, malformed=text)


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
