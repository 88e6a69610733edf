"""A session on the terminal: streamed or replayed it is the same text, and nothing in it commands the terminal."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.chat.answering.answer_sources import AnswerSources
from agent.chat.answering.turn import Wish
from agent.chat.markdown import Blocks, clean, rendered
from agent.chat.screen.live_part import LivePart
from agent.chat.screen.screen_state import UNCHECKED
from agent.chat.screen.scroll import Scroll, Styling
from agent.chat.screen.status_line import Standing, status_line
from agent.chat.session.events import Event
from agent.chat.session.session import Session
from agent.conversation.messages import OperatorTurn, Spend, ToolCall
from reports.grounding.grounding import Grounded, Marked
from tests.agent.case_tools import CASE, CaseTools, clock_at, shipped_policy
from tests.agent.chat.table import table, turn, words
from tests.agent.scripted import Scripted

ANSWER = """The share of drifted features is 0.316, and ROC-AUC fell to 0.4711.

| feature | score of its drift |
|---|---|
| a\x1b[31mb | none |
| tenure | score 0.31 |

```
x = a

y = b
```
- one [link](http://evil.example) <b>bold</b>
- two ![image](http://evil.example/x.png)

# Heading
That was it."""


class Piecewise(Scripted):
    """Streams its texts in small pieces."""

    async def ask(self, conversation: Any, tools: Any, emit: Any) -> Any:
        pieces: list[str] = []
        answer = await super().ask(conversation, tools, pieces.append)
        for text in pieces:
            for place in range(0, len(text), 5):
                emit(text[place : place + 5])
        return answer


async def live(width: int, styling: Styling = "colours") -> tuple[str, Sequence[Event], str]:
    """What a session shows as it happens, its events, and what their replay shows."""
    shown: list[str] = []
    async with table(CaseTools(), "yes") as chat:
        scroll = Scroll(shown.append, lambda: width, AnswerSources(chat.session, chat.policy).check, styling)
        chat.session._keep = lambda event: (chat.events.append(event), scroll.show(event))[0]
        chat.person.said = scroll.stream  # type: ignore[method-assign]
        await chat.ask(Piecewise(turn("get_drift_summary", _said="Let me *look*."), words(ANSWER)), "What\tmoved?\x1b[2J")
        await chat.ask(Piecewise(turn("run_training", case_id=CASE, mode="recent"), OperatorTurn(text="Trained.")))
        events = chat.events
    replayed: list[str] = []
    session = Session(lambda event: None, clock_at)
    again = Scroll(replayed.append, lambda: width, AnswerSources(session, shipped_policy()).check, styling)
    for event in events:
        again.show(event)
        session.apply(event)
    return "".join(shown), events, "".join(replayed)


@pytest.mark.anyio
@pytest.mark.parametrize("width", [40, 60, 120])
async def test_a_replay_shows_the_text_that_was_streamed(width: int) -> None:
    shown, _, replayed = await live(width)
    assert shown == replayed
    assert max(map(len, re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines())) <= width


@pytest.mark.anyio
async def test_a_number_without_a_source_is_underlined_and_listed_and_others_are_not() -> None:
    shown, _, _ = await live(100)
    assert "\x1b[4;38;5;160m0.4711\x1b[0m" in shown
    assert "No tool result has 0.4711" in shown
    assert "4;31m0.316" not in shown
    assert "4;31m0.31\x1b" not in shown


@pytest.mark.anyio
async def test_without_colours_the_underline_stays_and_in_a_pipe_nothing_does() -> None:
    mono, _, _ = await live(100, "no_colours")
    assert "\x1b[4m0.4711" in mono
    assert not re.search(r"\x1b\[[\d;]*(3|4|9|10)[0-7]m", mono)
    plain, _, _ = await live(100, "plain")
    assert "\x1b" not in plain
    assert "0.4711" in plain


@pytest.mark.anyio
async def test_markdown_is_rendered_and_what_it_would_load_or_hide_is_shown_as_text() -> None:
    shown, _, _ = await live(100, "plain")
    assert "[link](http://evil.example) <b>bold</b>" in shown
    assert "![image](http://evil.example/x.png)" in shown
    assert "|---|" not in shown
    assert "# Heading" not in shown
    assert "x = a\n" in re.sub(r" +\n", "\n", shown)


SANE = re.compile(r"\x1b\[[\d;]*m")


def shown_of(text: str) -> str:
    written: list[str] = []
    scroll = Scroll(written.append, lambda: 60, lambda checked: UNCHECKED, "colours")
    scroll.markdown(text)
    return "".join(written)


@given(st.text(max_size=300))
def test_no_text_commands_the_terminal(text: str) -> None:
    left = SANE.sub("", shown_of(text))
    assert clean(left) == left


@given(st.lists(st.text(alphabet="ab |-`~#*\n", max_size=12), max_size=20))
def test_blocks_lose_nothing_however_the_stream_is_cut(pieces: list[str]) -> None:
    blocks = Blocks()
    found = [block for piece in pieces for block in blocks.take(piece)]
    found += blocks.finish()
    at_once = Blocks()
    whole = [*at_once.take("".join(pieces)), *at_once.finish()]
    assert found == whole
    stream = "".join(pieces)
    assert "".join("".join(block.text for block in found).split()) == "".join(stream.split())
    assert all(stream[block.start :].startswith(block.text) for block in found)


def test_what_is_struck_through_is_not_taken_for_a_number_without_a_source() -> None:
    assert "\x1b[4" not in shown_of("It is ~~0.5~~ so.")


def test_a_mark_in_the_middle_of_bold_text_stays_bold() -> None:
    block = "It fell to **0.4711** today."
    found = Grounded("", (), (Marked("0.4711", 13, 19, "in no result"),))
    written: list[str] = []
    scroll = Scroll(written.append, lambda: 60, lambda text: found, "colours")
    scroll.stream(block + "\n\n")
    assert "\x1b[1;4;38;5;160m0.4711" in written[0]
    assert rendered(block, found.unsourced_at).parsed


def test_the_person_sees_all_of_what_they_allow() -> None:
    live_part = LivePart()
    live_part.wish = Wish(ToolCall(id="c", name="run_training", arguments={"mode": "recent", "evil": "a\x1b[2J\n" + "z " * 1000}), "")
    lines = live_part.lines("", 60, 30, "plain")
    said = "\n".join(lines)
    assert "run_training wants to run" in said
    assert "mode recent" in said
    assert "a[2J " in said
    assert "\x1b" not in said
    assert "1,505 more" in said
    assert all(len(line) <= 60 for line in lines)


@pytest.mark.parametrize("width", [20, 60, 120, 300])
def test_what_goes_on_fits_the_terminal(width: int) -> None:
    live_part = LivePart(queue=[f"question {number} " * 9 for number in range(9)])
    live_part.begin("working")
    live_part.calling(ToolCall(id="c", name="run_training", arguments={"mode": "recent"}))
    live_part.share, live_part.message = 0.4, "fold 2"
    lines = live_part.lines("word " * 500, width, 12, "plain")
    assert len(lines) <= 12
    assert all(len(line) <= width for line in lines)
    assert any("━" in line for line in lines)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_the_status_line_says_what_fits(width: int) -> None:
    session = Session(lambda event: None, clock_at)
    session.operator, session.window = "claude (claude-sonnet-5-5, effort medium; no list price known)", "last 7d"
    session.spend = Spend(input_tokens=12_000, output_tokens=345, usd=0.0123)
    line = status_line(session, Standing("v3", 0.32), shipped_policy(), width)
    assert len(line) <= width
    assert line.startswith("claude (claude-sonn" if width >= 80 else "claude")
    assert width < 40 or "champion v3" in line
    if width >= 120:
        assert all(part in line for part in ("window last 7d", "champion v3", "drift 32%", "12,345 tokens", "$0.0123"))
