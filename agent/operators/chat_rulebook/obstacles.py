"""What stands against a training that the diagnosis asks for, as far as tool results of the conversation tell."""

from agent.operators.chat_rulebook.facts import Facts
from agent.operators.chat_rulebook.wording import said, source


def obstacle(facts: Facts) -> str | None:
    """A challenger that waits, or the refusal of the tools, in a sentence or two; None where neither is known."""
    compared = facts.compared
    if compared is not None and compared.waiting and compared.next_command:
        return f"A challenger waits: version {compared.waiting}{source(compared)}. A person decides with `{compared.next_command}` first."
    if any(one.passed for one in (compared.candidates if compared else ())) or any(one.gate.passed for one in facts.trainings):
        return "A candidate of this case has passed the gate, and the tools refuse another. “Close the case” writes its report."
    if facts.training_refused is not None:
        return f"The tools refused a training in this session: {said(facts.training_refused)}"
    return None
