"""What an operator is handed of a long session: bounded, stable from turn to turn, and no decision is ever lost."""

import json
from typing import Any

import pytest

from agent.chat.answering.claude import ChatClaude
from agent.chat.session.events import Changed, CommandRan
from agent.chat.session.memory import CONTEXT_CHARACTERS, conversation
from agent.conversation.messages import Asked, Conversation, Nudge, OperatorTurn, ToolCall, ToolReturn
from pipeline.workspace.operator_settings import OperatorSettings
from tests.agent.case_tools import CASE, CaseTools
from tests.agent.chat.table import table, turn, words
from tests.agent.scripted import Scripted

pytestmark = pytest.mark.anyio
TRAIN = {"case_id": CASE, "mode": "recent", "n_estimators": 200}


def size(talk: Conversation) -> int:
    return sum(len(message.text) for message in talk)


class Named(Scripted):
    """A script that plays a certain model."""

    def __init__(self, about: str, *steps: Any) -> None:
        super().__init__(*steps)
        self.about = about


async def test_a_long_session_fits_and_the_decision_of_the_first_is_still_there() -> None:
    facts = CaseTools()
    async with table(facts, "always") as chat:
        await chat.ask(Scripted(turn("run_training", **TRAIN), words("Trained.")), "Train it.")
        largest = 0
        for number in range(60):
            operator = Scripted(turn("inspect_feature", feature="x" * 500), words("long answer " * 300))
            chat.clock.advance(minutes=1)
            await chat.ask(operator, f"Question {number}?")
            largest = max(largest, size(operator.seen[-1]))
        assert largest < CONTEXT_CHARACTERS * 1.3
        short = conversation(chat.session, "scripted (a script)")[0]
        assert isinstance(short, Nudge)
        assert "the human said always to run_training" in short.text
        assert "run_training: ROC-AUC 0.8051" in short.text
        assert f"Question {chat.session.folded - 2}?" in short.text


async def test_what_was_folded_can_be_read_again() -> None:
    async with table() as chat:
        await chat.ask(Scripted(turn("get_drift_summary"), words("w" * CONTEXT_CHARACTERS)))
        reader = Scripted(turn("read_result", "c2", call=1), words("There."))
        await chat.ask(reader, "And again?")
        assert "call 1 get_drift_summary: 1 of 19 features drifted" in reader.seen[0][0].text
        assert '"share":0.316' in reader.seen[1][-1].text


async def test_between_foldings_every_request_begins_with_the_bytes_of_the_one_before() -> None:
    claude = ChatClaude(OperatorSettings(), "the prompt")

    def bytes_of(talk: Conversation) -> tuple[str, str]:
        request = claude.request(talk, chat.connection.tools)
        head = json.dumps({key: request[key] for key in ("model", "system", "tools")})
        return head, json.dumps(request["messages"])[:-1]

    before: tuple[str, str] | None = None
    folded = 0
    async with table() as chat:
        for number in range(60):
            operator = Scripted(turn("get_drift_summary", f"c{number}"), words("an answer " * 80))
            await chat.ask(operator, f"Question {number}?")
            for talk in operator.seen:
                now = bytes_of(talk)
                if before is not None:
                    assert now[0] == before[0]
                    folded += not now[1].startswith(before[1])
                before = now
    assert chat.session.folded > 0
    assert folded <= 4, "the prefix moves only when questions are folded, and that is rare"


@pytest.mark.slow
async def test_nothing_of_another_model_is_handed_back_to_one() -> None:
    raw = ({"type": "thinking", "thinking": "", "signature": "of one"}, {"type": "text", "text": "One."})
    async with table() as chat:
        await chat.ask(Named("one", turn("get_drift_summary"), OperatorTurn(text="One.", raw=raw)), "First?")
        two = Named("two", words("Two."))
        await chat.ask(two, "Second?")
        handed = two.seen[0]
        assert [type(message) for message in handed] == [Nudge, Asked]
        assert "answer 1: One." in handed[0].text
        again = Named("one", words("One again."))
        await chat.ask(again, "Third?")
        assert not any(isinstance(message, ToolReturn) for message in again.seen[0]), "a result whose call is not there would be refused"


@pytest.mark.parametrize("what", ["window", "command"])
async def test_what_was_read_before_another_window_or_a_change_is_not_taken_for_now(what: str) -> None:
    facts = CaseTools()
    async with table(facts) as chat:
        await chat.ask(Scripted(turn("get_drift_summary"), words("It moved.")))
        if what == "window":
            chat.session.record(Changed(at=chat.clock(), what="window", to="last 14d"))
        else:
            chat.session.record(CommandRan(at=chat.clock(), line="/triage", markdown="**retrain**: pending approval", changes=True))
        after = Scripted(turn("get_drift_summary", "c2"), words("And now?"))
        await chat.ask(after, "And now?")
        assert not any(isinstance(message, ToolReturn) for message in after.seen[0])
        assert ("last 14d" if what == "window" else "the human ran /triage") in after.seen[0][0].text
        assert len(facts.asked) == 2


async def test_an_answer_that_two_gave_is_whole_for_the_one_who_goes_on() -> None:
    from agent.conversation.messages import OperatorFailed

    other = Named("other", turn("diagnose", "o1", case_id=CASE), words("It is so."))
    async with table(CaseTools()) as chat:
        await chat.ask(Named("first", turn("get_drift_summary"), OperatorFailed("Gone.")), fallback=other)
        assert any(isinstance(message, ToolReturn) and message.name == "get_drift_summary" for message in other.seen[0])


async def test_a_question_of_a_megabyte_is_cut_and_said() -> None:
    operator = Scripted(words("Long."))
    async with table() as chat:
        await chat.ask(operator, "y" * 1_000_000)
        assert size(operator.seen[0]) < 21_000
        assert "980,000 more characters were left out" in operator.seen[0][0].text


async def test_a_call_is_never_parted_from_its_answer() -> None:
    many = OperatorTurn(text="", calls=tuple(ToolCall(id=f"c{n}", name="get_drift_summary", arguments={}) for n in range(3)))
    async with table() as chat:
        for number in range(30):
            operator = Scripted(many, words("z" * 5000))
            await chat.ask(operator, f"{number}?")
            for talk in operator.seen:
                open_calls: list[str] = []
                for message in talk:
                    if isinstance(message, ToolReturn):
                        assert open_calls.pop(0) == message.call_id
                    elif isinstance(message, OperatorTurn):
                        assert not open_calls
                        open_calls = [call.id for call in message.calls]
                assert not open_calls
