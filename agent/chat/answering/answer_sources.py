"""What an answer rests on: its numbers tied to the session's tool results, for the underline and for `/why`."""

from collections.abc import Iterator

from agent.chat.markdown import sentence
from agent.chat.session.session import Exchange, Session
from pipeline.workspace.policy import Policy
from reports.grounding.facts import Evidence
from reports.grounding.grounding import Grounded, ground
from reports.markdown_cells import cell_code

RECENT = 20  # questions whose results an answer may rest on; what lies further back has to be read again


class AnswerSources:
    """The evidence of a session, as it stands when asked."""

    def __init__(self, session: Session, policy: Policy) -> None:
        self._session = session
        self._policy = Evidence(None, "policy", policy.model_dump(mode="json"))

    def check(self, text: str) -> Grounded:
        """Tie the numbers of `text` to the results there are."""
        return ground(text, (*self._results(), self._policy))

    def why(self) -> str:
        """What the last answer rests on, as Markdown."""
        answered = [exchange for exchange in self._session.exchanges if exchange.answer]
        if not answered:
            return "Nothing has been answered yet."
        last = answered[-1]
        found = self.check(last.answer)
        parts = [f"**Question {last.number}** rests on:"]
        if found.sources:
            # Lines, not a table: a path that a narrow column cuts cannot be looked up.
            lines = (
                f"- **{sentence(one.number)}**: {_where(one.call, one.name)}, `{cell_code(one.path)}` = {one.value:g}"
                for one in found.sources
            )
            parts.append("\n".join(dict.fromkeys(lines)))
        if found.unsourced:
            parts.append(f"**Without a source:** {', '.join(dict.fromkeys(found.unsourced))}. Do not rely on it.")
        if not found.sources and not found.unsourced:
            parts.append("There is no number in it.")
        cited = {source.call for source in found.sources}
        parts.append("\n".join(self._calls(last, cited)) or "No tool was called for it.")
        return "\n\n".join(parts)

    def _calls(self, last: Exchange, cited: set[int | None]) -> Iterator[str]:
        """The calls made for the answer, and earlier ones that it rests on."""
        for exchange in self._session.exchanges[-RECENT:]:
            for number in exchange.calls:
                result = self._session.results[number]
                if result.ended is None or result.ended.cached_from is not None:
                    continue
                known, shown = result.ended.cited, self._session.label(result)
                if exchange is last or (known in cited and shown == str(known)):
                    yield f"- `/show {shown}` {sentence(result.call.name)}"

    def _results(self) -> Iterator[Evidence]:
        # The newest first: where two bear out a number alike, an answer means that one.
        for exchange in reversed(self._session.exchanges[-RECENT:]):
            yield Evidence(None, "you", {"asked": exchange.asked})
            for number in reversed(exchange.calls):
                ended = self._session.results[number].ended
                if ended is None or ended.is_error or ended.cached_from is not None:
                    continue
                found = ended.structured if ended.structured is not None else {"text": ended.text[:20_000]}
                result = self._session.results[number]
                yield Evidence(ended.cited, result.call.name, found)


def _where(call: int | None, name: str) -> str:
    if call is None:
        return "your own words" if name == "you" else name
    return sentence(f"call {call}, {name}")
