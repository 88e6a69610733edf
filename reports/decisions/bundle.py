"""A case in one file, so that a second person on another machine can review and sign it. What comes in is checked to the last byte.

The same case and ledger give the same bytes. A bundle is a zip: `manifest.json` with the sha256 of every other member, the case with its
calls and trainings, report, settings, the whole ledger, and the artifacts of challenger and champion.
"""

import errno
import hashlib
import json
import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.atomic_files import digest_of_file
from pipeline.canonical_json import canonical, json_once
from pipeline.errors import ChurnopsError, DataError
from pipeline.models.shared_models import bring_model
from pipeline.record.case_id import CaseId
from pipeline.record.cases import Call, Case, Training
from pipeline.record.opened_workspace import Opened
from pipeline.words import STATUSES
from reports.filing import written_report

_Model = TypeVar("_Model", bound=BaseModel)

FORMAT = "churnops-bundle/1"
MANIFEST, CASE, REPORT, LEDGER, SETTINGS = "manifest.json", "case.json", "report.md", "ledger.jsonl", "churnops.toml"
MOST_FILES = 2_000
MOST_BYTES = 2 << 30
_MANIFEST_BYTES = 1 << 20
_READ_WHOLE = {CASE: 64 << 20, REPORT: 16 << 20, LEDGER: 64 << 20, SETTINGS: 1 << 20}  # at most so many bytes: these are read into memory
_DIRECTORY_BYTES = 1 << 20
_ENDING = 22  # bytes of a zip's last record, without a comment
_EPOCH = (1980, 1, 1, 0, 0, 0)
# What Python's reader of zips raises of bytes that are none.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, ValidationError),
    *(NotImplementedError, RuntimeError, EOFError, ValueError, OverflowError),
)
_NAME = re.compile(r"(case\.json|report\.md|ledger\.jsonl|churnops\.toml|models/[0-9a-f]{64}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,199}){1,9})")


class Member(BaseModel, frozen=True, extra="forbid"):
    """One file of a bundle."""

    sha256: str
    size: int


class Manifest(BaseModel, frozen=True, extra="forbid"):
    """What a bundle holds, by name. `head` is `NUMBER:HASH` of the ledger's newest row."""

    format: str
    case_id: CaseId
    head: str
    files: dict[str, Member]


class CaseRecord(BaseModel, frozen=True, extra="forbid"):
    """A case with all that is on record of it."""

    case: Case
    calls: tuple[Call, ...]
    trainings: tuple[Training, ...]


def export_case(opened: Opened, case_id: str, file: Path) -> Manifest:
    """Write the case into `file`.

    Raises:
        ChurnopsError: the case has no report yet, `file` exists, or the report is gone.
    """
    case = opened.cases.get(case_id)
    if case.report is None:
        raise ChurnopsError(f"Case {case_id} has no report yet (status: {STATUSES[case.status]}).", "Run `churnops triage`.")
    if file.exists():
        raise ChurnopsError(f"{file} exists already.", "Name another file.")
    path = written_report(opened, case_id, case.report.sha256)
    if not path.is_file():
        raise ChurnopsError(f"The report {path} is gone.", "Restore it from a backup, or run `churnops triage` again.")
    record = CaseRecord(case=case, calls=opened.cases.calls(case_id), trainings=opened.cases.trainings(case_id))
    lines = opened.ledger.lines()
    members: dict[str, bytes | Path] = {
        CASE: canonical(record).encode(),
        REPORT: path,
        LEDGER: "".join(f"{line}\n" for line in lines).encode(),
        SETTINGS: opened.workspace.settings_file,
    }
    for digest in sorted({case.champion.digest, case.challenger.digest if case.challenger else case.champion.digest}):
        folder = opened.workspace.models / digest
        bring_model(opened.workspace, digest)
        members |= {f"models/{digest}/{at.relative_to(folder).as_posix()}": at for at in sorted(folder.rglob("*")) if at.is_file()}
    last = json.loads(lines[-1])
    manifest = Manifest(
        format=FORMAT,
        case_id=case_id,
        head=f"{last['seq']}:{last['hash']}",
        files={name: _member(source) for name, source in sorted(members.items())},
    )
    with zipfile.ZipFile(file, "x", zipfile.ZIP_DEFLATED) as bundle:
        _add(bundle, MANIFEST, canonical(manifest).encode())
        for name, source in sorted(members.items()):
            _add(bundle, name, source if isinstance(source, bytes) else source.read_bytes())
    return manifest


def unpack(file: Path, folder: Path) -> tuple[Manifest, CaseRecord]:
    """Unpack a bundle into the empty folder `folder`, each member checked by name, kind, size and sha256 before it is kept.

    Raises:
        DataError: it is no bundle, or not as it was written.
    """
    if file.exists() and not file.is_file():
        raise DataError(f"{file} is no plain file.", "Name the file that `churnops reports export` wrote.")
    try:
        _check_directory(file)
        with zipfile.ZipFile(file) as bundle:
            manifest = _manifest(bundle)
            for info in bundle.infolist():
                if info.filename != MANIFEST:
                    _keep(bundle, info, manifest.files[info.filename], folder / info.filename)
        return manifest, _read(CaseRecord, (folder / CASE).read_bytes())
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # a damaged zip sends its reader ahead of its own start
            raise
        raise DataError(
            f"{file} is no bundle of a case ({type(error).__name__}).", "Export it again with `churnops reports export`."
        ) from error


def _manifest(bundle: zipfile.ZipFile) -> Manifest:
    infos = {info.filename: info for info in bundle.infolist()}
    if len(infos) != len(bundle.infolist()) or len(infos) > MOST_FILES or MANIFEST not in infos:
        raise _damaged("it has no manifest, files of the same name, or too many")
    if infos[MANIFEST].file_size > _MANIFEST_BYTES:
        raise _damaged("its manifest is too large")
    manifest = _read(Manifest, bundle.read(MANIFEST))
    if manifest.format != FORMAT:
        raise _damaged(f"its format is {manifest.format[:40]!r}, not {FORMAT}")
    if set(infos) != {MANIFEST, *manifest.files} or not {CASE, REPORT, LEDGER, SETTINGS} <= set(manifest.files):
        raise _damaged("its files are not those of its manifest")
    if sum(member.size for member in manifest.files.values()) > MOST_BYTES:
        raise _damaged(f"it is larger than {MOST_BYTES >> 30} GiB")
    if folders := set(infos) & {above.as_posix() for name in infos for above in PurePosixPath(name).parents}:
        raise _damaged(f"{min(folders)[:80]!r} is a file and a folder in one")
    for name, info in infos.items():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if name != MANIFEST and not _NAME.fullmatch(name):
            raise _damaged(f"{name[:80]!r} has no place in one")
        if kind not in (0, stat.S_IFREG) or info.flag_bits & 1:
            raise _damaged(f"{name[:80]!r} is not a plain file")
        if name in _READ_WHOLE and manifest.files[name].size > _READ_WHOLE[name]:
            raise _damaged(f"{name} is larger than {_READ_WHOLE[name] >> 20} MiB")
    return manifest


def _check_directory(file: Path) -> None:
    """The list of members is read whole when a zip is opened, so it is bounded by what the zip's end says of it.

    An end with a comment, or of a zip above 4 GiB, is none that `export_case` writes.
    """
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _ENDING - 20))
        end = stream.read()
    if len(end) < _ENDING or not end[-_ENDING:].startswith(b"PK\5\6"):
        raise _damaged("it does not end as one")
    directory = int.from_bytes(end[-_ENDING:][12:16], "little")
    if directory > _DIRECTORY_BYTES or end[:-_ENDING].startswith(b"PK\6\7"):
        raise _damaged("its list of files is too large")


def _keep(bundle: zipfile.ZipFile, info: zipfile.ZipInfo, expected: Member, place: Path) -> None:
    if info.file_size != expected.size:
        raise _damaged(f"{info.filename} has another size than its manifest says")
    place.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), expected.size
    with bundle.open(info) as source, place.open("xb") as kept:
        while chunk := source.read(min(1 << 20, left + 1)):  # a member that lies about its size is not read to its end
            left -= len(chunk)
            if left < 0:
                raise _damaged(f"{info.filename} is longer than its manifest says")
            digest.update(chunk)
            kept.write(chunk)
    if left or digest.hexdigest() != expected.sha256:
        raise _damaged(f"{info.filename} is not the file its manifest names")


def _read(model: type[_Model], content: bytes) -> _Model:
    json_once(content)
    return model.model_validate_json(content)


def _add(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3
    bundle.writestr(info, content)


def _member(source: bytes | Path) -> Member:
    if isinstance(source, bytes):
        return Member(sha256=hashlib.sha256(source).hexdigest(), size=len(source))
    return Member(sha256=digest_of_file(source), size=source.stat().st_size)


def _damaged(said: Any) -> DataError:
    return DataError(f"This is no whole bundle: {said}.", "Export it again with `churnops reports export`.")
