"""A whole workspace to the object store that its hosts share, and from there: for a move, a backup, and whoever looks through its files."""

from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.atomic_files import digest_of_folder, write_atomically
from pipeline.errors import IntegrityError
from pipeline.models.shared_models import bring_model
from pipeline.record.opened_workspace import Opened
from pipeline.tables.remote_files import shown_url
from pipeline.workspace.folder import Workspace
from pipeline.workspace.shared_files import SharedFiles
from reports.filing import has_report, share_report, written_report
from reports.number_sources import appendix_name


def put_all(workspace: Workspace, shared: SharedFiles) -> int:
    """Put everything there that hosts share, but no transcript in the place of a longer one; returns how many models, reports and transcripts
    that were. Again changes nothing.

    Raises:
        WorkspaceError: the store does not take it; what it took stays, which harms nobody.
    """
    models = sorted(path for path in workspace.models.glob("*") if path.is_dir())
    for path in models:
        shared.put(f"models/{path.name}", path)
    reports = _reports(workspace)
    for path in reports:
        share_report(shared, path.stem, path, path.with_name(appendix_name(path.stem)))
    transcripts = sorted(workspace.transcripts.glob("*.jsonl"))
    sizes = shared.names("transcripts") if transcripts else {}
    for path in transcripts:
        if path.stat().st_size > sizes.get(name := f"transcripts/{path.name}", -1):  # else another host went on with it
            shared.put(name, path)
    key: Path = workspace.ack_key
    if key.is_file():
        shared.put_first(key.name, key.read_bytes())
    return len(models) + len(reports) + len(transcripts)


def check_all(workspace: Workspace, shared: SharedFiles) -> None:
    """Read back from the store what `put_all` put there, and compare digests; of transcripts, that they are as long.

    Raises:
        WorkspaceError: the store does not answer.
        IntegrityError: it has other bytes.
    """
    models = [path.name for path in workspace.models.glob("*") if path.is_dir() and not _has_model(shared, path.name)]
    reports = [path.name for path in _reports(workspace) if not has_report(shared, path.stem, path)]
    sizes = shared.names("transcripts")
    transcripts = [
        path.name for path in workspace.transcripts.glob("*.jsonl") if sizes.get(f"transcripts/{path.name}", -1) < path.stat().st_size
    ]
    wrong = [*models, *reports, *transcripts]
    if wrong:
        raise IntegrityError(
            f"{shown_url(shared.url)} does not hold {wrong[0][:80]} as it was put there ({len(wrong)} such files in all).",
            "The workspace is as it was. Find out who else writes there, or name another folder of the store.",
        )


def _reports(workspace: Workspace) -> list[Path]:
    return [path for path in workspace.reports.glob("[!.]*.md") if not path.stem.endswith(".sources")]


def _has_model(shared: SharedFiles, digest: str) -> bool:
    with TemporaryDirectory() as room:
        shared.get_folder(f"models/{digest}", Path(room) / digest)
        return digest_of_folder(Path(room) / digest) == digest


def bring_all(opened: Opened) -> None:
    """Where hosts share no disk, bring what the ledger and the cases name, and the transcripts that are longer there.

    Raises:
        WorkspaceError: the store does not answer.
        IntegrityError: as `bring_model`.
    """
    workspace, shared = opened.workspace, opened.workspace.shared
    if shared is None:
        return
    for digest in sorted(opened.ledger.models()):
        bring_model(workspace, digest)
    sizes = shared.names("transcripts")
    for case in opened.cases.all():
        if case.report is not None:
            written_report(opened, case.case_id, case.report.sha256)
        transcript = workspace.transcripts / f"{case.case_id}.jsonl"
        name, here = f"transcripts/{transcript.name}", transcript.stat().st_size if transcript.is_file() else -1
        # A run that is at work here has written more than it has shared.
        if sizes.get(name, -1) > here and (known := shared.get(name)) is not None:
            write_atomically(transcript, known)
