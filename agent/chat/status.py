"""The line below the prompt: who operates, what it looks at, what serves, and what is left to spend."""

from dataclasses import dataclass

from agent.chat.markdown import clean
from agent.chat.session import Session
from pipeline.policy import Policy


@dataclass
class Standing:
    """What the line says beyond the session: version of the champion and share of drifted features, 0-1, as last seen."""

    champion: str = "…"
    drift: float | None = None


def status_line(session: Session, standing: Standing, policy: Policy, width: int) -> str:
    """The line, at most `width` columns: what does not fit is left out, the least important first."""
    spend, chat, limits = session.spend, policy.chat, policy.limits
    drift = "–" if standing.drift is None else f"{standing.drift:.0%}"
    left = f"{max(0, chat.tokens - spend.tokens):,} tokens, ${max(0.0, chat.usd - spend.usd):.2f} left"
    # Importance from 0; the order is the order on the line.
    parts = [
        (0, _operator(session.operator)),
        (2, f"window {clean(session.window)}"),
        (1, f"champion {standing.champion}"),
        (1, f"drift {drift}"),
        (2, f"{spend.tokens:,} tokens"),
        (1, f"${spend.usd:.4f}"),
        (3, left),
        (4, f"{limits.turns} turns, {limits.tool_calls} calls a question"),
    ]
    for least in range(5, 0, -1):
        line = " · ".join(words for importance, words in parts if importance < least)
        if len(line) <= width:
            return line
    return line[: max(0, width - 1)] + "…"


def _operator(shown: str) -> str:
    """Name and model; remarks behind them are for `/operator`."""
    first, rest, _ = clean(shown).replace("\n", " ").partition(";")
    return f"{first})" if rest else first
