"""The whole product at work on one machine, as deploy/compose.yaml starts it, but as processes: `make stack`.

A real PostgreSQL, MLflow's server, `serve` with two workers, `watch` and `mcp` over HTTP. The market shifts, the watch triages and tells a
webhook, a person approves on the page in a browser, both workers answer by the new model without a restart, a person goes back, and a backup
taken meanwhile is restored into another database and verified. Every step is a line with its seconds; the first that fails ends it with 1.
"""

import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import anyio
import psycopg
from playwright.sync_api import sync_playwright

from pipeline.workspace.settings import read_settings
from tests.agent.watch.destinations_of import WebServer, web_server
from tests.checkout import ROOT
from tests.postgres import postgres_server
from tests.reports.decisions.test_approval_terminal import Ended, at_a_terminal
from tests.tools.served import http_desk

CHURNOPS = str(Path(sys.executable).parent / "churnops")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_SECONDS = 900


class Log:
    """What was done, with the seconds since the step before and since the beginning."""

    def __init__(self) -> None:
        self.began = self.last = time.monotonic()

    def __call__(self, said: str) -> None:
        now = time.monotonic()
        _write(f"{now - self.last:6.1f} s {now - self.began:6.1f} s  {said}")
        self.last = now


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def until(met: Callable[[], Any], what: str) -> Any:
    """What `met` gives once it gives something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := met():
            return found
        time.sleep(0.3)
    raise TimeoutError(f"{what}: not within {PATIENCE_SECONDS} s")


def answers(address: str) -> bool:
    """Whether a server answers there with success."""
    try:
        with urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def churnops(*words: str, environment: dict[str, str]) -> Any:
    """The object that a command printed with --json, or None."""
    ran = subprocess.run([CHURNOPS, *words], env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    if ran.returncode:
        raise RuntimeError(f"churnops {' '.join(words)} ended with {ran.returncode}: {ran.stderr[-800:]}")
    return json.loads(ran.stdout.strip().splitlines()[-1]) if "--json" in words else None


@contextmanager
def process(room: Path, name: str, *command: str, environment: dict[str, str]) -> Iterator[None]:
    """A service that stays; what it writes lies in `room`."""
    with (room / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        started.terminate()
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()


def mlflow_server() -> str | None:
    """MLflow's server in its own environment, where `make mlflow` or MLFLOW has one."""
    named = Path(os.environ.get("MLFLOW", ROOT / ".venv-ui" / "bin" / "mlflow"))
    return str(named) if named.is_file() else None


def approve(link: str, case: str, version: str, picture: Path) -> None:
    """A person opens the link, reads the case, and approves."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(PATIENCE_SECONDS * 1_000)
        page.goto(link)
        page.click(f"text=Review case {case}")
        page.fill("[name=reason]", "The gate passed and the drift is real.")
        page.fill("[name=confirmation]", f"deploy {version}")
        page.click("text=Approve >> nth=-1")
        page.wait_for_selector("text=approved it")
        page.screenshot(path=str(picture))
        browser.close()


def typed(words: list[str], answer: dict[str, str], environment: dict[str, str]) -> Ended:
    """What a person at a terminal sees of a command that must succeed."""
    ended = at_a_terminal([CHURNOPS, *words], answer, environment)
    if ended.code:
        raise RuntimeError(f"churnops {words[0]} ended with {ended.code}: {ended.shown[-800:]}")
    return ended


def model_versions(address: str, customer: dict[str, object]) -> set[str]:
    """The versions that a hundred requests, each on a connection of its own, were answered by."""
    content = json.dumps(customer).encode()
    found = set()
    for _ in range(100):
        with urlopen(Request(address, content, {"content-type": "application/json"}), timeout=30) as answer:
            found.add(json.loads(answer.read())["model_version"])
    return found


def told(hook: WebServer, kind: str) -> Any:
    """The message of this kind, as soon as the webhook has it."""
    return until(lambda: next((body for one in hook.requests if (body := json.loads(one.body))["kind"] == kind), None), f"the alert {kind}")


async def tools_of(address: str, secret: str) -> set[str]:
    """The names of the tools that a client with a token is shown."""
    async with http_desk(address, secret) as desk:
        return {tool.name for tool in (await desk.client.list_tools()).tools}


def live(room: Path, say: Log, stack: ExitStack) -> None:
    """The story, in order."""
    server, hook = stack.enter_context(postgres_server()), stack.enter_context(web_server())
    url = server.replace("+psycopg", "")
    secret = room / "database_url"
    secret.write_text(url)
    secret.chmod(0o400)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CHURNOPS_", "ANTHROPIC_"))},
        "CHURNOPS_DATABASE_URL_FILE": str(secret),
        "CHURNOPS_ALERTS__DESTINATIONS": f'["hook://127.0.0.1:{hook.port}/alerts"]',
    }
    workspace, at = room / "workspace", ["--workspace", str(room / "workspace")]
    say("PostgreSQL and a webhook listen")
    churnops("init", "--synthetic", "--rows", "2500", *at, environment=environment)
    churnops("train", *at, environment=environment)
    customer = first_customer(workspace)
    say("the first champion is trained")

    web, mcp, page = free_port(), free_port(), free_port()
    serving = ("serve", "--workers", "2", "--port", str(web), *at)
    stack.enter_context(process(room, "serve", CHURNOPS, *serving, environment=environment))
    # A server that nobody may enter does not start.
    token = churnops("mcp", "token", "create", "--name", "stack", "--scope", "read", "--json", *at, environment=environment)["token"]
    stack.enter_context(process(room, "mcp", CHURNOPS, "mcp", "--http", "--port", str(mcp), *at, environment=environment))
    if mlflow := mlflow_server():
        store = f"sqlite:///{workspace}/.churnops/mlflow.db"
        command = (mlflow, "server", "--host", "127.0.0.1", "--port", str(page), "--workers", "1", "--backend-store-uri", store)
        stack.enter_context(process(room, "mlflow", *command, environment=environment))
    until(lambda: answers(f"http://127.0.0.1:{web}/readyz"), "serve")
    before = model_versions(f"http://127.0.0.1:{web}/predict", customer)
    assert before == {"1"}, before
    say("serve answers, 100 of 100 by version 1")
    until(lambda: _listens(mcp), "mcp")
    tools = anyio.run(tools_of, f"http://127.0.0.1:{mcp}/mcp", token)
    assert "get_drift_summary" in tools and not [name for name in tools if "approve" in name or "deploy" in name], tools
    say(f"mcp shows {len(tools)} tools over HTTP, none of which deploys")

    churnops("simulate", "--scenario", "market_shift", "--rows", "2000", *at, environment=environment)
    say("the market shifts: 2,000 predictions and their outcomes in PostgreSQL")
    stack.enter_context(process(room, "watch", CHURNOPS, "watch", "--operator", "rulebook", str(workspace), environment=environment))
    alert = told(hook, "challenger_waits")
    say(f"watch triaged case {alert['case_id']}; the webhook heard “{alert['title']}”")

    case = next(
        one for one in churnops("reports", "list", "--json", *at, environment=environment)["cases"] if one["case_id"] == alert["case_id"]
    )
    version = str(case["challenger"]["version"])
    ended = typed(["reports", "page", "--port", str(web), *at], {}, environment)
    link = re.search(r"http://\S+token=\S+", ended.shown)
    assert link, ended.shown
    approve(link[0], alert["case_id"], version, room / "approved.png")
    after = model_versions(f"http://127.0.0.1:{web}/predict", customer)
    assert after == {version}, after
    say(f"approved on the page; 100 of 100 answers by version {version}, no restart")

    copy = churnops("backup", str(room / "backup.tgz"), "--json", *at, environment=environment)
    say(f"backed up while serving: {copy['files']} files, head {copy['head'][:16]}…")
    typed(["rollback", "--reason", "To see that it can be undone.", *at], {"to confirm": "deploy 1"}, environment)
    assert model_versions(f"http://127.0.0.1:{web}/predict", customer) == {"1"}
    say("rolled back; 100 of 100 answers by version 1")

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE elsewhere")
    secret.chmod(0o600)
    secret.write_text(re.sub(r"/postgres\?", "/elsewhere?", url))
    away = ["--workspace", str(room / "elsewhere")]
    churnops("restore", str(room / "backup.tgz"), "--head", copy["head"], *away, environment=environment)
    status = churnops("status", "--json", *away, environment=environment)
    assert str(status["champion"]["version"]) == version
    assert churnops("reports", "verify", "--json", *away, environment=environment)["ok"]
    say(f"restored into another database: version {version} serves there, the record verifies")
    if mlflow:
        until(lambda: answers(f"http://127.0.0.1:{page}/health"), "MLflow's server")
        say("MLflow's server shows the mirror")


def first_customer(workspace: Path) -> dict[str, object]:
    """The first customer of the reference, as a program sends one."""
    data = read_settings(workspace / "churnops.toml").data
    with (workspace / data.file).open(encoding="utf-8", newline="") as stream:
        row = next(csv.DictReader(stream))
    quantities = {name: float(row[name]) if row[name].strip() else None for name in data.columns.numerical}
    return {name: row[name] for name in (data.id, *data.columns.categorical) if name} | quantities


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    """Live it in a folder of its own, which stays where it failed."""
    room, say = Path(tempfile.mkdtemp(prefix="churnops-stack-")), Log()
    _write(f"Logs of the services: {room}")
    with ExitStack() as stack:
        live(room, say, stack)
    say("everything ended in order")
    shutil.rmtree(room)


if __name__ == "__main__":
    main()
