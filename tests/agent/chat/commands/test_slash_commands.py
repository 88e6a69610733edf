"""The commands of a chat on a real workspace: every one works without a key, says what it cannot do, and none is a tool's to type."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.chat.answering.operator_choice import Operators
from agent.chat.chat import Chat, open_chat
from agent.chat.commands.slash_commands import COMMANDS, run_command
from agent.chat.leaving import Leave
from agent.chat.screen.completed_names import names
from agent.chat.screen.completion import ChatCompleter
from agent.chat.screen.lines import Lines
from agent.chat.session.log import read_log
from agent.conversation.messages import Operator
from agent.operators.chat_rulebook.operator import ChatRulebook
from agent.operators.chat_rulebook.published_questions import TOPICS
from agent.operators.rulebook import Rulebook
from pipeline.errors import ChurnopsError
from pipeline.intake.window_choice import WindowChoice
from pipeline.record.opened_workspace import Opened
from pipeline.words import STATUSES
from tests.agent.scripted import Scripted
from tests.reports.conftest import pending_workspace as pending_workspace
from tests.reports.conftest import waiting as waiting
from tests.reports.waiting import Waiting, snapshot

pytestmark = pytest.mark.anyio


def crew_of(opened: Opened, operator: Operator | None = None) -> Operators:
    rulebook = ChatRulebook(opened.policy, opened.settings.data.columns.features, opened.clock)

    def choose(name: str, model: str | None) -> tuple[Operator, None]:
        if name != "rulebook":
            raise ChurnopsError("No key for Claude is set.", "Set ANTHROPIC_API_KEY.")
        return rulebook, None

    return Operators(operator or rulebook, None, choose, lambda: (Rulebook(opened.policy), None))


async def said(chat: Chat, line: str) -> str:
    """What a command shows, and that it is on disk."""
    await chat.take(line)
    last = read_log(chat.opened.workspace.home / "chat" / f"{chat.session.session_id}.jsonl")[-1]
    assert getattr(last, "markdown", None) == chat.session.shown[-1]
    return chat.session.shown[-1]


@pytest.mark.slow
async def test_the_commands_tell_the_story_of_a_case_without_a_key(changed: Opened, tmp_path: Path) -> None:
    async with open_chat(changed, crew_of(changed), WindowChoice(), Lines(), run_command) as chat:
        helped = await said(chat, "/help")
        assert all(f"/{name}" in helped for name in COMMANDS)
        assert "Champion: version 1" in await said(chat, "/status")
        assert "of 19 features drifted" in await said(chat, "/drift")
        near = await said(chat, "/drift TENURE")
        assert "**tenure** (numerical)" in near
        assert "| reference | window |" in near
        assert "There is no feature" in await said(chat, "/drift tenur")
        assert "| test set | this window |" in await said(chat, "/compare")
        assert "no report yet" in await said(chat, "/report")
        assert "Nothing has been answered yet" in await said(chat, "/why")
        await chat.take("What happened?")
        exchange = chat.session.exchanges[-1]
        assert "concept drift" in exchange.answer.lower()
        assert exchange.ended is not None
        assert exchange.ended.unsourced == ()
        why = await said(chat, "/why")
        assert "diagnosis.confidence" in why or "diagnosis.said" in why
        assert "/show 1" in why
        assert '"case_id"' in await said(chat, "/show 1")
        assert "no answered call 99" in await said(chat, "/show 99")
        assert "0.0000" in await said(chat, "/cost")
        kept = tmp_path / "kept.md"
        await said(chat, f"/save {kept}")
        assert "## What happened?" in kept.read_text()
        assert "is there already" in await said(chat, f"/save {kept}")
        assert chat.session.session_id in await said(chat, "/resume")


@pytest.mark.slow
async def test_a_call_has_one_number_wherever_it_is_met(changed: Opened, capsys: pytest.CaptureFixture[str]) -> None:
    """The case counts on where another session left off, and begins anew with another window; the session's own count is neither."""
    async with open_chat(changed, crew_of(changed), WindowChoice(), Lines(), run_command) as chat:
        await chat.take("What happened?")
    screen = Lines()
    async with open_chat(changed, crew_of(changed), WindowChoice(), screen, run_command) as chat:
        capsys.readouterr()
        told = await screen.take(chat, "what happened?")
        cited = set(map(int, re.findall(r"\(call (\d+)\)", told.answer)))
        numbers = {call.number for call in told.calls}
        assert cited
        assert cited <= numbers
        assert numbers.isdisjoint({1, 2}), "those were of the session before"
        assert re.findall(r"^✓ (\S+) ", capsys.readouterr().err, re.MULTILINE) == [str(call.number) for call in told.calls]
        why = await said(chat, "/why")
        assert set(map(int, re.findall(r"\bcall (\d+)", why))) <= numbers
        assert re.findall(r"/show (\S+)`", why) == [str(call.number) for call in told.calls]
        for call in told.calls:
            shown = await said(chat, f"/show {call.number}")
            assert shown.startswith(f"**Call {call.number}**")
            assert f'"call": {call.number}' in shown
        await said(chat, "/window rows 400")
        again = await screen.take(chat, "tell me about tenure")
        newer = again.calls[-1].number
        while newer is not None and newer not in numbers:  # until both cases have a call of that number
            again = await screen.take(chat, f"tell me about {changed.settings.data.columns.features[newer]}")
            newer = again.calls[-1].number
        assert f"(call {newer})" in again.answer
        assert "**, inspect_feature" in await said(chat, f"/show {newer}")
        earlier = next(number for number, one in chat.session.results.items() if one.ended and one.ended.cited == newer)
        assert "**, inspect_feature" not in await said(chat, f"/show #{earlier}"), "the older one is still there"
        assert "no answered call 99" in await said(chat, "/show 99")
        assert "Which call?" in await said(chat, "/show 1 #1")


async def test_a_plain_decline_is_an_answer_and_ends_well(changed: Opened, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Lines()
    async with open_chat(changed, crew_of(changed), WindowChoice(), screen, run_command) as chat:
        assert await screen.run(chat, ["Sing me a song."]) == "finished"
    assert "“help”" in capsys.readouterr().out


async def test_ask_puts_a_question_and_alone_lists_what_is_answered(waiting: Waiting) -> None:
    async with open_chat(waiting.opened, crew_of(waiting.opened), WindowChoice(), Lines(), run_command) as chat:
        await chat.take("/ask what waits?")
        assert chat.session.exchanges[-1].asked == "what waits?"
        assert f"churnops reports approve {waiting.other}" in chat.session.exchanges[-1].answer
        listed = await said(chat, "/ask")
    assert all(topic.phrasings[0] in listed for topic in TOPICS)


async def test_a_challenger_that_waits_is_shown_and_left_to_a_person(waiting: Waiting) -> None:
    opened, case = waiting.opened, waiting.ours
    before = snapshot(waiting)
    async with open_chat(opened, crew_of(opened), WindowChoice(), Lines(), run_command) as chat:
        assert f"/approve {case}" in await said(chat, "/status")
        assert "What a human must decide" in await said(chat, f"/report {case}")
        compared = await said(chat, f"/compare {case}")
        assert "| champion | challenger |" in compared
        assert "ROC-AUC, difference" in compared
        assert "2 challengers wait" in await said(chat, "/approve")
        for verb in ("approve", "reject"):
            assert "no person at a terminal" in await said(chat, f"/{verb} {case}")
    assert snapshot(waiting) == before


@pytest.mark.slow
async def test_a_triage_from_the_chat_is_the_triage_of_the_command(changed: Opened) -> None:
    async with open_chat(changed, crew_of(changed), WindowChoice(), Lines(), run_command) as chat:
        await chat.take("What happened?")
        triaged = await said(chat, "/triage")
        (case,) = changed.cases.all()
        assert case.status in {"pending_approval", "needs_people"}
        assert STATUSES[case.status] in triaged
        assert "run_training" in triaged
        assert chat.session.folded == 1, "what was said before it is handed on in short"


@pytest.mark.slow
async def test_another_window_is_another_case(changed: Opened) -> None:
    async with open_chat(changed, crew_of(changed), WindowChoice(), Lines(), run_command) as chat:
        await chat.take("What moved?")
        assert "last 400 predictions" in await said(chat, "/window rows 400")
        await chat.take("What moved?")
        assert len(changed.cases.all()) == 2
        assert {case.window.rows for case in changed.cases.all() if case.window} == {900, 400}
        for wrong in ("/window tomorrow", "/window rows -3", "/window file", "/window since never"):
            assert "Not done" in await said(chat, wrong)
        assert chat.window.words == "last 400 predictions"


@pytest.mark.slow
async def test_training_by_hand_goes_through_the_gate(changed: Opened) -> None:
    async with open_chat(changed, crew_of(changed), WindowChoice(), Lines(), run_command) as chat:
        assert "no estimator 'oracle'" in await said(chat, "/train oracle")
        shown = await said(chat, "/train logistic_regression")
        assert "logistic regression" in shown
        assert "gate.min_roc_auc" in shown


async def test_what_cannot_be_done_is_said_in_a_sentence(changed: Opened) -> None:
    async with open_chat(changed, crew_of(changed), WindowChoice(), Lines(), run_command) as chat:
        assert "Did you mean `/drift`?" in await said(chat, "/drfit")
        assert "/help" in await said(chat, "/\x1b[2Jfoo")
        assert "\x1b" not in chat.session.shown[-1]
        assert "No key for Claude" in await said(chat, "/operator claude")
        assert "No key for Claude" in await said(chat, "/model claude-opus-5-5")
        assert "rulebook" in await said(chat, "/operator rulebook")
        assert "No challenger waits" in await said(chat, "/reject")
        assert "no case" in await said(chat, "/approve nonsense")
        with pytest.raises(Leave):
            await chat.take("/quit")
        with pytest.raises(Leave) as left:
            await chat.take(f"/resume {chat.session.session_id}")
        assert left.value.resume == chat.session.session_id


async def test_what_an_operator_says_is_no_command(changed: Opened) -> None:
    operator = Scripted(*(await _turns("/approve", "/quit", "/train", "/triage")))
    async with open_chat(changed, crew_of(changed, operator), WindowChoice(), Lines(), run_command) as chat:
        for _ in range(4):
            await chat.take("Go on.")
        assert chat.session.shown == []
    assert changed.cases.all() == ()


async def _turns(*texts: str) -> Sequence[object]:
    from tests.agent.chat.table import words

    return [words(text) for text in texts]


def test_tab_completes_commands_features_and_cases(changed: Opened) -> None:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    completer = ChatCompleter(lambda kind: names(changed, kind), {name: command.about for name, command in COMMANDS.items()})

    def completed(text: str, *, tab: bool = True) -> list[str]:
        return [one.text for one in completer.get_completions(Document(text), CompleteEvent(completion_requested=tab))]

    assert completed("/dr") == ["/drift"]
    assert completed("/drift ten") == ["tenure"]
    assert completed("/train log") == ["logistic_regression"]
    assert completed("/operator c") == ["claude"]
    assert "who approved the last model?" in completed("/ask who app")
    assert completed("is ten") == ["tenure"]
    assert completed("is ten", tab=False) == []
    assert completed("/nothing x") == []
