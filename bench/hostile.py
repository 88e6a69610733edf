"""`churnops serve` for clients that mean well, measured by wrk alone and beside clients that mean harm.

The hostile ones come from another address (127.0.0.2) and are renewed as fast as they are refused: half-open connections, heads and bodies
that never end, and bodies of four megabytes that hold nothing but unknown fields. All share one machine with the server, so what their own
work costs is in the figures. Every answer that wrk counted must be a row of the log.
Results: bench/results/hostile.json and the table of docs/security.md. Needs wrk.
"""

import asyncio
import json
import re
import shutil
import subprocess
import tempfile
from multiprocessing import Process
from pathlib import Path

from document import put_into_document
from process_cost import machine
from serving import CHURNOPS, ROOT, TELCO, ours, some_customer
from sqlalchemy import func, select

from pipeline.clock import utc_now
from pipeline.record.opened_workspace import open_workspace
from pipeline.state.database import predictions
from prompts import policy_text

RESULTS = ROOT / "bench" / "results" / "hostile.json"
CLIENTS = (1, 32, 256, 1_000)
SECONDS = 5
HALF_OPEN, SLOW_HEADS, SLOW_BODIES, LARGE_BODIES = 300, 100, 20, 4
# Every request has an id of its own; wrk's threads number theirs apart.
SCRIPT = """
local threads, asked = 0, 0
function setup(thread) thread:set("number", threads); threads = threads + 1 end
function init() wrk.method = "POST"; wrk.headers["content-type"] = "application/json" end
function request()
  asked = asked + 1
  return wrk.format(nil, "/predict", nil, '{"ID":"RUN-' .. number .. '-' .. asked .. '",REST')
end
function done(summary, latency)
  io.write(string.format('{"answers":%d,"p50":%f,"p99":%f,"refused":%d,"broken":%d,"timeouts":%d}',
    summary.requests, latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write, summary.errors.timeout))
end
"""


def main() -> None:
    """Serve a champion, and ask it alone and beside the hostile."""
    if not shutil.which("wrk"):
        raise SystemExit("This needs wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        data = ["--data", str(TELCO), "--target", "Churn"] if TELCO.exists() else ["--synthetic", "--rows", "7043"]
        for command in (["init", *data], ["train"]):
            subprocess.run([*CHURNOPS, *command, "-w", folder], check=True, capture_output=True)
        customer = some_customer(Path(folder))
        with ours(Path(folder)) as (_, port):
            rows = [measured(Path(folder), port, customer, clients, beside) for clients in CLIENTS for beside in (False, True)]
    RESULTS.write_text(json.dumps({**machine(), "seconds": SECONDS, "rows": rows}, indent=1) + "\n")
    put_into_document("hostile figures", table(rows), "security.md")


def measured(folder: Path, port: int, customer: dict[str, object], clients: int, beside: bool) -> dict[str, float]:
    """One run of wrk, and how many of its answers are not in the log."""
    hostile = Process(target=be_hostile, args=(port,), daemon=True)
    if beside:
        hostile.start()
    try:
        run = f"{clients}{'h' if beside else 'a'}"
        found = wrk(folder, port, customer, clients, run)
    finally:
        if beside:
            hostile.terminate()
            hostile.join()
    row = {"clients": clients, "hostile": beside, **found, "lost": max(0, found["answers"] - found["refused"] - logged(folder, run))}
    print(row, flush=True)
    return row


def wrk(folder: Path, port: int, customer: dict[str, object], clients: int, run: str) -> dict[str, float]:
    """Its figures: answers, of which refused with another status; p50 and p99 in milliseconds; connections that broke; answers after 10 s."""
    (name, _), *rest = customer.items()
    rest_of_body = json.dumps(dict(rest)).replace("NaN", "null")[1:].replace("'", "\\'")
    script = SCRIPT.replace("REST", rest_of_body).replace("RUN", run).replace('"ID"', json.dumps(name))
    (folder / "wrk.lua").write_text(script)
    command = [
        "wrk",
        "-t",
        str(min(2, clients)),
        "-c",
        str(clients),
        "-d",
        f"{SECONDS}s",
        "--timeout",
        "10s",
        "-s",
        str(folder / "wrk.lua"),
    ]
    said = subprocess.run([*command, f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True).stdout
    (line,) = re.findall(r"\{.*\}", said)
    return dict(json.loads(line))


def logged(folder: Path, run: str) -> int:
    """Rows of the log of one run."""
    opened = open_workspace(folder, policy_text(), utc_now)
    try:
        with opened.state.read() as connection:
            return int(connection.scalar(select(func.count()).where(predictions.c.id.like(f"{run}-%"))) or 0)
    finally:
        opened.state.close()


def be_hostile(port: int) -> None:
    """Until this process is ended."""
    asyncio.run(_all_hostile(port))


async def _all_hostile(port: int) -> None:
    body = b"{" + b",".join(b'"x%d":1' % place for place in range(380_000)) + b"}"
    post = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    kinds = [
        *[(b"", b"")] * HALF_OPEN,
        *[(b"GET / HTTP/1.1\r\nx-", b"x")] * SLOW_HEADS,
        *[(post % 1_000, b" ")] * SLOW_BODIES,
        *[(post % len(body) + body, b"")] * LARGE_BODIES,
    ]
    await asyncio.gather(*(_renewed(port, first, more) for first, more in kinds))


async def _renewed(port: int, first: bytes, more: bytes) -> None:
    """Send `first`, then `more` each second, until the server ends it; then begin again."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
            writer.write(first)
            while True:
                try:
                    if await asyncio.wait_for(reader.read(1 << 16), 1):
                        break
                except TimeoutError:
                    writer.write(more)
                else:
                    break
            writer.close()
        except OSError:
            await asyncio.sleep(0.1)


def table(rows: list[dict[str, float]]) -> list[str]:
    """Markdown."""
    lines = [
        "| clients | beside hostile ones | answers/s | p50 | p99 | refused or broken | after 10 s | lost rows |",
        "|--:|:--|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['clients']:,} | {'yes' if row['hostile'] else 'no'} | {row['answers'] / SECONDS:,.0f} | {row['p50']:,.1f} ms | {row['p99']:,.1f} ms "
        f"| {row['refused'] + row['broken']:,} | {row['timeouts']:,} | {row['lost']:,} |"
        for row in rows
    ]
    return lines


if __name__ == "__main__":
    main()
