"""The tools over HTTP: who gets in, how far, and under whose name; over real sockets, with the real client."""

import json
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, MCPError

from pipeline.errors import ChurnopsError
from pipeline.record.opened_workspace import Opened
from tests.conftest import Clock
from tests.tools.desk import Desk
from tests.tools.served import ERAS, LIFE, bearer, book, casework, http_desk, issue, on_a_thread
from tools.http_server import BOUNDS, Listening, serve
from tools.scopes import READ_TOOLS, within_scope
from tools.server import build_server

pytestmark = pytest.mark.anyio

TRAIN_TOOLS = {"run_training", "save_remediation_report"}
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"}},
}


@pytest.fixture
def address(trained: Opened) -> Iterator[str]:
    """A server over a workspace with a champion and no predictions."""
    with on_a_thread(trained) as address:
        yield address


def post(address: str, body: dict[str, Any], secret: str | None = None, **headers: str) -> httpx2.Response:
    """One request as any program sends it."""
    sent = {"Accept": "application/json, text/event-stream", **(bearer(secret) if secret else {}), **headers}
    return httpx2.post(address, json=body, headers=sent, timeout=30)


def list_tools(address: str, secret: str | None = None, **headers: str) -> httpx2.Response:
    """`tools/list` in the stateless era."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": MODERN}}
    return post(address, body, secret, **{"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list", **headers})


@pytest.mark.slow
@pytest.mark.parametrize("era", ERAS)
async def test_a_case_goes_from_drift_to_report_and_names_its_token(era: str, drifted: Opened) -> None:
    pointer = drifted.workspace.champion_pointer.read_bytes()
    with on_a_thread(drifted) as address:
        async with http_desk(address, issue(drifted, "read", "looker"), era) as reader:
            case_id = (await reader.ok("get_drift_summary"))["case_id"]
            assert (await reader.ok("get_current_model_metrics", case_id=case_id))["call"] == 2
        async with http_desk(address, issue(drifted, "train", "night-shift"), era) as trainer:
            assert "must be an integer" in await trainer.refused("run_training", case_id=case_id, n_estimators="200")
            await trainer.close(case_id, "fix_data")
    case = drifted.cases.get(case_id)
    assert (case.status, case.operator, case.started_by) == ("needs_people", "mcp client night-shift", "mcp")
    assert case.report is not None
    assert "mcp client night-shift" in (drifted.workspace.root / case.report.path).read_text(encoding="utf-8")
    assert drifted.workspace.champion_pointer.read_bytes() == pointer


@pytest.mark.parametrize("era", ERAS)
async def test_a_read_token_neither_trains_nor_closes(era: str, address: str, trained: Opened) -> None:
    secret = issue(trained, "read")
    async with http_desk(address, secret, era) as reader:
        for tool in TRAIN_TOOLS | {"deploy", "a_tool_of_next_year"}:
            said = await reader.refused(tool, case_id="any")
            assert "has scope read" in said and "token create --scope train" in said
    assert trained.cases.all() == ()
    async with http_desk(address, issue(trained, "train", "bob"), era) as trainer:
        for tool in TRAIN_TOOLS:
            assert "scope" not in await trainer.refused(tool, case_id="any")


async def test_what_scope_read_allows_is_all_but_training_and_closing(address: str, trained: Opened) -> None:
    async with http_desk(address, issue(trained, "read")) as reader:
        offered = {tool.name for tool in (await reader.client.list_tools()).tools}
    assert offered - READ_TOOLS == TRAIN_TOOLS
    assert offered >= READ_TOOLS


@pytest.mark.parametrize("era", ERAS)
async def test_nothing_on_the_wire_deploys(era: str, address: str, trained: Opened) -> None:
    pointer = trained.workspace.champion_pointer.read_bytes()
    async with http_desk(address, issue(trained, "train"), era) as desk:
        await no_way_to_deploy(desk)
    assert trained.workspace.champion_pointer.read_bytes() == pointer


async def no_way_to_deploy(desk: Desk) -> None:
    """Neither a name nor an address among all that is offered moves the champion, nor does calling one that is not."""
    words = ("deploy", "approv", "reject", "promot", "alias", "rollback", "acknowledg", "overrul", "override", "token", "champion")
    client = desk.client
    offered = [
        *(tool.name for tool in (await client.list_tools()).tools),
        *(prompt.name for prompt in (await client.list_prompts()).prompts),
        *(str(resource.uri) for resource in (await client.list_resources()).resources),
        *(template.uri_template for template in (await client.list_resource_templates()).resource_templates),
    ]
    assert "run_training" in offered
    assert [name for name in offered for word in words if word in name.lower()] == []
    for name in ("approve", "deploy", "promote", "set_alias", "rollback", "token_create"):
        await desk.refused(name, case_id="any")


def test_nobody_gets_in_without_a_live_token(address: str, trained: Opened) -> None:
    tokens, clock = book(trained), trained.clock
    assert isinstance(clock, Clock)
    secret = tokens.create("ann", "read", LIFE, "a test").secret
    assert list_tools(address, secret).status_code == 200

    bare = list_tools(address)
    assert (bare.status_code, bare.headers["www-authenticate"]) == (401, 'Bearer realm="churnops"')
    for wrong in ("nonsense", secret + "x", tokens.all()[0].sha256):
        refused = list_tools(address, wrong)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="churnops", error="invalid_token"')
    assert list_tools(address, Authorization=f"Basic {secret}").status_code == 401

    tokens.revoke("ann")
    assert list_tools(address, secret).status_code == 401

    other = tokens.create("bob", "read", LIFE, "a test").secret
    assert list_tools(address, other).status_code == 200
    clock.advance(days=30)
    assert list_tools(address, other).status_code == 401


def test_a_token_that_approves_is_a_persons_and_opens_nothing_here(address: str, trained: Opened) -> None:
    refused = list_tools(address, issue(trained, "approve"))
    assert (refused.status_code, "for a person at the review page" in refused.text) == (403, True)


def test_tokens_that_cannot_be_read_let_nobody_in(address: str, trained: Opened) -> None:
    secret = issue(trained, "read")
    (trained.workspace.home / "mcp_tokens.json").write_text("{")
    refused = list_tools(address, secret)
    assert refused.status_code == 503
    assert str(trained.workspace.root) not in refused.text


def test_a_session_belongs_to_the_token_that_opened_it(address: str, trained: Opened) -> None:
    ann, bob = issue(trained, "train", "ann"), issue(trained, "read", "bob")
    session = post(address, INITIALIZE, ann).headers["mcp-session-id"]
    ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
    headers = {"mcp-session-id": session, "MCP-Protocol-Version": "2025-11-25"}
    assert post(address, ping, ann, **headers).status_code == 200
    assert post(address, ping, bob, **headers).status_code == 404
    book(trained).revoke("ann")
    assert post(address, ping, ann, **headers).status_code == 401


def test_a_revoked_token_does_not_end_the_others(address: str, trained: Opened) -> None:
    ann, bob = issue(trained, "read", "ann"), issue(trained, "read", "bob")
    book(trained).revoke("ann")
    assert [list_tools(address, secret).status_code for secret in (ann, bob)] == [401, 200]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:{port}"}, 200),
        ({"Host": "localhost:{port}"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:{port}"}, 421),
        ({"Host": "localhost.evil.example:{port}"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_only_known_hosts_and_origins_are_answered(headers: dict[str, str], status: int, address: str, trained: Opened) -> None:
    port = str(httpx2.URL(address).port)
    sent = {name: value.replace("{port}", port) for name, value in headers.items()}
    assert list_tools(address, issue(trained, "read"), **sent).status_code == status


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
def test_a_body_beyond_the_bound_is_not_read(version: str, address: str, trained: Opened) -> None:
    secret = issue(trained, "read")
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"padding": "x" * BOUNDS.body_bytes}}
    assert post(address, body, secret, **{"MCP-Protocol-Version": version}).status_code == 413

    def unannounced() -> Iterator[bytes]:
        for _ in range(5):
            yield b" " * (BOUNDS.body_bytes // 4)

    headers = {**bearer(secret), "Content-Type": "application/json", "MCP-Protocol-Version": version}
    assert httpx2.post(address, content=unannounced(), headers=headers).status_code == 413


def test_who_comes_too_often_waits_and_the_others_do_not(trained: Opened) -> None:
    seconds = [0.0]
    with on_a_thread(trained, replace(BOUNDS, requests=3, seconds=60), lambda: seconds[0]) as address:
        ann, bob = issue(trained, "read", "ann"), issue(trained, "read", "bob")
        assert [list_tools(address, ann).status_code for _ in range(3)] == [200] * 3
        seconds[0] = 20
        refused = list_tools(address, ann)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "40")
        assert list_tools(address, bob).status_code == 200
        seconds[0] = 60
        assert list_tools(address, ann).status_code == 200


def test_sessions_are_bounded_and_the_stateless_era_goes_on(trained: Opened) -> None:
    secret = issue(trained, "read")
    with on_a_thread(trained, replace(BOUNDS, sessions=2)) as address:
        assert [post(address, INITIALIZE, secret).status_code for _ in range(3)] == [200, 200, 503]
        assert list_tools(address, secret).status_code == 200


def test_half_open_connections_keep_no_live_token_out(trained: Opened) -> None:
    secret = issue(trained, "read")
    with on_a_thread(trained) as address, ExitStack() as hostile:
        port = httpx2.URL(address).port
        assert port
        for place in range(300):
            there = hostile.enter_context(socket.create_connection(("127.0.0.1", port)))
            there.sendall(b"POST /mcp HTTP/1.1\r\n"[: place % 24])
        assert list_tools(address, secret).status_code == 200


def test_a_token_has_so_much_under_way_and_a_body_so_long_to_arrive(trained: Opened) -> None:
    ann, bob = issue(trained, "read", "ann"), issue(trained, "read", "bob")
    with on_a_thread(trained, replace(BOUNDS, under_way=1, body_seconds=1)) as address, ExitStack() as slow:
        port = httpx2.URL(address).port
        assert port
        there = slow.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
        there.sendall(
            b"POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nauthorization: Bearer %s\r\ncontent-type: application/json\r\n"
            b"accept: application/json, text/event-stream\r\ncontent-length: 1000\r\n\r\n{" % (port, ann.encode())
        )
        while list_tools(address, ann).status_code != 503:
            pass
        assert list_tools(address, bob).status_code == 200
        answer = there.recv(1 << 16)
        assert not answer.startswith(b"HTTP/1.1 200 "), answer
        assert list_tools(address, ann).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"jsonrpc": "2.0"}', b"\xff\xfe", json.dumps([INITIALIZE]).encode()])
@pytest.mark.parametrize("version", [None, "2025-11-25", "2026-07-28", "1999-01-01"])
def test_a_body_that_is_no_message_is_a_clients_error(body: bytes, version: str | None, address: str, trained: Opened) -> None:
    headers = {**bearer(issue(trained, "read")), "Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    answer = httpx2.post(address, content=body, headers={**headers, **({"MCP-Protocol-Version": version} if version else {})})
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text


def test_beside_the_endpoint_there_is_nothing(address: str, trained: Opened) -> None:
    root, secret = address.removesuffix("/mcp"), issue(trained, "read")
    for path in ("/", "/docs", "/.well-known/oauth-protected-resource", "/tokens", "/mcp/", "/mcp/x", "//mcp"):
        assert httpx2.get(root + path, headers=bearer(secret)).status_code == 404
    assert httpx2.get(f"{root}/%6dcp").status_code == 401  # the same place by another spelling


@pytest.mark.slow
async def test_clients_at_once_open_one_window_as_one_case(drifted: Opened) -> None:
    found: list[dict[str, Any]] = []
    with on_a_thread(drifted) as address:
        secret = issue(drifted, "read")

        async def open_case(number: int) -> None:
            async with http_desk(address, secret, ERAS[number % 2]) as desk:
                found.append(await desk.ok("get_drift_summary"))

        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(open_case, number)
    (case,) = drifted.cases.all()
    assert Counter(answer["case_id"] for answer in found) == {case.case_id: 4}
    assert sorted(answer["call"] for answer in found) == list(range(1, 5))
    assert [call.number for call in drifted.cases.calls(case.case_id)] == list(range(1, 5))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(how: signal.Signals, trained: Opened, request: pytest.FixtureRequest) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        request.addfinalizer(partial(signal.signal, each, signal.getsignal(each)))
    secret = issue(trained, "read")
    answered: list[int] = []

    def call(address: str) -> None:
        try:
            answered.append(list_tools(address, secret).status_code)
        finally:
            os.kill(os.getpid(), how)

    server = build_server(casework(trained), trained.policy)
    serve(server, book(trained), Listening(port=0), lambda address: threading.Thread(target=call, args=(address,)).start())
    assert answered == [200]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("mcp.lan", False)],
)
def test_beyond_loopback_names_must_be_listed(host: str, loopback: bool) -> None:
    listening = Listening(host)
    assert listening.is_loopback == loopback
    if loopback:
        listening.check()
    else:
        with pytest.raises(ChurnopsError, match="--allow-host"):
            listening.check()
        replace(listening, allowed_hosts=("mcp.example.com",)).check()


def test_a_listed_name_is_allowed_as_written_and_no_other() -> None:
    far = Listening("0.0.0.0", 8765, ("mcp.example.com", "10.0.0.7:9000"), ("https://app.example.com",)).security(8765)
    assert far.allowed_hosts == ["mcp.example.com", "mcp.example.com:*", "10.0.0.7:9000"]
    assert far.allowed_origins == ["https://app.example.com"]  # the loopback's names are not among them
    assert far.enable_dns_rebinding_protection


@pytest.mark.parametrize("name", ["*", "*.example.com", "http://mcp.example.com", "a b", "", "mcp.example.com:*", "x\ny"])
def test_a_pattern_is_no_name(name: str) -> None:
    with pytest.raises(ChurnopsError, match="no name to allow"):
        Listening("0.0.0.0", allowed_hosts=(name,)).check()
    with pytest.raises(ChurnopsError, match="no name to allow"):
        Listening(allowed_origins=(name if name.startswith("http") is False else "ftp://x",)).check()


async def test_without_the_door_the_servers_tools_are_shut(trained: Opened) -> None:
    """An application built without a `BearerDoor` by mistake answers nothing, instead of everybody."""
    server = build_server(casework(trained), trained.policy)
    server.middleware.append(within_scope)
    with pytest.raises((MCPError, BaseExceptionGroup)):
        async with Client(server) as client:
            await client.list_tools()
