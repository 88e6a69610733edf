"""The champion is whom the pointer names and the ledger deployed; a pointer that says anything else is refused."""

import json
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from pipeline.errors import IntegrityError, Notice, SettingsError, WorkspaceError
from pipeline.record.champion import Champion, find_champion, open_answering, open_champion, require_champion
from pipeline.record.ledger import Ledger
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.database import State, ledger, open_state
from pipeline.workspace.folder import Workspace
from prompts import policy_text

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
DIGEST, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def state(workspace: Workspace) -> State:
    return open_state(workspace.state_db, create=True)


@pytest.fixture
def book(workspace: Workspace, state: State) -> Ledger:
    return Ledger(state, workspace.ledger_mirror)


def point(workspace: Workspace, **values: Any) -> None:
    workspace.champion_pointer.write_text(json.dumps(values), encoding="utf-8")


def deployed(workspace: Workspace, book: Ledger, kind: Any = "deployed") -> dict[str, Any]:
    """A deploy as it should be: the row, and the pointer that names it."""
    entry = book.append(AT, kind, None, {"version": "1", "digest": DIGEST})
    pointer = {"version": "1", "digest": DIGEST, "ledger_seq": entry.seq, "ledger_hash": entry.hash}
    point(workspace, **pointer)
    return pointer


def test_before_the_first_training_there_is_none(workspace: Workspace, book: Ledger) -> None:
    assert find_champion(workspace, book) is None
    with pytest.raises(WorkspaceError, match="has no champion yet") as missing:
        require_champion(workspace, book)
    assert "churnops train" in missing.value.next_step


def test_it_is_the_one_whom_pointer_and_ledger_name(workspace: Workspace, book: Ledger) -> None:
    pointer = deployed(workspace, book)
    assert find_champion(workspace, book) == require_champion(workspace, book) == Champion(**pointer)


def test_a_pointer_without_its_ledger_row_is_refused(workspace: Workspace, book: Ledger, state: State) -> None:
    deployed(workspace, book)
    with state.write() as connection:
        connection.execute(ledger.delete())
    with pytest.raises(IntegrityError, match="The ledger has no row 1"):
        find_champion(workspace, book)


@pytest.mark.parametrize("change", [{"digest": OTHER}, {"version": "2"}, {"ledger_hash": OTHER}])
def test_a_pointer_that_names_what_the_row_did_not_deploy_is_refused(workspace: Workspace, book: Ledger, change: dict[str, str]) -> None:
    pointer = deployed(workspace, book)
    point(workspace, **(pointer | change))
    with pytest.raises(IntegrityError, match="row 1 of the ledger did not deploy"):
        find_champion(workspace, book)


@pytest.mark.parametrize("kind", ["challenged", "approved", "trained"])
def test_a_row_that_deployed_nothing_makes_no_champion(workspace: Workspace, book: Ledger, kind: str) -> None:
    deployed(workspace, book, kind)
    with pytest.raises(IntegrityError, match="did not deploy"):
        find_champion(workspace, book)


def test_a_row_edited_to_fit_the_pointer_is_refused(workspace: Workspace, book: Ledger, state: State) -> None:
    pointer = deployed(workspace, book)
    with state.write() as connection:
        connection.execute(update(ledger).values(body=json.dumps({"digest": OTHER, "version": "1"})))
    point(workspace, **(pointer | {"digest": OTHER}))
    with pytest.raises(IntegrityError, match="was changed after it was written"):
        find_champion(workspace, book)


@pytest.mark.parametrize("content", [b"", b"version 1", b"\xff\xfe", b"[]", b"{}", b'{"version": "1"}', b"null"])
def test_a_file_that_is_no_pointer_is_refused(workspace: Workspace, book: Ledger, content: bytes) -> None:
    workspace.champion_pointer.write_bytes(content)
    with pytest.raises(IntegrityError, match="is not a champion pointer"):
        find_champion(workspace, book)


def test_a_pointer_with_more_to_say_is_refused(workspace: Workspace, book: Ledger) -> None:
    point(workspace, **deployed(workspace, book), note="trust me")
    with pytest.raises(IntegrityError, match="is not a champion pointer"):
        find_champion(workspace, book)


def test_it_opens_with_its_artifact(trained: Opened) -> None:
    champion, artifact = open_champion(trained)
    assert artifact.digest == champion.digest
    assert trained.ledger.entry(champion.ledger_seq).kind == "deployed"


def test_an_artifact_whose_bytes_changed_is_not_opened(trained: Opened) -> None:
    _, artifact = open_champion(trained)
    (artifact.path / "metrics.json").write_text("{}", encoding="utf-8")
    with pytest.raises(IntegrityError):
        open_champion(trained)


def reopened(opened: Opened, *edits: tuple[str, str]) -> Opened:
    file = opened.workspace.settings_file
    text = file.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")
    return open_workspace(opened.workspace.root, policy_text(), opened.clock)


@pytest.mark.parametrize(
    "edits",
    [[('id = "customerID"', 'id = ""')], [('  "gender",\n', ""), ("numerical = [", 'numerical = ["gender", ')]],
    ids=["role", "kind"],
)
def test_columns_that_mean_something_else_since_the_training_are_refused(trained: Opened, edits: list[tuple[str, str]]) -> None:
    now = reopened(trained, *edits)
    with pytest.raises(SettingsError, match="are not those of model version 1"):
        open_champion(now)


def test_features_come_and_go_and_the_champion_keeps_its_own(trained: Opened) -> None:
    taken = open_champion(trained)[1].manifest.columns.features
    now = reopened(trained, ('  "gender",\n', '  "Region",\n'))
    assert open_champion(now)[1].manifest.columns.features == taken


def test_what_counts_by_customer_rests_on_columns_that_the_champion_takes_and_a_server_goes_on_without(trained: Opened) -> None:
    now = reopened(trained, ("numerical = [", 'numerical = ["Spend", '), ("margin = 500.0", 'margin = "Spend * 12"'))
    with pytest.raises(SettingsError, match="names `Spend`, which model version 1 does not take"):
        open_champion(now)
    champion, _ = open_answering(now)
    assert champion.version == "1"


def test_a_share_for_a_category_that_is_not_there_is_said_with_the_one_that_is_meant(trained: Opened) -> None:
    file = trained.workspace.settings_file
    text = file.read_text("utf-8")
    assert "[value.acceptance_by]" in text
    place = text.index("[value.acceptance_by]")
    end = text.index("\n", place) + 1
    for written, said in (('"One year" = 0.2', []), ('"One yeer" = 0.2', ["Perhaps “One year” is meant."])):
        file.write_text(f"{text[:end]}[value.acceptance_by.Contract]\n{written}\n{text[end:]}", "utf-8")
        now = open_workspace(trained.workspace.root, policy_text(), trained.clock)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", Notice)
            open_champion(now)
        notices = [str(one.message) for one in caught if issubclass(one.category, Notice)]
        assert [notice[-len(end_) :] for notice, end_ in zip(notices, said, strict=True)] == said
