"""The champion that answers is the one that the ledger deployed, from the moment its pointer moves; nothing else ever answers."""

import asyncio
import json
import shutil
import threading
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from pipeline.errors import IntegrityError, WorkspaceError
from pipeline.models.artifact import MANIFEST
from pipeline.record.opened_workspace import Opened
from pipeline.serving import champion_watch
from pipeline.serving.champion_watch import ChampionWatch, Serving
from pipeline.serving.known_fields import KnownFields, ModelFields
from pipeline.serving.request_counters import Measures
from pipeline.tables.expression import parse_expression
from tests.memory_store import memory_store
from tests.pipeline.serving.swaps import another_model, deploy

T = TypeVar("T")


def run(asked: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asked)


def counted_loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    loads: list[str] = []
    load = champion_watch.open_scorer
    monkeypatch.setattr(champion_watch, "open_scorer", lambda *args, **named: (loads.append(named["version"]), load(*args, **named))[1])
    return loads


def test_a_deploy_is_seen_at_the_next_look_and_a_way_back_needs_no_loading(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    loads, first = counted_loads(monkeypatch), another_model(trained, 1)

    async def follow() -> None:
        watch = ChampionWatch(trained, Measures())
        assert watch.now() is None
        before = await watch.newest()
        assert watch.now() is before
        deployed = deploy(trained, first, "2")
        assert watch.now() is None
        after = await watch.newest()
        assert (after.champion, after.scorer.version, after.scorer.digest) == (deployed, "2", first)
        back = deploy(trained, before.champion.digest, "1")
        assert (await watch.newest()).champion == back
        assert watch.problem is None

    run(follow())
    assert loads == ["1", "2"]


def test_of_many_that_ask_at_once_one_loads_and_all_wait_for_it(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    loads, other = counted_loads(monkeypatch), another_model(trained, 1)

    async def follow() -> set[str]:
        watch = ChampionWatch(trained, Measures())
        await watch.newest()
        deploy(trained, other, "2")
        return {serving.champion.version for serving in await asyncio.gather(*(watch.newest() for _ in range(20)))}

    assert run(follow()) == {"2"}
    assert loads == ["1", "2"]


def test_a_champion_that_is_replaced_while_it_loads_never_answers(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    other = another_model(trained, 1)
    load, loading, go_on = champion_watch.open_scorer, threading.Event(), threading.Event()

    def slow(*args: Any, **named: Any) -> Any:
        loading.set()
        go_on.wait(20)
        return load(*args, **named)

    async def follow() -> Serving:
        monkeypatch.setattr(champion_watch, "open_scorer", slow)
        watch = ChampionWatch(trained, Measures())
        asked = asyncio.ensure_future(watch.newest())
        await asyncio.to_thread(loading.wait)
        deploy(trained, other, "2")
        go_on.set()
        return await asked

    assert run(follow()).champion.version == "2"


def forge(opened: Opened, **changes: object) -> None:
    pointer = opened.workspace.champion_pointer
    pointer.write_text(json.dumps({**json.loads(pointer.read_text()), **changes}))


@pytest.mark.parametrize("forged", [{"digest": "f" * 64}, {"version": "9"}, {"ledger_seq": 1}, {"more": 1}])
def test_a_forged_pointer_is_not_followed_and_the_verified_champion_goes_on(trained: Opened, forged: dict[str, object]) -> None:
    async def follow() -> None:
        watch = ChampionWatch(trained, Measures())
        before = await watch.newest()
        pointer = trained.workspace.champion_pointer.read_bytes()
        forge(trained, **forged)
        assert await watch.newest() is before
        assert isinstance(watch.problem, IntegrityError)
        trained.workspace.champion_pointer.write_bytes(pointer)
        assert (await watch.newest()).champion == before.champion
        assert watch.problem is None

    run(follow())


def test_a_forged_pointer_at_the_start_is_no_champion(trained: Opened) -> None:
    forge(trained, digest="f" * 64)
    watch = ChampionWatch(trained, Measures())
    with pytest.raises(IntegrityError, match="which row"):
        run(watch.newest())


def test_forged_after_a_deploy_that_was_not_seen_yet_the_old_champion_does_not_come_back(trained: Opened) -> None:
    async def follow() -> None:
        watch = ChampionWatch(trained, Measures())
        await watch.newest()
        deploy(trained, another_model(trained, 1), "2")
        forge(trained, digest="f" * 64)
        with pytest.raises(IntegrityError):
            await watch.newest()

    run(follow())


def test_where_the_new_champion_can_not_be_loaded_the_old_one_does_not_answer_for_it(
    trained: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(champion_watch, "_TRY_AGAIN_SECONDS", 0.05)

    async def follow() -> None:
        watch = ChampionWatch(trained, Measures())
        await watch.newest()
        other = another_model(trained, 1)
        deploy(trained, other, "2")
        manifest = trained.workspace.models / other / "manifest.json"
        whole = manifest.read_bytes()
        manifest.write_bytes(whole + b" ")
        for _ in range(3):
            with pytest.raises(IntegrityError, match="was changed"):
                await watch.newest()
        manifest.write_bytes(whole)
        await asyncio.sleep(0.1)
        assert (await watch.newest()).champion.version == "2"

    run(follow())


def test_a_failure_of_the_machine_is_said_and_not_tried_by_every_request(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(champion_watch, "_TRY_AGAIN_SECONDS", 60.0)
    tried: list[int] = []

    def fail(*_: object, **__: object) -> None:
        tried.append(1)
        raise OSError("a cable")

    monkeypatch.setattr(champion_watch, "open_scorer", fail)

    async def ask() -> None:
        watch = ChampionWatch(trained, Measures())
        for _ in range(5):
            with pytest.raises(WorkspaceError, match=r"version 1, cannot be loaded \(OSError\)"):
                await watch.newest()

    run(ask())
    assert tried == [1]


def test_before_the_first_training_nothing_answers_and_then_its_champion_does(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    pointer = trained.workspace.champion_pointer

    async def follow() -> None:
        watch = ChampionWatch(trained, Measures())
        with monkeypatch.context() as patch:
            patch.setattr(champion_watch, "find_champion", lambda *_: None)
            with pytest.raises(WorkspaceError, match="no champion yet"):
                await watch.newest()
            with pytest.raises(WorkspaceError, match="churnops train"):
                await watch.newest()
        content = pointer.read_bytes()
        pointer.unlink()
        pointer.write_bytes(content)
        assert (await watch.newest()).champion.version == "1"

    run(follow())


def test_a_model_that_another_host_published_is_known_before_it_serves(trained: Opened) -> None:
    store = memory_store("watch")
    sharing = replace(trained, workspace=replace(trained.workspace, shared=store))
    other = another_model(trained, 1)
    columns = json.loads((trained.workspace.models / other / MANIFEST).read_text())["columns"]
    wider = another_model(trained, 2, columns={**columns, "numerical": [*columns["numerical"], "visits"]})
    for digest in (other, wider):
        store.put(f"models/{digest}", trained.workspace.models / digest)
        shutil.rmtree(trained.workspace.models / digest)

    async def follow() -> None:
        watch = ChampionWatch(sharing, Measures())
        assert (await watch.newest()).others == ()
        for digest, taken in ((other, ()), (wider, ("visits",))):
            trained.ledger.append(trained.clock(), "challenged", None, {"version": "2", "digest": digest})
            await watch.look()
            assert watch.now() is None
            assert (await watch.newest()).others == taken

    run(follow())


def test_a_champion_that_lacks_what_the_value_is_made_of_answers_with_no_margin(trained: Opened) -> None:
    value = trained.settings.value.model_copy(update={"margin": parse_expression("Spend * 12")})
    rolled_back = replace(trained, settings=trained.settings.model_copy(update={"value": value}))
    serving = run(ChampionWatch(rolled_back, Measures()).newest())
    told = dict.fromkeys(serving.scorer.schema.features)
    assert serving.scorer.score(told).expected_value == -value.offer_cost


def test_a_folder_of_models_that_cannot_be_read_is_a_failure_with_a_name_and_not_asked_for_each_time(
    trained: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, asked = ChampionWatch(trained, Measures()), []

    def broken(*_: object) -> KnownFields:
        asked.append(1)
        raise OSError("Input/output error")

    async def follow() -> None:
        await watch.newest()
        monkeypatch.setattr(champion_watch, "_TRY_AGAIN_SECONDS", 60.0)
        monkeypatch.setattr(ModelFields, "beside", broken)
        another_model(trained, 1)  # another model in the folder: what may be sent is looked at again
        for _ in range(2):
            with pytest.raises(WorkspaceError, match=r"cannot be loaded \(OSError\)"):
                await watch.newest()

    run(follow())
    assert len(asked) == 1
