"""The commands of a chat: what begins with a slash is the human's, needs no operator and no key, and no tool can type it."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread

from agent.chat.leaving import Leave, Ran
from agent.chat.markdown import clean, sentence, table
from pipeline.errors import ChurnopsError
from pipeline.words import counted

if TYPE_CHECKING:
    from agent.chat.chat import Chat

T = TypeVar("T")
SHOWN_CHARACTERS = 6_000  # of a result at once; `/show N PAGE` turns the page


@dataclass(frozen=True)
class Command:
    """One command. `run` takes what stands behind its name; `changes` says that what was read before may no longer hold."""

    name: str
    usage: str
    about: str
    run: "Callable[[Chat, str], Awaitable[str]]"
    changes: bool = False


async def run_command(chat: "Chat", text: str) -> tuple[str, bool]:
    """Run what the human typed; returns what to show, and whether things may have changed.

    Raises:
        ChurnopsError: there is no such command, or it cannot be done.
        Leave, Ran: see there.
    """
    name, _, rest = text[1:].partition(" ")
    command = COMMANDS.get(name.lower())
    if command is None:
        import difflib

        close = difflib.get_close_matches(name.lower()[:40], COMMANDS, n=1)
        hint = f" Did you mean `/{close[0]}`?" if close else ""
        raise ChurnopsError(f"There is no command {('/' + clean(name))[:40]!r}.{hint}", "`/help` lists them.")
    return await command.run(chat, rest.strip()), command.changes


async def _in_thread(work: Callable[[], T]) -> T:
    # Left alone when the human says stop: it only reads.
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)


async def _help(chat: "Chat", rest: str) -> str:
    rows = [(f"/{command.name} {command.usage}".strip(), command.about) for command in COMMANDS.values()]
    return f"{table(('command', 'what it does'), rows)}\n\nAnything else is a question. Ctrl-C stops an answer; what you type meanwhile waits its turn."


async def _status(chat: "Chat", rest: str) -> str:
    from agent.chat.commands.shown_record import cases_told
    from pipeline.record.champion import find_champion

    champion = await _in_thread(lambda: find_champion(chat.opened.workspace, chat.opened.ledger))
    version = f"version {champion.version} (`{champion.digest[:12]}`)" if champion else "none yet, run `/train`"
    rows = [
        f"- Champion: {version}",
        f"- Window: {sentence(chat.window.words)}",
        f"- Operator: {sentence(chat.crew.shown)}",
        f"- Session: `{chat.session.session_id}`, {counted(len(chat.session.exchanges), 'question')}, {counted(len(chat.session.results), 'call')}",
    ]
    return "\n".join(rows) + "\n\n" + await _in_thread(lambda: cases_told(chat.opened))


async def _ask(chat: "Chat", rest: str) -> str:
    from agent.operators.chat_rulebook.published_questions import TOPICS

    rows = [(topic.about, topic.phrasings[0]) for topic in TOPICS]
    return f"{table(('what is answered without a key', 'for example'), rows)}\n\n`/ask` and Tab complete every published question."


async def _drift(chat: "Chat", rest: str) -> str:
    from agent.chat.commands.shown_record import drift_told, feature_told, measured_drift

    if rest:
        return await _in_thread(partial(feature_told, chat.opened, chat.window, rest))
    summary = await _in_thread(partial(measured_drift, chat.opened, chat.window))
    chat.screen.measured(summary)
    return drift_told(summary, chat.opened)


async def _triage(chat: "Chat", rest: str) -> str:
    from agent.chat.commands.started_work import triage_told

    markdown, spend = await triage_told(chat)
    raise Ran(markdown, spend)


async def _train(chat: "Chat", rest: str) -> str:
    from agent.chat.commands.started_work import training_told

    return await training_told(chat, rest)


async def _compare(chat: "Chat", rest: str) -> str:
    from agent.chat.commands.shown_record import models_told

    return await _in_thread(partial(models_told, chat.opened, chat.window, rest))


async def _report(chat: "Chat", rest: str) -> str:
    from agent.chat.commands.shown_record import report_told

    return await _in_thread(partial(report_told, chat.opened, rest))


async def _why(chat: "Chat", rest: str) -> str:
    return await _in_thread(chat.grounds.why)


async def _show(chat: "Chat", rest: str) -> str:
    asked = re.fullmatch(r"(#?[0-9]{1,9})(?:\s+([0-9]{1,9}))?", rest)
    if asked is None:
        raise ChurnopsError("Which call?", "`/show 3` shows call 3, `/show 3 2` its second page.")
    number, page = asked[1], int(asked[2] or 1)
    result = chat.session.called(number)
    if result is None or result.ended is None:
        raise ChurnopsError(f"This session has no answered call {number}.", f"It has {', '.join(chat.session.labels()) or 'none'}.")
    structured = result.ended.structured
    text = clean(result.ended.text if structured is None else json.dumps(structured, indent=1, ensure_ascii=False))
    pages = max(1, -(-len(text) // SHOWN_CHARACTERS))
    if not 1 <= page <= pages:
        raise ChurnopsError(f"Call {number} has {pages} pages.", "")
    part = text[(page - 1) * SHOWN_CHARACTERS : page * SHOWN_CHARACTERS].replace("```", "'''")
    head = f"**Call {number}**, {sentence(result.call.name)} {sentence(json.dumps(result.call.arguments, ensure_ascii=False)[:2000])}"
    turn = f" Page {page} of {pages}; `/show {number} {page + 1}` turns it." if page < pages else ""
    return f"{head}{turn}\n\n```json\n{part}\n```"


async def _cost(chat: "Chat", rest: str) -> str:
    spend, session, question = chat.session.spend, chat.opened.policy.chat, chat.opened.policy.limits
    rows = [
        ("tokens read", f"{spend.input_tokens:,}", ""),
        ("… from the cache", f"{spend.cached_tokens:,}", ""),
        ("tokens written", f"{spend.output_tokens:,}", ""),
        ("tokens in all", f"{spend.tokens:,}", f"{session.tokens:,} (chat.tokens)"),
        ("US dollars", f"{spend.usd:.4f}", f"{session.usd:.2f} (chat.usd)"),
    ]
    bounds = f"Each question: {question.turns} turns, {question.tool_calls} calls, {question.tokens:,} tokens, ${question.usd:.2f}, {question.seconds:g} s."
    return f"{table(('spent', 'so far', 'bound'), rows)}\n\n{bounds}"


async def _operator(chat: "Chat", rest: str) -> str:
    if not rest:
        return f"{sentence(chat.crew.shown)}. `/operator rulebook` and `/operator claude` change it."
    chat.change_operator(rest, None)
    return _from_here_on(chat)


async def _model(chat: "Chat", rest: str) -> str:
    if not rest:
        return f"{sentence(chat.crew.shown)}. `/model NAME` lets Claude work with another model."
    chat.change_operator("claude", rest)
    return _from_here_on(chat)


def _from_here_on(chat: "Chat") -> str:
    from agent.operators.data_consent import LEAVES

    said = f"From here on: {sentence(chat.crew.shown)}."
    return f"{said} {sentence(LEAVES)}" if chat.crew.operator.name == "claude" else said


async def _window(chat: "Chat", rest: str) -> str:
    if rest:
        chat.look_at(chat.window.changed(rest))
    return f"Looking at: {sentence(chat.window.words)}. `/window` takes 14d, since 2026-11-01, since-deploy, rows 500, or file PATH."


async def _save(chat: "Chat", rest: str) -> str:
    from agent.chat.screen.markdown_transcript import as_markdown
    from pipeline.atomic_files import write_atomically

    path = Path(rest).expanduser() if rest else chat.opened.workspace.home / "chat" / f"{chat.session.session_id}.md"
    if path.exists() and rest:
        raise ChurnopsError(f"{path} is there already.", "Name another file.")
    write_atomically(path, as_markdown(chat.stored()).encode())
    return f"Written to {sentence(str(path))}. The session itself is kept anyway: `churnops chat --resume {chat.session.session_id}`."


async def _resume(chat: "Chat", rest: str) -> str:
    from agent.chat.session.log import find_session, stored_sessions

    if rest:
        raise Leave(find_session(chat.opened.workspace, rest).stem)
    found = await _in_thread(lambda: stored_sessions(chat.opened.workspace))
    return table(("session", "questions", "began with"), [(one.session_id, str(one.questions), one.first[:60]) for one in found[:20]])


async def _approve(chat: "Chat", rest: str) -> str:
    return await chat.screen.decide(_waiting(chat, rest), approve=True)


async def _reject(chat: "Chat", rest: str) -> str:
    return await chat.screen.decide(_waiting(chat, rest), approve=False)


def _waiting(chat: "Chat", rest: str) -> str:
    if rest:
        return chat.opened.cases.find(rest).case_id
    waiting = [case.case_id for case in chat.opened.cases.all() if case.status == "pending_approval"]
    if len(waiting) != 1:
        raise ChurnopsError(
            "No challenger waits." if not waiting else f"{len(waiting)} challengers wait.", "`/status` shows the cases; name one."
        )
    return waiting[0]


async def _quit(chat: "Chat", rest: str) -> str:
    raise Leave


COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command("help", "", "these commands", _help),
        Command("status", "", "champion, window, operator, cases, and what waits for you", _status),
        Command("ask", "[QUESTION]", "a question, published ones completed; alone, list what is answered without a key", _ask),
        Command("drift", "[FEATURE]", "what moved; or one feature from near", _drift),
        Command("compare", "[CASE]", "champion and challenger on the same rows; else the champion then and now", _compare),
        Command("report", "[CASE]", "the newest report, or that of a case", _report),
        Command("why", "", "what the last answer rests on: call, JSON path, value of each number", _why),
        Command("show", "N [PAGE]", "call N, as answers cite it, with its whole result", _show),
        Command("triage", "", "take the window through a case, within the policy", _triage, changes=True),
        Command("train", "[ESTIMATOR]", "train by hand; a model that passes waits for your approval", _train, changes=True),
        Command("approve", "[CASE]", "deploy the challenger that waits: you confirm it at this terminal", _approve, changes=True),
        Command("reject", "[CASE]", "turn the challenger down", _reject, changes=True),
        Command("window", "[WINDOW]", "look at other rows: 14d, since DATE, since-deploy, rows N, file PATH", _window),
        Command("operator", "[NAME]", "who answers: rulebook or claude", _operator),
        Command("model", "[NAME]", "which model Claude is", _model),
        Command("cost", "", "what this session has spent, and its bounds", _cost),
        Command("save", "[FILE]", "write the session as Markdown", _save),
        Command("resume", "[ID]", "go on with another session; alone, list them", _resume),
        Command("quit", "", "end; the session is kept", _quit),
    )
}
