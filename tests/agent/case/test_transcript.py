"""Every event is on disk as one JSON line before the next one happens, whatever kills the run."""

import json
from pathlib import Path

import pytest
from mcp import Client
from pydantic import TypeAdapter

from agent.case import transcript as transcript_module
from agent.case.events import Event, TextDelta, ToolProgress
from agent.case.loop import run, tool_specs
from agent.case.transcript import Transcript
from agent.operators.rulebook import Rulebook
from pipeline.errors import WorkspaceError
from tests.agent.case_tools import CaseTools, clock_at, shipped_policy


@pytest.mark.anyio
async def test_a_transcript_reads_back_as_the_events_of_the_run(tmp_path: Path) -> None:
    events: list[Event] = []
    file = tmp_path / "transcripts" / "case.jsonl"
    with Transcript(file) as transcript:

        def both(event: Event) -> None:
            events.append(event)
            transcript(event)

        async with Client((facts := CaseTools()).server()) as client:
            policy = shipped_policy()
            await run(Rulebook(policy), None, client, await tool_specs(client), (facts.briefing(),), policy.limits, both, clock_at)
    adapter: TypeAdapter[Event] = TypeAdapter(Event)
    assert [adapter.validate_json(line) for line in file.read_text().splitlines()] == events
    assert events[-1].kind == "stopped"


def test_a_line_is_on_disk_before_the_call_returns(tmp_path: Path) -> None:
    file = tmp_path / "case.jsonl"
    with Transcript(file) as transcript:
        transcript(TextDelta(at=clock_at(), text="Zwölf\nZeilen"))
        assert json.loads(file.read_bytes())["text"] == "Zwölf\nZeilen"


def test_a_second_run_appends_and_half_a_line_of_a_killed_one_stays_alone(tmp_path: Path) -> None:
    file = tmp_path / "case.jsonl"
    file.write_text('{"kind": "text_del')
    with Transcript(file) as transcript:
        transcript(TextDelta(at=clock_at(), text="again"))
    first, second = file.read_text().splitlines()
    assert first == '{"kind": "text_del'
    assert json.loads(second)["text"] == "again"


def test_a_large_file_takes_no_more_text_and_still_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript_module, "_MOST_TEXT", 100)
    file = tmp_path / "case.jsonl"
    for _ in range(2):
        with Transcript(file) as transcript:
            for _ in range(5):
                transcript(TextDelta(at=clock_at(), text="x" * 50))
            transcript(ToolProgress(at=clock_at(), call_id="t1", done=1, total=None, message="at work"))
    kinds = [json.loads(line)["kind"] for line in file.read_text().splitlines()]
    assert kinds == ["text_delta", "tool_progress", "tool_progress"]


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "transcripts").write_text("a file, not a folder")
    with pytest.raises(WorkspaceError, match="cannot be written"), Transcript(tmp_path / "transcripts" / "case.jsonl"):
        pass
