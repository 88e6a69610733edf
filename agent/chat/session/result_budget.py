"""A tool's answer within bounds: what an operator is handed of it, how much was left out, and how to read on."""

from agent.conversation.messages import ToolSpec

RESULT_CHARACTERS = 12_000  # of one answer; the largest of our own tools' stays below
QUESTION_RESULT_CHARACTERS = 36_000  # of all answers to one question, so that many calls cannot fill the window either
PAGE_CHARACTERS = 11_000  # of a page: with its heading it fits into an answer
LEAST_CHARACTERS = 1_000  # of an answer, however many there were: enough to see what it is
KEPT_CHARACTERS = 1_000_000  # of one answer in the session; what lies beyond is counted and gone

READ_RESULT = ToolSpec(
    name="read_result",
    description="Read on in an earlier answer of this session that was cut, or read one again. Pages count from 1.",
    input_schema={
        "type": "object",
        "properties": {
            "call": {"type": ["integer", "string"], "description": "Number of the call as it is shown: 7, or #4"},
            "page": {"type": "integer", "minimum": 1, "default": 1},
        },
        "required": ["call"],
        "additionalProperties": False,
    },
)


def fit(text: str, label: str, used: int) -> str:
    """The part of an answer that is handed on, when answers to the same question have used `used` characters already."""
    room = max(LEAST_CHARACTERS, min(RESULT_CHARACTERS, QUESTION_RESULT_CHARACTERS - used))
    if len(text) <= room:
        return text
    return f"{text[:room]}\n(… {len(text) - room:,} of {len(text):,} characters left out; read_result with call {label} shows them)"


def page(text: str, lost: int, label: str, wanted: int) -> str:
    """Page `wanted` of an answer, of which `lost` characters were not kept.

    Raises:
        ValueError: there is no such page; the sentence says how many there are.
    """
    pages = max(1, -(-len(text) // PAGE_CHARACTERS))
    if wanted > pages:
        raise ValueError(f"Call {label} has {pages} page{'s' if pages > 1 else ''}.")
    gone = f"; {lost:,} characters beyond were not kept" if lost and wanted == pages else ""
    return f"(call {label}, page {wanted} of {pages}{gone})\n{text[(wanted - 1) * PAGE_CHARACTERS : wanted * PAGE_CHARACTERS]}"
