"""What a URL names comes here whole, nowhere but into a folder of its own, and goes again; what cannot come is one sentence."""

import gc
import importlib
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from pipeline.errors import DataError, Notice
from pipeline.sources.rows import rows_of
from pipeline.sources.source import ALL_ROWS, Files
from pipeline.tables.delta_log import current_files
from pipeline.tables.remote_files import fetch, holds_secret, is_remote, shown_url
from pipeline.tables.schema import Schema
from tests.s3 import S3Store, s3_store

pytestmark = pytest.mark.filterwarnings("ignore::pipeline.errors.Notice")


@pytest.fixture(scope="module")
def server() -> Iterator[S3Store]:
    with s3_store() as found:
        yield found


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder for temporary files that can be looked into."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def store(server: S3Store, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    server.reach(monkeypatch)
    return server


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@contextmanager
def serving(handler: Callable[..., SimpleHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A web server over a folder, and the folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    folder = tmp_path_factory.mktemp("web")
    with serving(partial(Quiet, directory=str(folder))) as address:
        yield address, folder


@pytest.mark.slow
def test_a_file_comes_and_goes(store: S3Store, tmp_path: Path) -> None:
    store.put("one", {"customers ä?.csv": b"a,b\n1,2\n"})
    with pytest.warns(Notice, match=r"Fetching 1 file, 8 bytes, from s3://churn/one/customers"):
        copy = fetch("s3://churn/one/customers ä?.csv")
    assert (copy.path.name, copy.path.read_bytes()) == ("customers ä?.csv", b"a,b\n1,2\n")
    assert copy.path.is_relative_to(tmp_path)
    del copy
    gc.collect()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("s3://churn/days", ["day=1/a.parquet", "day=2/b.parquet", "note.csv"]),
        ("s3://churn/days/", ["day=1/a.parquet", "day=2/b.parquet", "note.csv"]),
        ("s3://churn/days/*/*.parquet", ["day=1/a.parquet", "day=2/b.parquet"]),
        ("s3://churn/days/day=2/*", ["b.parquet"]),
    ],
)
def test_a_folder_or_a_pattern_comes_without_what_is_unfinished(store: S3Store, url: str, found: list[str]) -> None:
    store.put(
        "days", {name: name.encode() for name in ("day=1/a.parquet", "day=2/b.parquet", "note.csv", "_SUCCESS", ".x/c.parquet", "day=1/_t")}
    )
    progress: list[tuple[int, int]] = []
    copy = fetch(url, lambda done, total: progress.append((done, total)))
    assert below(copy.path) == found
    assert all((copy.path / name).read_text().endswith(name) for name in found)
    assert progress


def test_of_a_delta_table_only_the_newest_version_comes(store: S3Store, tmp_path: Path) -> None:
    from deltalake import DeltaTable, write_deltalake

    table = tmp_path / "made" / "t"
    write_deltalake(table, pa.table({"who": ["C0", "C1"], "day": ["2026-11-01", "größe 1%"]}), partition_by=["day"])
    write_deltalake(table, pa.table({"who": ["C2"], "day": ["2026-11-01"]}), partition_by=["day"], mode="append")
    DeltaTable(table).delete("who = 'C0'")
    store.put("lake/t", {name: (table / name).read_bytes() for name in below(table)})
    copy = fetch("s3://churn/lake/t/")
    assert len(list(table.rglob("*.parquet"))) == 3
    assert sorted(copy.path.rglob("*.parquet")) == current_files(copy.path)
    rows = rows_of(Files(str(copy.path)), Schema(target="t", positive="1", id="who", categorical=("day",)), ALL_ROWS, {})
    assert dict(zip(rows["_id"], rows["day"], strict=True)) == {"C1": "größe 1%", "C2": "2026-11-01"}


def test_a_later_look_sees_what_is_there_then(store: S3Store) -> None:
    store.put("log", {"1.csv": b"a\n1\n"})
    assert below(fetch("s3://churn/log").path) == ["1.csv"]
    store.put("log", {"1.csv": b"a\n22\n", "2.csv": b"a\n3\n"})
    copy = fetch("s3://churn/log")
    assert (below(copy.path), (copy.path / "1.csv").read_bytes()) == (["1.csv", "2.csv"], b"a\n22\n")


def test_a_file_comes_from_the_web(web: tuple[str, Path]) -> None:
    address, folder = web
    (folder / "a b.csv").write_text("a\n1\n")
    copy = fetch(f"{address}/a%20b.csv?version=3")
    assert (copy.path.name, copy.path.read_text()) == ("a b.csv", "a\n1\n")
    with pytest.raises(DataError, match=r"There is nothing at http://127.0.0.1:\d+/gone.csv"):
        fetch(f"{address}/gone.csv?x=1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://churn/nowhere.csv", "There is nothing at s3://churn/nowhere.csv"),
        ("s3://churn/nowhere/*.csv", "There is nothing at"),
        ("s3://nobody/a.csv", r"There is nothing at|cannot be fetched"),
        ("https://user:secret@127.0.0.1:1/a.csv?sig=secret", r"address of https://user@127.0.0.1:1/a.csv holds a password"),
        ("http://127.0.0.1:1/a.csv?sig=secret", r"http://127.0.0.1:1/a.csv cannot be fetched \(Client\w+\)"),
    ],
)
def test_what_cannot_come_is_one_sentence_without_secrets(store: S3Store, url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said) as raised:
        fetch(url)
    assert "secret" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_keys_that_are_refused_are_one_sentence(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    with pytest.raises(DataError, match=r"s3://churn/a.csv cannot be fetched \(NoCredentialsError\). Check .* credentials"):
        fetch("s3://churn/a.csv")


@pytest.mark.parametrize("key", ["x/../../../evil.parquet", "../evil.parquet"])
def test_a_key_that_climbs_out_of_its_folder_is_refused(store: S3Store, key: str, tmp_path: Path) -> None:
    store.put("evil", {key: b"x"})
    with pytest.raises(DataError, match="a name that is no path below its folder"):
        fetch("s3://churn/evil")
    assert list(tmp_path.rglob("evil.parquet")) == []


def test_without_room_nothing_is_fetched(store: S3Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store.put("big", {"a.csv": b"x" * 5000})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4000))
    with pytest.raises(DataError, match=r"has 5 kB, and .* has room for 4 kB"):
        fetch("s3://churn/big/a.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_transfer_that_breaks_off_is_no_file(tmp_path: Path) -> None:
    class Torn(SimpleHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "6000")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(b"x" * 5000)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Torn) as address, pytest.raises(DataError, match=r"a.csv cannot be fetched \(ClientPayloadError\)"):
        fetch(f"{address}/a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [
        ("s3://b/a.csv", "s3fs", "s3"),
        ("gs://b/a.csv", "gcsfs", "gcs"),
        ("az://b/a.csv", "adlfs", "azure"),
        ("https://h/a.csv", "aiohttp", "http"),
    ],
)
def test_without_the_extra_the_sentence_says_how_to_get_it(url: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    importlib.import_module("fsspec.core")
    loaded = sys.modules["fsspec.registry"].__dict__["_registry"]  # by a test before
    monkeypatch.delitem(loaded, url.partition(":")[0], raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DataError) as raised:
        fetch(url)
    assert raised.value.next_step == f'Install it: pip install "churnops[{extra}]".'


def test_what_is_a_url_and_what_is_secret_in_it() -> None:
    assert [is_remote(place) for place in ("s3://b/k", "AZ://c/x", "https://h/f", "hdfs://n/x", "a/s3:/b", "C:\\x")] == [True] * 3 + [
        False
    ] * 3
    assert [
        holds_secret(url) for url in ("https://u:p@h/f", "https://h/f?X-Amz-Signature=1", "abfss://c@account/f", "https://h/f?v=1")
    ] == [
        True,
        True,
        False,
        False,
    ]
    assert shown_url("https://u:p@h:1/f.csv?sig=1") == "https://u@h:1/f.csv"
    assert shown_url("abfss://c@account/f.csv") == "abfss://c@account/f.csv"
