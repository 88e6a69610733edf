"""What a human starts from a chat and then watches: a triage, or a training by hand. Both are what the commands of these names do."""

from typing import TYPE_CHECKING

from agent.case.events import Event, OperatorChanged, Refused, ToolCalled, ToolProgress, ToolReturned, TurnStarted
from agent.chat.markdown import sentence, table
from agent.conversation.messages import Spend
from pipeline.words import STATUSES, action_name

if TYPE_CHECKING:
    from agent.chat.chat import Chat
    from pipeline.training.job import Progress


class _Told:
    """What a triage did, as it is watched, and as a table of its calls."""

    def __init__(self, chat: "Chat") -> None:
        self._doing = chat.screen.doing
        self._names: dict[str, str] = {}
        self.rows: list[tuple[str, str]] = []

    def __call__(self, event: Event) -> None:
        match event:
            case TurnStarted():
                self._doing(f"{event.operator} is thinking")
            case ToolCalled():
                self._names[event.call_id] = event.name
                self._doing(event.name)
            case ToolProgress():
                self._doing(event.message or "running", event.done / event.total if event.total else None)
            case ToolReturned():
                self.rows.append((event.name, event.line))
            case Refused():
                self.rows.append((event.name, f"refused: {event.line}"))
            case OperatorChanged():
                self.rows.append((event.failed, f"failed: {event.reason} {event.operator} went on."))


async def triage_told(chat: "Chat") -> tuple[str, Spend]:
    """Take the window through a case; what came of it as Markdown, and what it cost.

    Raises:
        ChurnopsError: the window cannot be read or measured.
    """
    from agent.case.triage import triage

    operator, fallback = chat.crew.for_triage()
    told = _Told(chat)
    outcome = await triage(chat.opened, chat.window.reader(chat.opened), operator, fallback, told)
    parts = [f"**{action_name(outcome.action)}: {STATUSES[outcome.status]}** (case `{outcome.case_id}`, {outcome.operator})"]
    if outcome.diagnosis is not None:
        parts.append(sentence(outcome.diagnosis.said))
    if told.rows:
        parts.append(table(("call", "what it said"), told.rows))
    if outcome.failure:
        parts.append(sentence(outcome.failure))
    if outcome.stopped not in {"finished", "operator_failed"}:
        parts.append(f"Stopped: {outcome.stopped.replace('_', ' ')}. `/triage` again continues the case.")
    parts.append(f"`/report {outcome.case_id}` shows the report." + (f" Then `/approve {outcome.case_id}`." if outcome.challenger else ""))
    used = outcome.tokens
    spend = Spend(input_tokens=used.input, output_tokens=used.output, cached_tokens=used.cached, usd=outcome.cost_usd)
    return "\n\n".join(parts), spend


async def training_told(chat: "Chat", estimator: str) -> str:
    """Train by hand, as `churnops train` does; what came of it as Markdown.

    Raises:
        ChurnopsError: there is no such estimator, the gate was not passed, or the training did not finish.
    """
    from agent.training_by_hand import train_by_hand
    from pipeline.families import family_named
    from reports.markdown_cells import MEASURES, figure

    if estimator:
        family_named(estimator)  # refused before anything is shown as running

    async def show(stage: "Progress") -> None:
        chat.screen.doing(stage.said, stage.fraction)

    trained = await train_by_hand(chat.opened, estimator or None, show)
    result = trained.result
    parts = [
        f"**{result.estimator.replace('_', ' ')}** on {result.train_rows:,} rows, judged on {result.metrics.n:,}, in {result.seconds:.0f} s.",
        table(("measure", "value (interval)"), [(words, figure(getattr(result.metrics, name))) for name, words in MEASURES]),
        "\n".join(f"- {check.mark} `{check.rule}`: {sentence(check.said)}" for check in result.gate.checks),
    ]
    if trained.case is None:
        parts.append(f"It is the champion now, version {result.version}.")
    else:
        case_id = trained.case.case_id
        parts.append(f"Challenger version {result.version} waits: `/report {case_id}`, then `/approve {case_id}` or `/reject {case_id}`.")
    return "\n\n".join(parts)
