"""Whatever bytes a file holds, its reader gives what it stands for or a sentence: no other exception, and nothing is left behind.

`--hypothesis-profile=long` tries many more.
"""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.errors import ChurnopsError
from pipeline.tables.reading import read_raw
from pipeline.workspace.policy import load_policy
from pipeline.workspace.settings import read_settings
from prompts import policy_text
from reports.decisions.bundle import CASE, FORMAT, LEDGER, MANIFEST, REPORT, SETTINGS, unpack
from reports.decisions.verification import check_chain

pytestmark = pytest.mark.slow

_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
FUZZED = settings(deadline=None, suppress_health_check=_QUIET)

TABLE = 'id,tenure,"contract, kind",churned\n1,"12,5",monthly,yes\n2,,"a ""quoted"" one",no\n3,1e3,ümläut,yes\n'.encode()
JSON_ROWS = b'{"id": 1, "a": {"b": 2.5}, "c": null}\n{"id": 2, "a": {"b": "x"}, "c": true}\n'
SETTINGS_FILE = (
    b'[data]\nfile = "x.csv"\nsha256 = "0"\ntarget = "churned"\npositive = "yes"\nnumerical = ["tenure"]\n[window]\nlength = "7d"\n'
)
POLICY = b'[policy]\n"gate.min_roc_auc" = 0.7\n[policy.limits]\nturns = 5\n[policy.bands]\nretrain_above = 0.5\n'
LEDGER_LINES = b'{"at":"2026-11-21T12:00:00.000000Z","body":{},"case_id":null,"hash":"00","kind":"trusted","prev":"","seq":1}\n'
TRICKY = [
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'"',
    b"\r",
    b"\r\n",
    b"'",
    b"\\",
    b"[[",
    b"{",
    b"}",
    b",,",
    b"1e999",
    b"-0",
    b"NaN",
    b"=",
    b"#",
    b"\x1b[2J",
]


def changed(seed: bytes) -> st.SearchStrategy[bytes]:
    """The seed with some places overwritten, cut out, doubled or filled with what readers stumble over; or any bytes at all."""
    piece = st.one_of(st.binary(max_size=8), st.sampled_from(TRICKY))
    edit = st.tuples(st.integers(0, len(seed)), st.integers(0, 12), piece, st.integers(1, 3))

    def applied(edits: list[tuple[int, int, bytes, int]]) -> bytes:
        made = seed
        for place, length, new, times in edits:
            made = made[:place] + new * times + made[place + length :]
        return made

    return st.one_of(st.lists(edit, min_size=1, max_size=6).map(applied), st.binary(max_size=200))


def read_as(name: str, read: Callable[[Path], object], content: bytes) -> None:
    """`read` the content from a file of that name: it may say no."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, name)
        place.write_bytes(content)
        with suppress(ChurnopsError):
            read(place)
        assert {path.name for path in Path(folder).iterdir()} <= {name, "out"}
        assert place.read_bytes() == content


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.txt", "t.csv.gz"])
@FUZZED
@given(changed(TABLE))
def test_delimited_text(name: str, content: bytes) -> None:
    read_as(name, read_raw, content)


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.parquet", "t.xlsx"])
@FUZZED
@given(changed(JSON_ROWS))
def test_json_and_what_is_none_of_what_its_name_says(name: str, content: bytes) -> None:
    read_as(name, read_raw, content)


@FUZZED
@given(changed(SETTINGS_FILE))
def test_settings(content: bytes) -> None:
    read_as("churnops.toml", read_settings, content)


@FUZZED
@given(changed(SETTINGS_FILE + POLICY))
def test_a_workspaces_policy(content: bytes) -> None:
    read_as("churnops.toml", lambda place: load_policy(policy_text(), read_settings(place).policy), content)


_LEAF = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))


@FUZZED
@given(
    st.dictionaries(
        st.sampled_from(["gate", "limits", "bands", "drift", "evidence", "nonsense", "gate.min_roc_auc"]),
        st.one_of(_LEAF, st.dictionaries(st.sampled_from(["min_roc_auc", "turns", "evaluate", "x"]), _LEAF, max_size=3), st.lists(_LEAF)),
    )
)
def test_what_a_workspace_overrides_of_the_policy(overrides: dict[str, object]) -> None:
    with suppress(ChurnopsError):
        load_policy(policy_text(), overrides)


@FUZZED
@given(changed(LEDGER_LINES * 3))
def test_lines_of_a_ledger(content: bytes) -> None:
    """None of them holds: the seed's hashes are no hashes."""
    lines = tuple(content.decode("utf-8", "replace").split("\n"))
    _, problems = check_chain(lines)
    assert problems


def bundle() -> bytes:
    """One whose manifest holds what is in it, and whose case is none."""
    import hashlib

    members = {CASE: b"{}", REPORT: b"# R\n", LEDGER: LEDGER_LINES, SETTINGS: SETTINGS_FILE, f"models/{'a' * 64}/manifest.json": b"{}"}
    files = {name: {"sha256": hashlib.sha256(held).hexdigest(), "size": len(held)} for name, held in members.items()}
    manifest = json.dumps({"format": FORMAT, "case_id": "2026-11-21-c6ee72", "head": "1:00", "files": files}).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        for name, held in {MANIFEST: manifest, **members}.items():
            file.writestr(name, held)
    return written.getvalue()


@FUZZED
@given(changed(bundle()))
@example(bundle()[1:])  # found: its reader was sent ahead of the file's start
def test_bundles(content: bytes) -> None:
    def read(place: Path) -> None:
        folder = place.parent / "out"
        folder.mkdir()
        unpack(place, folder)

    read_as("case.bundle", read, content)
