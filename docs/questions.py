"""Writes docs/questions.md from the rulebook's table of intents; a test fails when it is out of date."""

from pathlib import Path

from agent.operators.chat_rulebook.question_table import INTENTS
from agent.operators.chat_rulebook.recognition import Intent

QUESTIONS = Path(__file__).parent / "questions.md"

_TOP = """# What the rulebook answers in a chat

Made from the code by `python docs/questions.py`.

`churnops chat` works without a key and without a network: the rulebook then answers the questions below, from the same tools and under the same
guard as Claude. It does not converse. A question is recognised by its words alone: a table says which words mean what, and which of them a
question of each kind must hold. So the same question always has the same answer, and it is free.

- Names of features are found however they are spelt (`TotalCharges`, total charges, total_charges). A misspelt one is read as the feature it is
  much like, and the answer says so; a word that may mean several features is asked back.
- A question that can be read in two ways is answered in the more usual one, and the answer names the other.
- Words it does not know are named as not used. Where they are as many as those it does know, it declines in three lines, which
  name the nearest questions; "help" lists all.
- A question that names a time ("since Monday") is answered about the window as it is; where that is another time, the answer names its dates.
- "and by contract?" goes on about the feature of the question before.
- Every number is from a tool result, whose call is cited, as in (call 2). What cannot be had reads "unavailable".
- What changes something is only proposed: a training, or the report that closes a case, waits for your word. Where the diagnosis forbids a
  training it says so instead. Nothing it can reach deploys.

| what it answers | how people ask | tools |
|---|---|---|
"""
_END = """
Anything else is declined. Free conversation takes Claude: set `ANTHROPIC_API_KEY` and start `churnops chat --operator claude`.

Thirty questions over five simulated situations, with what makes an answer right, were written down before the first line of code and stand in
`tests/questions.py`; a test holds that at least 27 are answered rightly or plainly declined, and that no number in any answer is without a source.
Questions in other words are harder. Of 43 more, each set written before its answers were seen, 24 were answered rightly at first sight, 12
plainly declined and 7 misread; words that were missing have been added since. The first twenty stand in `tests/paraphrases.py`. So read what an
answer says it is about. `python bench/chat_answers.py --operator claude` puts the thirty to Claude, with a key.
"""


def questions() -> str:
    """The whole page."""
    return _TOP + "\n".join(map(_row, INTENTS)) + "\n" + _END


def _row(intent: Intent) -> str:
    tools = ", ".join(f"`{need}`" for need in intent.needs) or "none"
    return f"| {intent.about} | {'<br>'.join(f'“{example}”' for example in intent.examples)} | {tools} |"


if __name__ == "__main__":
    QUESTIONS.write_text(questions(), encoding="utf-8")
