"""A deploy is written down before it happens, and can be completed when its process died in between."""

from datetime import UTC, datetime

import pytest

from pipeline import promotion, tracking
from pipeline.artifact import open_artifact, publish
from pipeline.champion import Champion, find_champion
from pipeline.errors import IntegrityError
from pipeline.gate import judge
from pipeline.opened import Opened
from pipeline.promotion import deploy, finish_deploy
from pipeline.tracking import champion_version, log_run, register

from .small_artifacts import small_artifact

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Killed(BaseException):
    """As if the process had died here."""


def kill(*_: object) -> None:
    raise Killed


def challenger(opened: Opened) -> dict[str, str]:
    """Another published and registered model: what a deploy asks for."""
    artifact = open_artifact(opened.workspace, publish(small_artifact(opened.workspace.staging / "other"), opened.workspace))
    gate = judge(artifact.metrics, None, None, opened.policy)
    run = log_run(opened.workspace, manifest=artifact.manifest, metrics=artifact.metrics, comparison=None, gate=gate, case_id="case-9")
    return {"version": register(opened.workspace, run, artifact), "digest": artifact.digest}


def deploy_it(opened: Opened, model: dict[str, str], case_id: str = "case-9") -> Champion:
    record = {"reviewer": "Ada", "version": "ours, not the record's"}
    return deploy(opened.workspace, opened.ledger, **model, case_id=case_id, at=AT, record=record)


def serving(opened: Opened) -> Champion | None:
    return find_champion(opened.workspace, opened.ledger)


def test_a_deploy_moves_ledger_pointer_and_alias_together(trained: Opened) -> None:
    model = challenger(trained)
    champion = deploy_it(trained, model)
    assert serving(trained) == champion
    assert (champion.version, champion.digest) == (model["version"], model["digest"])
    row = trained.ledger.entries()[-1]
    assert (row.kind, row.case_id, row.seq, row.hash) == ("deployed", "case-9", champion.ledger_seq, champion.ledger_hash)
    assert row.body == {"reviewer": "Ada", **model}
    assert champion_version(trained.workspace) == model["version"]


def test_killed_between_ledger_and_pointer_the_old_champion_serves_until_the_deploy_is_finished(
    trained: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, model = serving(trained), challenger(trained)

    with monkeypatch.context() as patch:
        patch.setattr(promotion, "write_atomically", kill)
        with pytest.raises(Killed):
            deploy_it(trained, model)
    assert serving(trained) == before
    assert [(row.kind, row.body["digest"]) for row in trained.ledger.entries("case-9")] == [("deployed", model["digest"])]
    finished = finish_deploy(trained.workspace, trained.ledger, "case-9")
    assert serving(trained) == finished
    assert finished.digest == model["digest"]
    assert champion_version(trained.workspace) == model["version"]
    assert len(trained.ledger.entries("case-9")) == 1


def test_killed_before_the_alias_the_pointer_holds_and_the_alias_is_mended(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    model = challenger(trained)

    with monkeypatch.context() as patch:
        patch.setattr(tracking, "set_champion", kill)
        with pytest.raises(Killed):
            deploy_it(trained, model)
    moved = serving(trained)
    assert moved is not None
    assert moved.digest == model["digest"]
    assert finish_deploy(trained.workspace, trained.ledger, "case-9") == moved
    assert champion_version(trained.workspace) == model["version"]


def test_killed_before_the_ledger_nothing_happened(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    before, model = serving(trained), challenger(trained)
    rows = trained.ledger.entries()

    with monkeypatch.context() as patch:
        patch.setattr(type(trained.ledger), "append_in", kill)
        with pytest.raises(Killed):
            deploy_it(trained, model)
    assert (serving(trained), trained.ledger.entries()) == (before, rows)
    with pytest.raises(IntegrityError, match="Case case-9 has no unfinished deploy"):
        finish_deploy(trained.workspace, trained.ledger, "case-9")


def test_a_deploy_that_a_later_one_replaced_is_not_finished(trained: Opened) -> None:
    model = challenger(trained)
    deploy_it(trained, model)
    latest = deploy_it(trained, model, "case-10")
    with pytest.raises(IntegrityError, match="Case case-9 has no unfinished deploy"):
        finish_deploy(trained.workspace, trained.ledger, "case-9")
    assert serving(trained) == latest
