"""PostgreSQL is stopped and started again while predictions and outcomes come in: who asks meanwhile hears it in one sentence, no row that was
acknowledged is lost, and the service goes on by itself."""

import json
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select

from pipeline.record.opened_workspace import Opened
from pipeline.state.database import outcomes
from tests.end_to_end.http_load import Load
from tests.end_to_end.test_serve import ids_logged, served
from tests.postgres import postgres
from tests.reports.web.test_prediction_api import customer
from tests.state_in_postgresql import moved_to

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_restarted_under_load(trained: Opened, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    with postgres() as database:
        opened = moved_to(trained, database.url, monkeypatch)
        health: list[int] = []
        with served(opened) as server:
            asking, telling = Load(server.port, customer(opened)), Load(server.port)

            def restart() -> None:
                await_status(asking, 200)
                telling.ids = [answer.id for answer in asking.answers]
                over = threading.Event()
                teller = threading.Thread(target=telling.run, args=(2,), kwargs={"then": over.wait})
                teller.start()
                try:
                    await_status(telling, 200)
                    database.stop(how)
                    await_status(asking, 503)
                    await_status(telling, 503)
                    health.extend(server.get(path)[0] for path in ("/healthz", "/readyz"))
                    database.start()
                    await_status(asking, 200)
                    await_status(telling, 200)
                    health.append(server.get("/readyz")[0])
                finally:
                    over.set()
                    teller.join()

            asking.run(4, then=restart)
        assert health == [200, 503, 200]
        for load in (asking, telling):
            assert load.cut == []
            assert {answer.status for answer in load.answers} == {200, 503}
            said = {json.loads(answer.body)["detail"] for answer in load.answers if answer.status == 503}
            assert all("does not answer" in sentence and "\n" not in sentence for sentence in said), said
        assert acknowledged(asking) <= set(ids_logged(opened))
        with opened.state.read() as connection:
            assert acknowledged(telling) <= set(connection.execute(select(outcomes.c.id)).scalars())
        opened.state.close()


def acknowledged(load: Load) -> set[str]:
    return {answer.id for answer in load.answers if answer.status == 200}


def await_status(load: Load, status: int) -> None:
    """Wait until somebody who asks from now on gets this answer."""
    now = time.monotonic()
    until(lambda: any(answer.asked_at > now and answer.status == status for answer in list(load.answers)))


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
