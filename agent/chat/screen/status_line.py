"""The line below the prompt: who operates, what it looks at, what serves, and what is left to spend."""

from dataclasses import dataclass

from agent.chat.markdown import clean
from agent.chat.session.session import Session
from pipeline.workspace.policy import Policy

_BETWEEN = " · "
_WIDE = 80  # columns from which the model stands behind the operator's name


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
    # In the order of the line, each with its importance from 0.
    parts = [
        (0, _operator(session.operator, width)),
        (3, f"window {clean(session.window)}"),
        (1, f"champion {standing.champion}"),
        (1, f"drift {drift}"),
        (3, f"{spend.tokens:,} tokens"),
        (2, f"${spend.usd:.4f}"),
        (4, left),
        (5, f"{limits.turns} turns, {limits.tool_calls} calls a question"),
    ]
    shown: list[int] = []
    for place in sorted(range(len(parts)), key=lambda place: parts[place][0]):
        tried = sorted([*shown, place])
        if len(_BETWEEN.join(parts[one][1] for one in tried)) <= width:
            shown = tried
    return _BETWEEN.join(parts[place][1] for place in shown)


def _operator(shown: str, width: int) -> str:
    """Name and model, the name alone where there is little room; remarks behind them are for `/operator`."""
    first, rest, _ = clean(shown).replace("\n", " ").partition(";")
    words = f"{first})" if rest else first
    if width < _WIDE:
        words = words.partition(" (")[0]
    return words if len(words) <= width else f"{words[: max(0, width - 1)]}…"
