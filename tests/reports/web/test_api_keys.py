"""Where the workspace names a key, the prediction API opens to it alone; what tells whether the server is well stays open."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pipeline.errors import SettingsError
from pipeline.record.opened_workspace import Opened
from pipeline.workspace.serving_settings import ServingSettings
from reports.web.api_keys import read_api_keys
from reports.web.app import web_app
from tests.reports.web.test_prediction_api import customer, logged

KEY, NEXT = "k" * 32, "n" * 32


@pytest.fixture
def guarded(trained: Opened) -> Iterator[TestClient]:
    keys = trained.workspace.root / "keys"
    keys.write_text(f"{KEY}\n\n  {NEXT}\n")
    keys.chmod(0o640)
    serving = trained.settings.serving.model_copy(update={"api_key_file": "keys"})
    settings = trained.settings.model_copy(update={"serving": serving})
    opened = Opened(trained.workspace, settings, trained.policy, trained.state, trained.clock)
    with TestClient(web_app(opened, local=False)) as client:
        yield client


def test_without_the_key_nothing_is_taken(guarded: TestClient, trained: Opened) -> None:
    for path in ("/predict", "/predict/batch", "/outcomes", "/offers"):
        for sent in (None, "", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", "Bearer", f"Basic {KEY}", KEY, "Bearer ké"):
            headers = {} if sent is None else {"authorization": sent.encode("latin-1")}
            refused = guarded.post(path, json=customer(trained), headers=headers)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="churnops"'), (path, sent)
            assert refused.json() == {"detail": "An API key is needed: send it as `Authorization: Bearer KEY`."}
    assert logged(trained) == []


@pytest.mark.parametrize("key", [KEY, NEXT], ids=["the old", "the new"])
def test_with_one_of_the_keys_it_answers(guarded: TestClient, trained: Opened, key: str) -> None:
    assert guarded.post("/predict", json=customer(trained), headers={"authorization": f"Bearer {key}"}).status_code == 200
    assert len(logged(trained)) == 1


def test_health_stays_open(guarded: TestClient) -> None:
    assert [guarded.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200] * 3


def test_a_key_that_is_not_there_or_keeps_nobody_out_is_no_reason_to_serve_all(tmp_path: Path) -> None:
    by_variable = ServingSettings(api_key_variable="THE_KEY")
    by_file = ServingSettings(api_key_file="keys")
    assert read_api_keys(by_variable, tmp_path, {"THE_KEY": KEY})
    assert not read_api_keys(ServingSettings(), tmp_path, {"THE_KEY": KEY})
    for environ, said in (({}, "holds no API key"), ({"THE_KEY": " \n"}, "holds no API key"), ({"THE_KEY": "short"}, "fewer than 16")):
        with pytest.raises(SettingsError, match=said):
            read_api_keys(by_variable, tmp_path, environ)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_api_keys(by_file, tmp_path, {})
    os.mkfifo(tmp_path / "keys", 0o600)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_api_keys(by_file, tmp_path, {})
    (tmp_path / "keys").unlink()
    (tmp_path / "keys").write_text(KEY)
    (tmp_path / "keys").chmod(0o644)
    with pytest.raises(SettingsError, match=r"Everybody on this machine may read .* `chmod o= "):
        read_api_keys(by_file, tmp_path, {})
    with pytest.raises(ValueError, match="both name keys"):
        ServingSettings(api_key_variable="A", api_key_file="keys")
