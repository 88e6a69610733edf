"""A deploy is written down before it happens, and is completed when its process died in between."""

from datetime import UTC, datetime

import pytest

from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.models.artifact import open_artifact, publish
from pipeline.record import mlflow_mirror
from pipeline.record.champion import Champion, find_champion, read_pointer
from pipeline.record.mlflow_mirror import champion_version, log_run, register
from pipeline.record.opened_workspace import Opened
from pipeline.training.gate import judge
from reports.decisions.promotion import finish_move, mirror_champion, record_move
from tests.pipeline.small_artifacts import small_artifact

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def challenger(opened: Opened) -> dict[str, str]:
    """Another published and registered model: what a deploy asks for."""
    artifact = open_artifact(opened.workspace, publish(small_artifact(opened.workspace.staging / "other"), opened.workspace))
    gate = judge(artifact.metrics, None, None, opened.policy)
    run = log_run(opened.workspace, manifest=artifact.manifest, metrics=artifact.metrics, comparison=None, gate=gate, case_id="case-9")
    return {"version": register(opened.workspace, run, artifact), "digest": artifact.digest}


def record_it(opened: Opened, model: dict[str, str], case_id: str = "case-9") -> None:
    champion = serving(opened)
    assert champion is not None
    record = {"reviewer": "Ada", "version": "ours, not the record's"}
    with opened.state.write() as connection:
        record_move(connection, opened.ledger, "deployed", **model, after=champion.ledger_hash, case_id=case_id, at=AT, record=record)
    opened.ledger.catch_up()


def deploy_it(opened: Opened, model: dict[str, str], case_id: str = "case-9") -> Champion:
    record_it(opened, model, case_id)
    champion = finish_move(opened)
    assert mirror_champion(opened, champion) is None
    return champion


def serving(opened: Opened) -> Champion | None:
    return find_champion(opened.workspace, opened.ledger)


def test_a_deploy_moves_ledger_pointer_and_alias_together(trained: Opened) -> None:
    before, model = serving(trained), challenger(trained)
    assert before is not None
    champion = deploy_it(trained, model)
    assert serving(trained) == champion
    assert (champion.version, champion.digest) == (model["version"], model["digest"])
    row = trained.ledger.entries()[-1]
    assert (row.kind, row.case_id, row.seq, row.hash) == ("deployed", "case-9", champion.ledger_seq, champion.ledger_hash)
    assert row.body == {"reviewer": "Ada", **model, "replaces": before.digest}
    assert champion_version(trained.workspace) == model["version"]


def test_killed_between_ledger_and_pointer_the_new_champion_serves_and_the_pointer_follows_later(trained: Opened) -> None:
    pointer, model = trained.workspace.champion_pointer.read_bytes(), challenger(trained)
    record_it(trained, model)
    moved = serving(trained)
    assert moved is not None
    assert moved.digest == model["digest"]
    assert trained.workspace.champion_pointer.read_bytes() == pointer
    assert finish_move(trained) == finish_move(trained) == moved == read_pointer(trained.workspace)
    assert len(trained.ledger.entries("case-9")) == 1


def test_mlflow_that_can_not_be_written_is_said_and_tried_again(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left")

    model = challenger(trained)
    record_it(trained, model)
    champion = finish_move(trained)
    with monkeypatch.context() as patch:
        patch.setattr(mlflow_mirror, "set_champion", fail)
        assert "does not follow yet (OSError)" in str(mirror_champion(trained, champion))
    assert champion_version(trained.workspace) != model["version"]
    assert mirror_champion(trained, champion) is None
    assert champion_version(trained.workspace) == model["version"]


def test_what_was_mirrored_is_not_mirrored_again(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_mirror, "set_champion", lambda *_: pytest.fail("asked MLflow"))
    assert mirror_champion(trained, finish_move(trained)) is None


def test_a_move_that_follows_another_champion_is_refused_and_leaves_no_row(trained: Opened) -> None:
    model, rows = challenger(trained), trained.ledger.entries()
    for after in (None, "0" * 64):
        with pytest.raises(ChurnopsError, match="moved in this very moment"), trained.state.write() as connection:
            record_move(connection, trained.ledger, "deployed", **model, after=after, case_id=None, at=AT, record={})
    assert trained.ledger.entries() == rows


def test_an_artifact_whose_bytes_changed_gets_no_pointer(trained: Opened) -> None:
    pointer, model = trained.workspace.champion_pointer.read_bytes(), challenger(trained)
    record_it(trained, model)
    (trained.workspace.models / model["digest"] / "metrics.json").write_text("{}")
    with pytest.raises(IntegrityError, match="was changed"):
        finish_move(trained)
    assert trained.workspace.champion_pointer.read_bytes() == pointer


def test_where_nothing_was_deployed_there_is_nothing_to_finish(fresh: Opened) -> None:
    with pytest.raises(IntegrityError, match="deployed nothing yet"):
        finish_move(fresh)
