"""The year of `watch_year` as a company lives it: a workspace with its log, a watcher that is a process and is killed, a webhook that is down
at times, and a person who reads what arrives and answers the day after."""

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pandas as pd
import tomlkit
from numpy.typing import NDArray
from watch_year_truth import CUSTOMER, HISTORY, LAG, START, TARGET, Year, customers, polluted, there

from agent.operators.rulebook import Rulebook
from agent.setup.new_workspace import set_up
from agent.training_by_hand import train_by_hand
from agent.watch.alerting import deliver, follow
from agent.watch.rounds import Rounds
from agent.watch.stopping import Stopping
from pipeline.atomic_files import digest_of_file
from pipeline.clock import stamp
from pipeline.errors import ChurnopsError
from pipeline.record.approvers import confirmed
from pipeline.record.cases import Decision
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.rulings.acknowledgements import shift_of
from pipeline.state.alerts import acknowledge as take_on
from pipeline.state.outcomes import KnownOutcome, add_outcomes_in
from pipeline.state.predictions import log_predictions
from pipeline.state.watch_tables import leases
from prompts import policy_text
from reports.decisions.approval import approve, draft_approval
from reports.decisions.recovery import recover
from reports.decisions.rollback import draft_rollback, roll_back
from reports.decisions.rulings import acknowledge
from reports.harm import measured_harm

REFERENCE, CHECKED_AT, LOOKS = 4_000, timedelta(hours=6), (timedelta(), timedelta(hours=6), timedelta(hours=12))
KILLED = 0.25  # chance that a watcher which begins is killed before it ends
_WHO, _LONGEST = "simulated person", 6  # watchers of one day
_DAY = timedelta(days=1)


@dataclass
class Webhook:
    """What arrived, by day: a real HTTP server of this machine. `answer` is the status of its answers."""

    port: int = 0
    answer: int = 200
    day: int = 0
    arrived: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    refused: int = 0


@contextmanager
def webhook() -> Iterator[Webhook]:
    """The team's destination."""
    kept = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if kept.answer == 200:
                kept.arrived.append((kept.day, told))
            else:
                kept.refused += 1
            self.send_response(kept.answer)
            self.send_header("Content-Length", "0")
            with suppress(OSError):  # whoever asked was killed
                self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


def watch_day(folder: str, began: str) -> None:
    """What one watcher does on a day, in a process of its own: a check, and a look at the messages every six hours."""
    at = datetime.fromisoformat(began)

    def clock() -> datetime:
        return at

    def opened(place: Path) -> Opened:
        return open_workspace(place, policy_text(), clock, _WHO)

    def by_person(place: Path) -> Opened:
        here = opened(place)
        recover(here)
        return here

    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        rounds = Rounds((Path(folder),), by_person, opened, lambda here: (Rulebook(here.policy), None), Stopping(), lambda line: None)
        (visit,) = rounds.once()
        if visit.checked.status in {"failed", "busy"}:
            print(f"{began}: {visit.line}", file=sys.__stderr__, flush=True)
        for after in LOOKS[1:]:
            at = datetime.fromisoformat(began) + after
            here = opened(Path(folder))
            follow(here)
            deliver(here)
            here.state.close()


@dataclass
class Life:
    """One workspace through the year. `killed` counts watchers, `now` is what every clock says."""

    folder: Path
    year: Year
    hook: Webhook
    seed: int
    now: datetime = START - HISTORY * _DAY
    killed: int = 0
    deployed: list[int] = field(default_factory=list)
    rolled_back: list[int] = field(default_factory=list)
    _read: int = 0
    _accepted: bool = False
    _took: float = 4.0

    def begin(self) -> None:
        """The workspace with its first champion."""
        table = self.folder / "customers.csv"
        customers(REFERENCE, self.seed).to_csv(table, index=False)
        workspace, _ = set_up(self.folder, table, TARGET)
        settings = tomlkit.parse(workspace.settings_file.read_text(encoding="utf-8"))
        sections: dict[str, dict[str, object]] = {
            "training": {"estimator": "logistic_regression"},
            "policy": {"gate": {"min_roc_auc": 0.6}},
            "alerts": {"destinations": [f"hook://127.0.0.1:{self.hook.port}/in"], "per_hour": 1000},
        }
        for name, values in sections.items():
            for key, value in values.items():
                settings.setdefault(name, tomlkit.table())[key] = value  # type: ignore[index]
        workspace.settings_file.write_text(tomlkit.dumps(settings), encoding="utf-8")
        self.opened = open_workspace(self.folder, policy_text(), lambda: self.now, _WHO)
        anyio.run(train_by_hand, self.opened, None, _silent)
        self._rng = np.random.default_rng([self.seed, 3])

    def score(self, day: int, rows: pd.DataFrame, left: NDArray[np.bool_]) -> None:
        """Log the day's customers, and put on record who left within thirty days, thirty days later."""
        champion, artifact = open_champion(self.opened)
        columns = self.opened.settings.data.columns
        began = START + day * _DAY
        times = [began + timedelta(seconds=int(second)) for second in np.linspace(0, 5 * 3600, len(rows))]
        ids = list(rows[CUSTOMER])
        self.now = began
        scores = list(map(float, artifact.scores(rows)))
        log_predictions(self.opened.state, rows, columns, ids=ids, times=times, scores=scores, version=champion.version)
        told = [KnownOutcome(id_, at, at + LAG, int(gone)) for id_, at, gone in zip(ids, times, left, strict=True)]
        with self.opened.state.write() as connection:
            add_outcomes_in(connection, told, began)  # nobody sees one ahead of its time of observation

    def check(self, day: int, context: multiprocessing.context.ForkServerContext) -> None:
        """One day of the watcher, as often begun anew as it is killed."""
        self.hook.day, self.hook.answer = day, 503 if any(a <= day <= b for a, b in self.year.outages) else 200
        self.now = START + day * _DAY + CHECKED_AT
        for _ in range(_LONGEST):
            process = context.Process(target=watch_day, args=(str(self.folder), stamp(self.now)))
            began = time.monotonic()
            process.start()
            dies = self._rng.random() < KILLED
            process.join(self._rng.uniform(0.1, self._took) if dies else 300)
            if process.exitcode == 0:
                self._took = 0.8 * self._took + 0.2 * (time.monotonic() - began)
                return
            if process.exitcode is None and process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)
                process.join()
                self.killed += 1
            self._pass_the_turn()
            self.now += timedelta(minutes=6)
        raise RuntimeError(f"day {day}: no watcher came to its end")

    def _pass_the_turn(self) -> None:
        """A minute goes by, in which the turn of whoever was killed expires: by the database's own clock, which a bench cannot set."""
        with self.opened.state.write() as connection:
            connection.execute(leases.delete())

    def answer(self, day: int) -> None:
        """The person reads what arrived and does what it asks for, a day later."""
        self.now = START + day * _DAY + timedelta(hours=20)
        recover(self.opened)
        news, self._read = self.hook.arrived[self._read :], len(self.hook.arrived)
        for _, told in {told["key"]: (at, told) for at, told in news if told["phase"] == "first"}.values():
            with suppress(ChurnopsError):  # it is over meanwhile
                self._answer(day, told)
        if day >= self.year.deploy and not self._accepted:
            self._accepted = True
            self._train_on(polluted(customers(REFERENCE, self.seed)))

    def _answer(self, day: int, told: dict[str, Any]) -> None:
        case = self.opened.cases.get(told["case_id"]) if told["case_id"] else None
        decision = Decision(reviewer=_WHO, reason="As the message says.", at=self.now)
        if told["kind"] == "challenger_waits" and case is not None:
            draft = draft_approval(self.opened, case.case_id, decision)
            approve(self.opened, draft, confirmed(draft))
            self.deployed.append(day)
        elif told["kind"] == "promise_missed" and told["severity"] == "critical":
            back = draft_rollback(self.opened, None, decision)
            roll_back(self.opened, back, confirmed(back))
            self.rolled_back.append(day)
        elif told["kind"] == "people_must_act" and case is not None and case.kind == "triage":
            take_on(self.opened.state, told["alert"], _WHO, self.now)
            if there(self.year.truths, day, self.deployed):
                return  # they find out what it is, and see to it
            harm = measured_harm(self.opened.cases.calls(case.case_id))
            assert case.drift is not None
            shift = shift_of(case.drift, harmed=harm is not None and harm.beyond_chance)
            acknowledge(self.opened, case, shift, None, "Known by now.")

    def _train_on(self, table: pd.DataFrame) -> None:
        """Somebody accepts a new export of the reference, and trains on it."""
        file, settings_file = self.folder / "customers.csv", self.opened.workspace.settings_file
        before = digest_of_file(file)
        table.to_csv(file, index=False)
        settings = settings_file.read_text(encoding="utf-8")
        settings_file.write_text(settings.replace(before, digest_of_file(file)), encoding="utf-8")
        here = open_workspace(self.folder, policy_text(), lambda: self.now, _WHO)
        anyio.run(train_by_hand, here, None, _silent)
        here.state.close()


async def _silent(progress: object) -> None:
    """Nobody watches the training."""
