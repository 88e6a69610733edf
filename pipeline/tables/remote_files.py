"""Files that a URL names: copied here for as long as they are needed, because the engine inside never reaches for the network."""

import shutil
import warnings
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from tempfile import gettempdir, mkdtemp
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pipeline.errors import DataError, Notice
from pipeline.tables.delta_log import LOG_FOLDER, current_files

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Told = Callable[[int, int | None], object]  # done, and all there is where that is known: bytes of one file, or files

# What a URL begins with, and the extra of churnops that reads it.
EXTRAS: Mapping[str, str] = {
    "s3": "s3",
    "gs": "gcs",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
    "http": "http",
    "https": "http",
}
_WEB = ("http", "https")
_SECRETS = ("sig", "signature", "x-amz-signature", "x-goog-signature", "token", "access_token", "password", "key", "api_key")
_PATIENCE_SECONDS = 60  # for a web server's next bytes; the whole file may take as long as it takes


@dataclass(frozen=True)
class LocalCopy:
    """A temporary copy of what a URL names: `path` is a file, or a folder. It is removed with this object, at the latest with the process."""

    path: Path
    folder: Path = field(repr=False)

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


def is_remote(place: str) -> bool:
    """Whether this is a URL that can be fetched, not a path."""
    scheme, separator, _ = place.partition("://")
    return bool(separator) and scheme.lower() in EXTRAS


def holds_secret(url: str) -> bool:
    """Whether a URL carries a password or a signature, which has no place in a file that is copied around."""
    parts = urlsplit(url)
    return bool(parts.password) or any(name.lower() in _SECRETS for name, _ in parse_qsl(parts.query))


def shown_url(url: str) -> str:
    """A URL for people: without what may be secret in it."""
    parts = urlsplit(url)
    place = parts.netloc.replace(f":{parts.password}@", "@") if parts.password else parts.netloc
    return f"{parts.scheme}://{place}{parts.path}"


def fetch(url: str, told: Told | None = None) -> LocalCopy:
    """Copy a file, all below a folder, or what a pattern with `*` names. Of a folder, what begins with `_` or `.` stays behind, and of a
    Delta table all but the files of its newest version. Credentials are the environment's own.

    Raises:
        DataError: nothing is there, or it cannot be reached or read, the extra for it is not installed, or there is no room for it.
    """
    if urlsplit(url).password:
        raise DataError(f"The address of {shown_url(url)} holds a password.", "Leave it out; credentials come from the environment.")
    folder = Path(mkdtemp(prefix="churnops-"))
    try:
        return LocalCopy(_copied(url, folder, told), folder)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, DataError) or not isinstance(error, Exception):
            raise
        if _is_web(url) and isinstance(error, FileNotFoundError):
            error = error.__cause__ or error  # "not found" is what fsspec says of any failure there
        if isinstance(error, FileNotFoundError) or getattr(error, "status", None) == HTTPStatus.NOT_FOUND:
            raise DataError(f"There is nothing at {shown_url(url)}.", "Check the address.") from error
        # Each system has errors of its own, and what they say may quote a key.
        raise DataError(
            f"{shown_url(url)} cannot be fetched ({type(error).__name__}).",
            "Check the address, the network and the environment's credentials.",
        ) from error


def _copied(url: str, folder: Path, told: Told | None) -> Path:
    system, place = open_system(url)
    base, sizes = _listed(system, place, web=_is_web(url))
    if list(sizes) == [place]:
        name = PurePosixPath(unquote(urlsplit(url).path)).name if _is_web(url) else PurePosixPath(place).name
        local = {place: folder / _inside(name)}
        _announce(local, sizes, url)
        _get(system, local, told)
        return local[place]
    root = folder / _inside(PurePosixPath(base).name or "files")
    local = {key: root / _inside(key[len(base) :].lstrip("/")) for key in sizes}
    log = {key: path for key, path in local.items() if path.relative_to(root).parts[0] == LOG_FOLDER}
    if log:
        _get(system, log, None)
        current = set(current_files(root))
        local = {key: path for key, path in local.items() if path in current}
        if len(local) < len(current):
            raise DataError(f"The Delta table {shown_url(url)} has files elsewhere.", "Name a table that holds its own files.")
    else:
        local = {key: path for key, path in local.items() if not _hidden(path.relative_to(root))}
    if not local:
        raise FileNotFoundError(url)
    _announce(local, sizes, url)
    _get(system, local, told)
    return root


def open_system(url: str) -> "tuple[AbstractFileSystem, str]":
    """What reads and writes there, and what it calls that place.

    Raises:
        DataError: the extra for it is not installed.
    """
    from fsspec.core import url_to_fs

    scheme = urlsplit(url).scheme.lower()
    try:
        options: dict[str, Any] = {}
        if scheme in _WEB:
            from aiohttp import ClientTimeout

            options["client_kwargs"] = {"timeout": ClientTimeout(total=None, sock_connect=_PATIENCE_SECONDS, sock_read=_PATIENCE_SECONDS)}
        # Nothing kept from an earlier look: a long-lived process must see what is there now.
        system, place = url_to_fs(url, skip_instance_cache=True, use_listings_cache=False, **options)
    except ImportError as error:
        extra = EXTRAS[scheme]
        raise DataError(f"Fetching {scheme}:// needs the extra `{extra}`.", f'Install it: pip install "churnops[{extra}]".') from error
    return system, place


def _is_web(url: str) -> bool:
    return urlsplit(url).scheme.lower() in _WEB


def _listed(system: "AbstractFileSystem", place: str, *, web: bool) -> tuple[str, dict[str, int]]:
    """The folder that all lies below, and the files with their sizes in bytes (0 where that is not told)."""
    if "*" in place and not web:
        base, found = place.partition("*")[0].rpartition("/")[0], system.glob(place, detail=True)
    elif (about := system.info(place))["type"] == "file":
        base, found = place.rpartition("/")[0], {place: about}
    else:
        base, found = place.rstrip("/"), system.find(place, detail=True)
    files = {key: int(about.get("size") or 0) for key, about in found.items() if about["type"] == "file"}
    if not files:
        raise FileNotFoundError(place)
    return base, files


def _inside(name: str) -> PurePosixPath:
    """A name from outside as a path that stays below the folder it is put in."""
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or PurePosixPath(name).is_absolute() or "\0" in name:
        raise DataError("A file there has a name that is no path below its folder.", "Rename it.")
    return PurePosixPath(*parts)


def _hidden(path: Path) -> bool:
    return any(part.startswith(("_", ".")) for part in path.parts)


def _announce(local: Mapping[str, Path], sizes: Mapping[str, int], url: str) -> None:
    total, free = sum(sizes[key] for key in local), shutil.disk_usage(gettempdir()).free
    if total > free:
        raise DataError(f"{shown_url(url)} has {_size(total)}, and {gettempdir()} has room for {_size(free)}.", "Make room, or set TMPDIR.")
    files = "1 file" if len(local) == 1 else f"{len(local):,} files"
    warnings.warn(Notice(f"Fetching {files}, {_size(total) if total else 'of a size not told'}, from {shown_url(url)}."), stacklevel=2)


def _get(system: "AbstractFileSystem", local: Mapping[str, Path], told: Told | None) -> None:
    from fsspec.callbacks import Callback

    for path in local.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    callback = Callback(hooks={"told": lambda size, value, **_: told(value, size)} if told else {})
    keys, paths = list(local), [str(path) for path in local.values()]
    if len(keys) == 1:
        system.get_file(keys[0], paths[0], callback=callback)
    else:
        system.get(keys, paths, callback=callback)


def _size(count: int) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:,.0f} {unit}"
        count //= 1000
    return f"{count:,} GB"
