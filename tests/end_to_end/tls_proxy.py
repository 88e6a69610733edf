"""A small reverse proxy as a team has one: it speaks TLS at a name of its own, says who signed in, and passes on what is asked below a path."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

HOST, PREFIX = "churn.example.com", "/telco"
_NOT_PASSED = {"host", "connection", "transfer-encoding", "content-length"}


@dataclass
class TlsProxy:
    """A running one. `url` is what people open; until `passes_to` says where the server is it passes nothing on."""

    header: str
    name: str
    url: str = ""
    server: str = ""

    def passes_to(self, server: str) -> None:
        """Pass on to this server from now on."""
        self.server = server

    async def answer(self, request: Request) -> Response:
        """Pass one request on; what the client says of itself in our header is dropped."""
        headers = [(name, value) for name, value in request.headers.items() if name not in {*_NOT_PASSED, self.header.lower()}]
        headers += [("Host", self.url.partition("://")[2].partition("/")[0]), ("X-Forwarded-Proto", "https"), (self.header, self.name)]
        query = f"?{request.url.query}" if request.url.query else ""
        async with httpx2.AsyncClient(timeout=60) as client:
            got = await client.request(
                request.method, f"{self.server}{request.url.path}{query}", headers=headers, content=await request.body()
            )
        answer = Response(got.content, got.status_code)
        answer.raw_headers += [
            (name, value) for name, value in got.headers.raw if name.lower().decode() not in {*_NOT_PASSED, "content-encoding"}
        ]
        return answer


@contextmanager
def tls_proxy(folder: Path, header: str, name: str) -> Iterator[TlsProxy]:
    """One that says in `header` that `name` signed in; its certificate lies in `folder`."""
    key, certificate = folder / "proxy.key", folder / "proxy.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        f"/CN={HOST}",
        "-addext",
        f"subjectAltName=DNS:{HOST}",
    ]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    proxy = TlsProxy(header, name)
    app = Starlette(routes=[Route("/{rest:path}", proxy.answer, methods=["GET", "HEAD", "POST"])])
    config = uvicorn.Config(app, port=0, ssl_keyfile=str(key), ssl_certfile=str(certificate), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    proxy.url = f"https://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}{PREFIX}"
    try:
        yield proxy
    finally:
        server.should_exit = True
        thread.join(30)
