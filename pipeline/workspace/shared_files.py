"""Files that hosts without a common disk share: they lie in an object store, under the names they have below `.churnops`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ChurnopsError, WorkspaceError
from pipeline.tables.remote_files import holds_secret, open_system, shown_url

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_SCHEMES = ("s3", "gs", "az", "abfs", "abfss")


def require_store_url(url: str) -> None:
    """
    Raises:
        ValueError: it names no folder in an object store, or holds a secret.
    """
    scheme, _, place = url.partition("://")
    if scheme not in _SCHEMES or not place.strip("/") or holds_secret(url):
        raise ValueError("an object store is named like s3://bucket/folder, without a password")


@dataclass(frozen=True)
class SharedFiles:
    """The store at `url`. Names are relative, with `/`. All of it raises `WorkspaceError` where the store is not reached, or takes or gives
    nothing. What comes from it is checked by whoever asked: the store is believed no more than a disk."""

    url: str

    def put(self, name: str, source: Path) -> None:
        """A file, or every file below a folder, in the place of what has that name."""
        files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
        keys = [name if path == source else f"{name}/{path.relative_to(source).as_posix()}" for path in files]
        with self._reached() as (system, base):
            system.put([str(path) for path in files], [f"{base}/{key}" for key in keys])

    def put_first(self, name: str, content: bytes) -> None:
        """A new file; the one that is there stays."""
        with self._reached() as (system, base):
            try:
                system.pipe_file(f"{base}/{name}", content, mode="create")
            except FileExistsError:
                return

    def get(self, name: str) -> bytes | None:
        """A file's bytes; None where there is none."""
        with self._reached() as (system, base):
            try:
                return bytes(system.cat_file(f"{base}/{name}"))
            except FileNotFoundError:
                return None

    def get_folder(self, name: str, folder: Path) -> None:
        """Copy every file below `name` into `folder`, which is made where there are any."""
        with self._reached() as (system, base):
            above = f"{base}/{name}/"
            local = {key: folder / key.removeprefix(above) for key in system.find(above)}
            if not all(path.resolve().is_relative_to(folder.resolve()) for path in local.values()):
                raise WorkspaceError(f"{shown_url(self.url)} has a name that leads out of its folder.", "Find out who wrote there.")
            for path in local.values():
                path.parent.mkdir(parents=True, exist_ok=True)
            if local:
                system.get(list(local), [str(path) for path in local.values()])

    def names(self, below: str) -> Mapping[str, int]:
        """The names of all files below one, with their sizes in bytes."""
        with self._reached() as (system, base):
            found = system.find(f"{base}/{below}/", detail=True)
            return {key.removeprefix(f"{base}/"): int(about["size"]) for key, about in found.items()}

    def delete(self, name: str) -> None:
        """Delete a file that may be there."""
        with self._reached() as (system, base):
            try:
                system.rm_file(f"{base}/{name}")
            except FileNotFoundError:
                return

    @cached_property
    def _system(self) -> "tuple[AbstractFileSystem, str]":
        system, place = open_system(self.url)
        return system, place.rstrip("/")

    @contextmanager
    def _reached(self) -> "Iterator[tuple[AbstractFileSystem, str]]":
        try:
            yield self._system
        except ChurnopsError:
            raise
        except Exception as error:  # each system has errors of its own, and what they say may quote a key
            raise WorkspaceError(
                f"The object store {shown_url(self.url)} does not answer as it should ({type(error).__name__}).",
                "Check `artifact_url`, the network and the environment's credentials, then try again.",
            ) from error
