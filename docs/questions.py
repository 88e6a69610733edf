"""Writes docs/questions.md from the rulebook's published questions; a test fails when it is out of date."""

from pathlib import Path

from agent.operators.chat_rulebook.published_questions import TOPICS, Topic

QUESTIONS = Path(__file__).parent / "questions.md"
SHOWN = 6  # phrasings of a topic

_TOP = """# What the rulebook answers in a chat

Made from the code by `python docs/questions.py`.

`churnops chat` works without a key and without a network: the rulebook then answers the questions below, from the same tools and under the same
guard as Claude. It does not converse. A question is recognised by its likeness to published phrasings (pieces of three to five letters, words and
pairs of words, weighed by how rare they are, and a linear classifier upon them); they stand, all of them, in
`agent/operators/chat_rulebook/published_questions.tsv`. The same question always has the same answer, and it is free.

- What it is not sure of it declines, and offers the three nearest; "help" lists all. `/ask` and Tab complete every published question.
- Names of features are found however they are spelt (`TotalCharges`, total charges, total_charges).
- A question that names a time ("since Monday") is answered about the window as it is, and the answer names its dates.
- What was asked for stands first; what happened and what to do, or which model serves and what waits, stand behind it.
- Every number is from a tool result, whose call is cited, as in (call 2). What cannot be had is said to be unavailable or not known.
- It changes nothing. A training and the report that closes a case are `/triage` and `/train`, a deployment is `/approve`: commands of yours.

| what it answers | how people ask, among others | tools |
|---|---|---|
"""
_END = """
Anything else is declined. Free conversation takes Claude, or [another model](local-models.md): set `ANTHROPIC_API_KEY` and start
`churnops chat --operator claude`.

Measured on questions that it was not made from: of sixteen that others had asked, fifteen were answered rightly and one declined; of forty that
were written before the code, 29 rightly, 9 declined, 2 misread. The bounds of likeness were chosen on the phrasings themselves, each judged by those it
was not fitted on, where about half are answered and no more than 5% misread. So read what an answer says it is about. `python bench/chat_answers.py
--operator claude` puts thirty questions over five simulated situations to Claude, with a key.
"""


def questions() -> str:
    """The whole page."""
    return _TOP + "\n".join(map(_row, TOPICS)) + "\n" + _END


def _row(topic: Topic) -> str:
    tools = ", ".join(f"`{need}`" for need in topic.needs) or "none"
    return f"| {topic.about} | {'<br>'.join(f'“{phrasing}”' for phrasing in topic.phrasings[:SHOWN])} | {tools} |"


if __name__ == "__main__":
    QUESTIONS.write_text(questions(), encoding="utf-8")
