"""A bundle accepted elsewhere: a workspace in a folder of its own, in which a second person reads, checks and signs one case."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import TypeAdapter

from pipeline.atomic_files import digest_of_file, digest_of_folder, write_atomically
from pipeline.canonical_json import canonical
from pipeline.clock import Clock, stamp
from pipeline.errors import DataError, IntegrityError, WorkspaceError
from pipeline.record.authority import read_authority
from pipeline.record.cases import Case, ReportRef
from pipeline.record.champion import champion_of
from pipeline.record.entry import Entry
from pipeline.record.mlflow_mirror import note_mirrored
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.record.review_mark import ReviewMark, mark_for_review
from pipeline.state.database import calls, cases, ledger, open_state, trainings
from pipeline.workspace.folder import SETTINGS_FILE, Workspace
from pipeline.workspace.settings import read_settings
from pipeline.workspace.toml_text import parse_toml
from reports.decisions.bundle import LEDGER, REPORT, SETTINGS, CaseRecord, unpack
from reports.decisions.verification import check_chain
from reports.filing import report_path

_KEPT_SECTIONS = ("data", "policy", "value", "serving", "owners")
_NO_FILE = "not-in-this-copy.csv"


def accept_bundle(file: Path, folder: Path, policy_text: str, clock: Clock) -> Case:
    """Check the bundle `file` and make `folder`, which must be empty or absent, a workspace that holds its case.

    Raises:
        DataError: the bundle is not as it was written, or its ledger, report and artifacts do not agree.
        WorkspaceError: `folder` is in use.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WorkspaceError(f"{folder} is in use.", "Name an empty folder with --workspace.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unpacked, made = (Path(tempfile.mkdtemp(prefix=".churnops-", dir=folder.parent)) for _ in range(2))
    try:
        manifest, record = unpack(file, unpacked)
        lines = tuple((unpacked / LEDGER).read_text(encoding="utf-8").split("\n")[:-1])
        entries, broken = check_chain(lines)
        if broken or not entries or f"{entries[-1].seq}:{entries[-1].hash}" != manifest.head:
            raise DataError("The ledger in the bundle is broken.", broken[0].said if broken else "Export it again.")
        _check_agreement(record, entries, unpacked)
        case = record.case.model_copy(update={"report": _moved(record.case, folder)})
        _build(Workspace(made), record.model_copy(update={"case": case}), entries, unpacked)
        opened = open_workspace(made, policy_text, clock)
        try:
            _settle(opened, manifest.head, case.case_id)
        finally:
            opened.state.close()
        made.rename(folder)
        return case
    finally:
        for temporary in (unpacked, made):
            shutil.rmtree(temporary, ignore_errors=True)


def _check_agreement(record: CaseRecord, entries: tuple[Entry, ...], unpacked: Path) -> None:
    case = record.case
    rows = {entry.kind: entry.body for entry in entries if entry.case_id == case.case_id}
    report = digest_of_file(unpacked / REPORT)
    if case.report is None or not report == case.report.sha256 == rows.get("reported", {}).get("report"):
        raise DataError("The report in the bundle is not the one that its ledger names.", "Export it again.")
    if case.challenger is not None and case.challenger.digest != rows.get("challenged", {}).get("digest"):
        raise DataError("The challenger in the bundle is not the one that its ledger names.", "Export it again.")
    needed = {case.champion.digest, *([case.challenger.digest] if case.challenger else [])}
    models = unpacked / "models"
    found = {path.name: digest_of_folder(path) for path in models.iterdir()} if models.is_dir() else {}
    if found != {digest: digest for digest in needed}:
        raise DataError("The artifacts in the bundle are not those of its case.", "Export it again.")


def _moved(case: Case, folder: Path) -> ReportRef | None:
    """The case's report, where it will lie."""
    place = report_path(Workspace(folder.resolve()), case.case_id)
    return case.report and case.report.model_copy(update={"path": str(place)})


def _build(workspace: Workspace, record: CaseRecord, entries: tuple[Entry, ...], unpacked: Path) -> None:
    """The workspace's files and its database, as the bundle has them."""
    workspace.home.mkdir(mode=0o700)
    write_atomically(workspace.root / SETTINGS_FILE, _neutral((unpacked / SETTINGS).read_bytes()).encode())
    if read_settings(workspace.settings_file).database_url:
        raise WorkspaceError("CHURNOPS_DATABASE_URL names the state of another workspace.", "Unset it where you look at a bundle.")
    place = report_path(workspace, record.case.case_id)
    write_atomically(place, (unpacked / REPORT).read_bytes())
    shutil.move(unpacked / "models", workspace.models)
    case = record.case
    state = open_state(workspace.state_db, create=True)
    try:
        with state.write() as connection:
            rows = [{**entry.model_dump(exclude={"body"}), "body": canonical(entry.body)} for entry in entries]
            connection.execute(ledger.insert(), rows)
            told = {"case_id": case.case_id, "key": case.key, "status": case.status, "opened_at": stamp(case.opened_at)}
            connection.execute(cases.insert().values(**told, body=case.model_dump(mode="json")))
            for table, kept in ((calls, record.calls), (trainings, record.trainings)):
                for one in kept:
                    connection.execute(table.insert().values(case_id=case.case_id, **_columns(one)))
    finally:
        state.close()


def _columns(one: Any) -> Mapping[str, Any]:
    dumped: dict[str, Any] = TypeAdapter(type(one)).dump_python(one, mode="json")
    return {**dumped, **{name: stamp(getattr(one, name)) for name in ("at", "started_at") if name in dumped}}


def _settle(opened: Opened, head: str, case_id: str) -> None:
    """Mark, mirror and pointer as the ledger has them; every seal checked."""
    workspace = opened.workspace
    opened.ledger.catch_up()
    try:
        authority = read_authority(opened.ledger)
    except IntegrityError as error:
        raise DataError(f"The ledger in the bundle does not hold: {error.problem}", "Ask whoever sent it.") from error
    champion = champion_of(authority.move) if authority.move else None
    if champion is not None:
        write_atomically(workspace.champion_pointer, champion.model_dump_json(indent=2).encode() + b"\n")
        note_mirrored(workspace, champion.ledger_hash)
    mark_for_review(workspace, ReviewMark(case_id=case_id, head=head))


def _neutral(settings: bytes) -> str:
    """Of the settings in a bundle what a reviewer needs; nothing that runs, reads or sends anything, or that a machine of theirs stands for."""
    try:
        parse_toml(text := settings.decode())
        document = tomlkit.parse(text)
    except (ValueError, RecursionError) as error:  # both readers' own errors are of the first kind
        raise DataError("The settings in the bundle are no TOML.", "Ask whoever sent it.") from error
    for name in [name for name in document if name not in _KEPT_SECTIONS]:
        document.remove(name)
    data = document.get("data")
    if isinstance(data, dict):
        data["file"] = _NO_FILE
    document["workspace"] = {"mode": "private"}
    return tomlkit.dumps(document)
