"""What a newer version will have written is read by this one: unknown fields are said once, kept, and used by nothing."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from agent.case.resumption import used_before
from pipeline.atomic_files import digest_of_folder
from pipeline.canonical_json import digest_of
from pipeline.errors import NewerRecord
from pipeline.models.artifact import IMPORTANCE, MANIFEST, METRICS, PROFILE, open_artifact
from pipeline.record.cases import Case, Decision, TrainingResult
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.database import cases, trainings
from reports.decisions.approval import reject
from tests.end_to_end.command_line import CommandLine

PENDING = "2026-10-15-c33f66"
SAID = "A newer churnops wrote here"
# Tables of names and what tools were asked and answered, which are no records; and a profile's counts, known by their fields.
NO_RECORDS = {"versions", "hyperparameters", "claimed", "arguments", "structured", "content", "turn"}


def widened(value: Any) -> Any:
    """JSON with a field more in each of its records."""
    if isinstance(value, dict):
        return {**{key: part if key in NO_RECORDS else widened(part) for key, part in value.items()}, "of_tomorrow": {"kept": [1, None]}}
    return [widened(part) for part in value] if isinstance(value, list) else value


def widen_lines(file: Path) -> None:
    file.write_text("".join(json.dumps(widened(json.loads(line))) + "\n" for line in file.read_text().splitlines()))


@pytest.fixture
def newer(earlier: Opened) -> Opened:
    """The workspace as a newer version would have written its cases, trainings, transcripts and chats."""
    for table, column, keys in ((cases, cases.c.body, ("case_id",)), (trainings, trainings.c.result, ("case_id", "number"))):
        widen_column(earlier, table, column, keys)
    for file in (*earlier.workspace.transcripts.glob("*.jsonl"), *(earlier.workspace.home / "chat").glob("*.jsonl")):
        widen_lines(file)
    return earlier


def widen_column(opened: Opened, table: Table, column: Any, keys: tuple[str, ...]) -> None:
    with opened.state.write() as connection:
        for row in connection.execute(select(table)).all():
            this = [table.c[key] == getattr(row, key) for key in keys]
            connection.execute(table.update().where(*this).values({column.name: widened(getattr(row, column.name))}))


def rows_of(opened: Opened, table: Table) -> Iterator[Any]:
    with opened.state.read() as connection:
        yield from connection.execute(select(table)).all()


@pytest.mark.filterwarnings("ignore::pipeline.errors.NewerRecord")
def test_an_artifact_opens_and_is_what_it_was(earlier: Opened) -> None:
    digest = require_champion(earlier.workspace, earlier.ledger).digest
    known, copy = open_artifact(earlier.workspace, digest), earlier.workspace.staging / "newer"
    shutil.copytree(known.path, copy)
    for name in (MANIFEST, METRICS, PROFILE, IMPORTANCE):
        (copy / name).write_text(json.dumps(widened(json.loads((copy / name).read_text()))))
    place = copy.rename(earlier.workspace.models / digest_of_folder(copy))
    with pytest.warns(NewerRecord) as warned:
        found = open_artifact(earlier.workspace, place.name)
    assert any("does not know `of_tomorrow` of Manifest" in str(each.message) for each in warned)
    assert found.manifest.columns == known.manifest.columns
    assert found.manifest.adopted is not None
    assert found.metrics.roc_auc.value == known.metrics.roc_auc.value
    assert [column.content for column in found.profile().numerical] == [column.content for column in known.profile().numerical]
    assert [one.auc_drop for one in found.importances()] == [one.auc_drop for one in known.importances()]


@pytest.mark.filterwarnings("ignore::pipeline.errors.NewerRecord")
def test_cases_and_trainings_keep_what_is_not_known_so_that_their_digests_stay(newer: Opened) -> None:
    for row in rows_of(newer, cases):
        assert Case.model_validate(row.body).model_dump(mode="json") == row.body
    results = [row.result for row in rows_of(newer, trainings)]
    assert len(results) == 3
    for result in results:
        assert digest_of(TrainingResult.model_validate(result)) == digest_of(result)
    reject(newer, PENDING, Decision(reviewer="Ada", reason="No.", at=newer.clock()))
    after = next(row.body for row in rows_of(newer, cases) if row.case_id == PENDING)
    assert (after["status"], after["of_tomorrow"]) == ("rejected", {"kept": [1, None]})


@pytest.mark.filterwarnings("ignore::pipeline.errors.NewerRecord")
def test_what_a_run_used_is_read_off_its_transcript(earlier: Opened) -> None:
    file = earlier.workspace.transcripts / f"{PENDING}.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))  # killed before it stopped
    known = used_before(file)
    assert known.turns == 2
    widen_lines(file)
    assert used_before(file) == known


@pytest.mark.parametrize(
    "words", [("reports", "list"), ("reports", "show", PENDING), ("case", "show", PENDING), ("chat", "--replay", "newest")]
)
def test_a_command_goes_on_and_says_so_once(newer: Opened, churnops: CommandLine, words: tuple[str, ...]) -> None:
    said = churnops(*words)
    assert said.code == 0, said.err
    assert said.err.count(SAID) == 1
    assert said.out


def test_what_people_ask_for_stays_strict(earlier: Opened, churnops: CommandLine) -> None:
    file = earlier.workspace.settings_file
    file.write_text(file.read_text() + "\n[of_tomorrow]\nx = 1\n")
    said = churnops("reports", "list")
    assert (said.code, "of_tomorrow" in said.err) == (1, True)
