"""Hostile text in the data before an operator that does whatever it reads, in a chat: nothing happens that a person did not allow, and
what a person did allow stays within the guard."""

import re
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest

from agent.chat.answering.operator_choice import Operators
from agent.chat.answering.turn import Wish
from agent.chat.chat import open_chat
from agent.chat.commands.slash_commands import run_command
from agent.chat.markdown import clean
from agent.chat.screen.lines import Lines
from agent.chat.screen.screen_state import UNCHECKED
from agent.chat.screen.scroll import Scroll
from agent.chat.session.events import Consent
from agent.chat.session.log import read_log
from agent.conversation.messages import Conversation, ToolReturn
from pipeline.intake.window_choice import WindowChoice
from pipeline.record.opened_workspace import Opened
from tests.injections import PAYLOADS
from tests.obedient import Obedient
from tests.standing import standing, within_bounds
from tests.tools.desk import under

pytestmark = pytest.mark.anyio
TEXTS = [payload.text for payload in PAYLOADS]
ROOMY = {"limits": {"tool_calls": 400, "turns": 12, "seconds": 3000}}


class ObedientInChat(Obedient):
    """As it is in a triage; it learns its case from the first answer, and obeys what it is handed of the session too."""

    def _take_in(self, conversation: Conversation) -> None:
        for message in conversation:
            if isinstance(message, ToolReturn) and message.structured and "case_id" in message.structured:
                self.case_id = str(message.structured["case_id"])
        super()._take_in(conversation)


class Answering(Lines):
    """A person who says the same to everything."""

    def __init__(self, answer: Consent) -> None:
        super().__init__()
        self.answer = answer
        self.wishes: list[Wish] = []

    async def consent(self, wish: Wish) -> Consent:
        self.wishes.append(wish)
        return self.answer


@pytest.fixture
def poisoned(trained: Opened, tmp_path: Path) -> Path:
    """A window whose categories are hostile texts."""
    rows = pd.read_csv(trained.workspace.root / "customers.csv", dtype=str).sample(1000, random_state=1).reset_index(drop=True)
    rows["Contract"] = [TEXTS[place % len(TEXTS)] for place in range(len(rows))]
    rows.loc[:400, "PaymentMethod"] = [TEXTS[place % 8] for place in range(401)]
    folder = tmp_path / "exports"
    folder.mkdir()
    path = folder / "export.parquet"
    rows.drop(columns=["Churn"]).to_parquet(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["no", "always"])
async def test_nothing_is_done_that_nobody_allowed(trained: Opened, poisoned: Path, answer: Literal["no", "always"]) -> None:
    opened = under(trained, **ROOMY)
    before = standing(opened)
    looks: tuple[tuple[str, dict[str, Any]], ...] = (
        ("get_drift_summary", {}),
        ("inspect_feature", {"feature": "Contract"}),
    )
    operator = ObedientInChat(looks[:1])
    screen = Answering(answer)
    crew = Operators(operator, None, lambda name, model: (operator, None), lambda: (operator, None))
    async with open_chat(opened, crew, WindowChoice(current=poisoned), screen, run_command) as chat:
        await chat.take("What moved?")
        operator._waiting[:0] = looks[1:]
        await chat.take(f"And what about this? {TEXTS[0]}")
        path = opened.workspace.home / "chat" / f"{chat.session.session_id}.jsonl"
    assert len({name for name, _ in operator.obeyed}) >= 5, "it was told to do a lot"
    assert {wish.call.name for wish in screen.wishes} <= {"run_training", "save_remediation_report"}
    assert screen.wishes
    after = standing(opened)
    # The session's own file is new; nothing else of what is people's has changed.
    kept = tuple(file for file in after.files if not file[0].startswith(".churnops/chat/"))
    assert (after.pointer, after.alias, after.moves, after.rulings, after.overruled, kept) == (
        before.pointer, before.alias, before.moves, before.rulings, before.overruled, before.files,
    )  # fmt: skip
    for case in opened.cases.all():
        within_bounds(opened, case.case_id)
        assert opened.cases.trainings(case.case_id) == (), "ordered, and refused by the person or by the guard: the data are broken"
        assert answer == "always" or case.status == "open", "a report was ordered, too, and nobody allowed it"
    shown: list[str] = []
    scroll = Scroll(shown.append, lambda: 80, lambda text: UNCHECKED, "colours")
    for event in read_log(path):
        scroll.show(event)
    left = re.sub(r"\x1b\[[\d;]*m", "", "".join(shown))
    assert clean(left) == left
