"""An object store takes and gives files under their names, and says in one sentence where it does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import WorkspaceError
from pipeline.workspace.shared_files import SharedFiles, require_store_url
from tests.s3 import S3Store, s3_store


@pytest.fixture(scope="module")
def store() -> Iterator[S3Store]:
    with s3_store() as found:
        yield found


@pytest.mark.slow
def test_files_and_folders_come_back_as_they_were_put(store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.reach(monkeypatch)
    shared, made = SharedFiles("s3://churn/team"), tmp_path / "made"
    (made / "below").mkdir(parents=True)
    (made / "a.json").write_bytes(b"{}")
    (made / "below" / "b.bin").write_bytes(b"\0\1")
    shared.put("models/m", made)
    shared.put("reports/r", made / "a.json")
    shared.get_folder("models/m", tmp_path / "back")
    assert {
        path.relative_to(tmp_path / "back").as_posix(): path.read_bytes() for path in (tmp_path / "back").rglob("*") if path.is_file()
    } == {
        "a.json": b"{}",
        "below/b.bin": b"\0\1",
    }
    assert shared.names("models") == {"models/m/a.json": 2, "models/m/below/b.bin": 2}
    assert (shared.get("reports/r"), shared.get("reports/none"), shared.names("none")) == (b"{}", None, {})
    shared.put_first("key", b"first")
    shared.put_first("key", b"second")
    assert shared.get("key") == b"first"
    shared.delete("key")
    shared.delete("key")
    assert shared.get("key") is None
    shared.get_folder("models/none", tmp_path / "none")
    assert not (tmp_path / "none").exists()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(WorkspaceError, match="The object store s3://churn/team does not answer") as failed:
        SharedFiles("s3://churn/team").get("key")
    assert "credentials" in failed.value.next_step


@pytest.mark.parametrize("url", ["/srv/share", "s3://", "https://host/x", "s3://key:secret@bucket/x", "s3://bucket/x?token=1"])
def test_what_is_no_object_store_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="s3://bucket/folder"):
        require_store_url(url)
