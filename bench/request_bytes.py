"""Bytes of a triage by Claude: what the real SDK sends to a loopback server for one case that trains and closes, against the plain way.

The plain way opens with one sentence, reads one result a turn as the server sends it (indented JSON, every digit), and sends all of it again
each turn. Ours opens with the three results every case needs, says each shortly, and only ever adds to the end, so the provider's prompt
cache holds what was sent before. Both have the same prompt, tools, and decisions.

    python bench/request_bytes.py
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the loopback server is a part of the tests

from agent.case.briefing import system_prompt
from agent.case.triage import triage
from agent.operators.claude import Claude
from agent.setup.new_workspace import set_up_synthetic
from agent.training_by_hand import train_by_hand
from pipeline.clock import utc_now
from pipeline.intake.windows import logged_window
from pipeline.record.cases import Call
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.workspace.operator_settings import OperatorSettings
from pipeline.worlds.simulation import simulate
from prompts import policy_text
from tests.messages_server import MessagesServer, Reply, Tool

CUSTOMERS, SEED, WINDOW = 2_500, 11, 1_500
WORDS = "Customers of the same kind behave differently now: trained on recent outcomes, the candidate passed the gate. " * 3


def prepared(folder: Path) -> Opened:
    """A workspace whose champion meets customers who behave differently."""
    set_up_synthetic(folder, CUSTOMERS, SEED)
    opened = open_workspace(folder, policy_text(), utc_now)
    anyio.run(train_by_hand, opened, None, silent)
    simulate(opened, "behaviour_change", WINDOW, labelled_share=0.7, seed=3)
    return opened


async def silent(_: object) -> None:
    """Training's progress, unread."""


def answers(opened: Opened) -> Iterator[Reply]:
    """What Claude says: train as the diagnosis asks, then close; the case is open by the time the first answer is asked for."""
    case = opened.cases.all()[0].case_id
    yield Reply(
        ["I train as the diagnosis asks. ", Tool("run_training", {"case_id": case, "mode": "recent", "n_estimators": 200}, id="toolu_1")]
    )
    closing = {"case_id": case, "action": "retrain", "summary": WORDS[:200], "reasoning": WORDS}
    yield Reply(["The gate passed. ", Tool("save_remediation_report", closing, id="toolu_2")])


def sent(opened: Opened) -> list[dict[str, Any]]:
    """The requests of one triage, as they arrive."""
    os.environ.setdefault("ANTHROPIC_API_KEY", "loopback")
    with MessagesServer(answers(opened)) as server:
        operator = Claude(OperatorSettings(base_url=server.url), system_prompt(opened.policy))
        outcome = anyio.run(triage, opened, partial(logged_window, opened), operator, None, lambda _: None)
    assert (outcome.stopped, outcome.operator, outcome.action) == ("finished", "claude", "retrain"), outcome.failure
    return server.requests


def plain(first: dict[str, Any], calls: Sequence[Call]) -> list[dict[str, Any]]:
    """The requests of the same case in the plain way."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Triage the current window and close the case."}]
    requests = [{**first, "messages": list(messages)}]
    for call in calls[:-1]:
        use = {"type": "tool_use", "id": f"toolu_{call.number}", "name": call.tool, "input": call.arguments}
        messages.append({"role": "assistant", "content": [{"type": "text", "text": "Next. "}, use]})
        result = {"type": "tool_result", "tool_use_id": use["id"], "content": json.dumps(call.result, indent=2), "is_error": False}
        messages.append({"role": "user", "content": [result]})
        requests.append({**first, "messages": list(messages)})
    return requests


def size(value: object) -> int:
    """Bytes of a value as the SDK writes it."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def repeated(requests: Sequence[dict[str, Any]]) -> int:
    """Bytes that repeat the request before, unchanged from the start: what the prompt cache holds."""
    held = 0
    for earlier, later in pairwise(requests):
        assert later["messages"][: len(earlier["messages"])] == earlier["messages"]
        assert {**later, "messages": []} == {**earlier, "messages": []}
        held += size(earlier)
    return held


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        opened = prepared(Path(folder))
        ours = sent(opened)
        others = plain(ours[0], opened.cases.calls(opened.cases.all()[0].case_id))
        opened.state.close()
    rows = {"churnops": ours, "plain": others}
    print(f"{'':10}{'turns':>6}{'bytes sent':>12}{'repeated':>10}{'new':>9}{'largest':>9}")
    for name, requests in rows.items():
        total, held = sum(map(size, requests)), repeated(requests)
        print(f"{name:10}{len(requests):6}{total:12,}{held:10,}{total - held:9,}{max(map(size, requests)):9,}")
    ratio = sum(map(size, others)) / sum(map(size, ours))
    fixed = size({key: ours[0][key] for key in ("system", "tools")})
    print(f"{ratio:.2f} times fewer bytes than the plain way; prompt and tools are {fixed:,} bytes of every request.")


if __name__ == "__main__":
    main()
