"""Is this workspace well? Each thing a command relies on is looked at, and what is wrong comes with its next step."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from pydantic import BaseModel

from pipeline.errors import ChurnopsError
from pipeline.intake.team_log import from_folder
from pipeline.record.authority import accepted_trust, require_trust
from pipeline.record.champion import open_champion, read_pointer
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import ALL_ROWS, DatabaseTable
from pipeline.sources.source_opening import open_source
from pipeline.state.database import SCHEMA_VERSION
from pipeline.tables.remote_files import shown_url
from pipeline.tables.schema import Schema
from pipeline.workspace.settings import Settings
from reports.decisions.sealing import clock_problem
from reports.decisions.verification import verify

_CONNECT_SECONDS = "3"  # for a database that does not answer; its server may stand behind a firewall that says nothing

State = Literal["ok", "note", "broken"]


class Finding(BaseModel, frozen=True):
    """One thing looked at. Only `broken` makes the whole unwell; a `note` is good to know."""

    name: str
    state: State
    said: str


def workspace_health(opened: Opened) -> tuple[Finding, ...]:
    """Disk, clock, who may approve, champion, ledger and registry, or the object store that hosts share, in this order."""
    looks: tuple[tuple[str, Callable[[Opened], Finding]], ...] = (
        ("disk", _disk),
        ("schema", _schema),
        ("clock", _clock),
        ("approval", _approval),
        ("champion", _champion),
        ("ledger", _ledger),
        ("mlflow", _mlflow) if opened.workspace.shared is None else ("object store", _store),
    )
    return tuple(_looked(name, look, opened) for name, look in (*looks, *_tables(opened.settings)))


def _tables(settings: Settings) -> Iterator[tuple[str, Callable[[Opened], Finding]]]:
    """The tables in databases that hold the log and the outcomes, where such are named."""
    log, outcomes = settings.predictions, settings.outcomes
    if log.table and log.url:
        yield "log", partial(_table, "log", log.url, log.table)
    if outcomes.table:
        yield "outcomes", partial(_table, "outcomes", outcomes.url or log.url, outcomes.table)


def _table(name: str, url: str, table: str, opened: Opened) -> Finding:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    placed = from_folder(url, opened.workspace.root)
    try:
        if not placed.startswith("sqlite"):
            patient = make_url(placed).update_query_dict({"connect_timeout": _CONNECT_SECONDS})
            placed = patient.render_as_string(hide_password=False)
    except ArgumentError:
        pass  # opening it says so
    with open_source(DatabaseTable(placed, table), Schema(target="", positive=""), ALL_ROWS) as relation:
        return Finding(name=name, state="ok", said=f"`{table}` can be read and has {len(relation.columns)} columns.")


def _looked(name: str, look: Callable[[Opened], Finding], opened: Opened) -> Finding:
    try:
        return look(opened)
    except ChurnopsError as error:
        return Finding(name=name, state="broken", said=str(error))
    except Exception as error:  # a store that is no store may raise anything, and the other things are still to be looked at
        return Finding(name=name, state="broken", said=f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}")


def _disk(opened: Opened) -> Finding:
    with tempfile.TemporaryFile(dir=opened.workspace.home) as file:
        file.write(b"churnops")
        file.flush()
    return Finding(name="disk", state="ok", said=f"{opened.workspace.home} can be written.")


def _schema(_: Opened) -> Finding:
    return Finding(name="schema", state="ok", said=f"The state database has schema version {SCHEMA_VERSION}.")  # opening it saw to that


def _clock(opened: Opened) -> Finding:
    problem = clock_problem(opened)
    if problem:
        return Finding(
            name="clock", state="broken", said=f"{problem} Set the clock, or run `churnops reports clock` if the row's is wrong."
        )
    return Finding(name="clock", state="ok", said="This machine's clock is not behind the ledger.")


def _approval(opened: Opened) -> Finding:
    trust = require_trust(opened.workspace, opened.ledger)
    signers = len([line for line in trust.signers.splitlines() if line.strip() and not line.lstrip().startswith("#")])
    said = "typed at a terminal" if trust.mode == "local" else f"signed by one of {signers}"
    second = ", by a second person" if trust.require_second_person else ""
    return Finding(name="approval", state="ok", said=f"Approvals are {said}{second}, within {trust.expires_hours:g} h of the report.")


def _champion(opened: Opened) -> Finding:
    if read_pointer(opened.workspace) is None and not opened.ledger.of_kind("deployed"):
        return Finding(name="champion", state="note", said="Nothing has been trained yet. Run `churnops train`.")
    champion, artifact = open_champion(opened)
    if artifact.for_review:
        said = (
            f"This is a copy for review; version {champion.version} ({champion.digest[:12]}) is as its digest names it, and is not loaded."
        )
        return Finding(name="champion", state="note", said=said)
    artifact.scores(artifact.reference().head(1))
    how = (
        "loading it runs the code in it, which its author wrote"
        if artifact.manifest.loads_code
        else "its bytes name scikit-learn's estimators alone, so loading it runs no other code"
    )
    said = f"Version {champion.version} ({champion.digest[:12]}) loads and scores; {how}."
    return Finding(name="champion", state="note" if artifact.manifest.loads_code else "ok", said=said)


def _ledger(opened: Opened) -> Finding:
    found = verify(opened)
    if found.ok:
        return Finding(name="ledger", state="ok", said=f"{found.rows} rows and all that they vouch for are as they were written.")
    said = f"{found.problems[0].said} ({len(found.problems)} in all.) Run `churnops reports verify`."
    return Finding(name="ledger", state="broken", said=said)


def _store(opened: Opened) -> Finding:
    shared = opened.workspace.shared
    assert shared is not None
    shared.put_first("churnops", b"")
    there = len({name.split("/")[1] for name in shared.names("models")})
    return Finding(
        name="object store",
        state="ok",
        said=f"{shown_url(shared.url)} takes files and has {'1 model' if there == 1 else f'{there} models'}; MLflow's mirror is not kept here.",
    )


def _mlflow(opened: Opened) -> Finding:
    from pipeline.record.mlflow_mirror import champion_version

    champion, alias = read_pointer(opened.workspace), champion_version(opened.workspace)
    version = champion.version if champion else None
    if version == alias:
        return Finding(
            name="mlflow", state="ok", said=f"MLflow's alias names version {alias} as well." if alias else "MLflow is empty as well."
        )
    opened.workspace.mlflow_mirrored.unlink(missing_ok=True)  # so that the next command of a person repairs it
    said = f"MLflow's alias names version {alias}, the champion is version {version}. The next command of a person, say `churnops reports list`, sets it right."
    return Finding(name="mlflow", state="broken", said=said)


def signs(opened: Opened) -> bool:
    """Whether approvals are signed here."""
    try:
        return accepted_trust(opened.ledger).mode == "signed"
    except ChurnopsError:
        return True
