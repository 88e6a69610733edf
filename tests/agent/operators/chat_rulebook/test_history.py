"""What has been going on, asked in chat without a key: over the real tools, by the real client, on a workspace with a past."""

from datetime import timedelta

import pytest

from agent.operators.chat_rulebook.operator import ChatRulebook
from pipeline.record.opened_workspace import Opened
from tests.agent.chat.conftest import changed as changed
from tests.agent.operators.chat_rulebook.test_thirty_questions import unsourced
from tests.conftest import NOON, Clock, copied
from tests.questions import Question, Reply, interview
from tests.reports.conftest import pending_workspace as pending_workspace
from tests.reports.conftest import waiting as waiting
from tests.reports.waiting import Waiting, approve_case
from tests.tools.desk import desk

pytestmark = pytest.mark.anyio


async def asked(opened: Opened, *questions: str) -> dict[str, Reply]:
    async with desk(opened) as at:
        operator = ChatRulebook(opened.policy, opened.settings.data.columns.features, opened.clock)
        replies = await interview(operator, at.client, [Question("", one) for one in questions])
    assert unsourced(replies) == {}
    assert all(not reply.proposed for reply in replies)
    return {reply.question.asked: reply for reply in replies}


async def test_what_waits_and_who_approved(waiting: Waiting) -> None:
    before = await asked(waiting.opened, "what waits?", "who approved the last model?", "when did we last retrain?", "can you deploy it?")
    version = waiting.opened.cases.get(waiting.other).challenger
    assert version is not None
    assert f"Version {version.version} waits for approval" in before["what waits?"].text
    assert f"churnops reports approve {waiting.other}" in before["what waits?"].text
    assert "the first needs no approval" in before["who approved the last model?"].text
    assert f"in case {waiting.other}, passed the gate" in before["when did we last retrain?"].text.strip().splitlines()[0]
    assert before["can you deploy it?"].text.strip().startswith("I cannot: only a person deploys")

    approve_case(waiting.opened, waiting.ours)
    after = await asked(waiting.opened, "who approved the last model?", "which model is in production?", "what waits?")
    approved = after["who approved the last model?"].text.strip().splitlines()[0]
    assert "Ada, “The gate passed and the drift is real.”" in approved
    serves = waiting.case.challenger
    assert serves is not None
    assert (
        f"Version {serves.version} (digest `{serves.digest[:12]}`) serves since 2026-11-21" in after["which model is in production?"].text
    )


async def test_how_many_predictions_and_what_changed(changed: Opened) -> None:
    told = await asked(changed, "how many predictions did we log yesterday?", "what changed recently in this workspace?")
    counted = told["how many predictions did we log yesterday?"]
    logged = counted.results["get_history"]["history"]["predictions"]
    yesterday = f"{changed.clock() - timedelta(days=1):%Y-%m-%d}"
    assert f"Yesterday: {logged['per_day'].get(yesterday, 'none')}" in counted.text
    assert f"{logged['rows']} predictions are logged, the newest of {logged['newest'][:10]}" in counted.text
    assert all(f"{day}: {count}" in counted.text for day, count in logged["per_day"].items())
    assert "Last triage" in told["what changed recently in this workspace?"].text


@pytest.mark.slow
async def test_when_it_began_is_told_day_by_day(changed: Opened) -> None:
    told = (await asked(changed, "when did it begin?"))["when did it begin?"]
    assert "by day (call" in told.text or "by week in which they were scored (call" in told.text


async def test_in_a_workspace_without_predictions_it_says_so(champion_workspace: object, tmp_path: object) -> None:
    with copied(champion_workspace, tmp_path / "w", Clock(NOON)) as opened:  # type: ignore[arg-type, operator]
        told = await asked(opened, "how many predictions did we log?", "what waits?", "when did we last retrain?")
    assert "No prediction is logged here." in told["how many predictions did we log?"].text
    assert "Nothing waits for approval" in told["what waits?"].text
    assert "No training since the first model" in told["when did we last retrain?"].text
