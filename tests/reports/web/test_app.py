"""The assembled application: the API and the page side by side, for names of this machine alone, documented without a script."""

from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient

from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.serving import known_fields
from reports.web.app import web_app
from tests.pipeline.serving.swaps import another_model


@pytest.fixture
def web(fresh: Opened) -> Iterator[TestClient]:
    with TestClient(web_app(fresh, local=True), base_url="http://localhost:8000", follow_redirects=False) as client:
        yield client


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_names_of_this_machine_are_answered(web: TestClient) -> None:
    for host in ("localhost", "127.0.0.1:8000", "LOCALHOST:1", "[::1]:9"):
        assert web.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/predict", "/docs", "/review", "/nothing"])
def test_other_names_are_refused_on_every_address(web: TestClient, path: str) -> None:
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0", "localhost:x", ""):
        assert web.post(path, headers={"host": host}, json={}).status_code == 421
        assert web.get(path, headers={"host": host}).status_code == 421


def test_behind_a_proxy_other_names_reach_the_api_but_not_the_page(fresh: Opened) -> None:
    with TestClient(web_app(fresh, local=False), base_url="http://churn.example", follow_redirects=False) as web:
        assert web.get("/healthz").status_code == 200
        assert web.get("/review").status_code == 421


def test_the_root_leads_to_the_page_and_the_page_asks_who_you_are(web: TestClient) -> None:
    assert web.get("/").headers["location"] == "/review"
    assert web.get("/review").status_code == 403


def test_the_documentation_names_all_fields_and_loads_nothing_from_elsewhere(web: TestClient, fresh: Opened) -> None:
    said = web.get("/docs")
    assert said.status_code == 200
    assert "default-src 'none'" in said.headers["content-security-policy"]
    columns = fresh.settings.data.columns
    assert all(f"<code>{name}</code>" in said.text for name in (columns.id, *columns.features))
    parser = _Tags()
    parser.feed(said.text)
    assert "script" not in {tag for tag, _ in parser.tags}
    addresses = [value for _, attributes in parser.tags for name, value in attributes.items() if name in {"href", "src"}]
    assert {"/review/style.css", "/openapi.json"} <= set(addresses)
    assert all(address is not None and address.startswith("/") for address in addresses)
    assert all(web.get(str(address)).status_code == 200 for address in addresses)
    for path in ("/predict", "/predict/batch", "/outcomes", "/healthz", "/readyz", "/metrics"):
        assert path in said.text


def test_a_hostile_column_name_stays_text(fresh: Opened) -> None:
    data = fresh.settings.data
    hostile = data.model_copy(update={"categorical": (*data.categorical, "<script>alert(1)</script>")})
    opened = type(fresh)(**{**vars(fresh), "settings": fresh.settings.model_copy(update={"data": hostile})})
    with TestClient(web_app(opened, local=True), base_url="http://localhost") as web:
        said = web.get("/docs").text
    assert "<script" not in said
    assert "&lt;script&gt;alert(1)" in said


def test_the_docs_tell_ranges_and_categories_of_the_training_data(trained: Opened) -> None:
    with TestClient(web_app(trained, local=True), base_url="http://localhost") as web:
        said = unescape(web.get("/docs").text)
    assert "a number, or null; 0 to 72 in the training data" in said
    assert "a text, or null; known: Month-to-month, One year, Two year" in said
    assert '"Contract": "Month-to-month"' in said
    assert "e+38" not in said


def test_the_docs_say_which_fields_may_be_left_out_once_a_model_does_without(trained: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = open_champion(trained)[1].manifest.columns.without(["gender"])
    another_model(
        trained, 1, columns=columns.model_copy(update={"numerical": (*columns.numerical, "SupportCalls")}).model_dump(mode="json")
    )
    with TestClient(web_app(trained, local=True), base_url="http://localhost") as web:
        monkeypatch.setattr(known_fields, "open_artifact", None)  # whoever asks needs no key: no model's bytes are read for it again
        said = unescape(web.get("/docs").text)
        described = web.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert said.count("; may be left out") == 2
    assert {"gender", "SupportCalls"} <= described["properties"].keys() - set(described["required"])
