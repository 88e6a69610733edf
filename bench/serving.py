"""Serving: one customer per request, the usual endpoint beside `churnops serve`; then deploys under load.

The usual endpoint is FastAPI, a DataFrame of one row, and scikit-learn's pipeline around the very forest that `churnops serve` serves. It
writes nothing down, while each answer of churnops is in the log of predictions, synced to the disk, before it is given, and has reasons.
Both run as one uvicorn process on this machine, and so do the clients; the two take turns, so that a busy moment meets both.
Results: bench/results/serving.json and the tables of docs/serving.md.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from document import put_into_document
from process_cost import machine

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.end_to_end.http_load import Answer, Load, versions  # noqa: E402

TELCO = ROOT.parent / "shared" / "data" / "telco.csv"
RESULTS = ROOT / "bench" / "results" / "serving.json"
CHURNOPS = [sys.executable, "-m", "churnops"]
CLIENTS = (1, 8, 32)
ROUNDS, SECONDS = 2, 4
SWAPS, SWAP_EVERY_SECONDS = 100, 0.25


def main() -> None:
    """Train once, serve it both ways, then deploy a hundred times."""
    with tempfile.TemporaryDirectory() as folder:
        data = ["--data", str(TELCO), "--target", "Churn"] if TELCO.exists() else ["--synthetic", "--rows", "7043"]
        for command in (["init", *data], ["train"]):
            subprocess.run([*CHURNOPS, *command, "-w", folder], check=True, capture_output=True)
        customer = some_customer(Path(folder))
        print(
            f"{'clients':>7}  {'usual: p50':>11} {'answers/s':>10} {'CPU':>8}  {'churnops: p50':>13} {'answers/s':>10} {'CPU':>8}  {'ratio of answers/s':>18} {'one sync':>11}"
        )
        rows = [compare(Path(folder), customer, clients) for clients in CLIENTS]
        swaps = deploys(Path(folder), customer)
    print(
        f"{swaps['deploys']} deploys under load: {swaps['answers']} answers, {swaps['failed']} failed, {swaps['stale']} by an old champion, "
        f"the longest took {swaps['longest_ms']} ms"
    )
    RESULTS.write_text(json.dumps({**machine(), "rows": rows, "swaps": swaps}, indent=1) + "\n")
    put_into_document("serving figures", table(rows, swaps), "serving.md")


def compare(folder: Path, customer: dict[str, object], clients: int) -> dict[str, float]:
    """Both servers under so many clients, in turns."""
    found: dict[str, list[tuple[float, float, float]]] = {"usual": [], "churnops": []}
    with usual(folder) as first, ours(folder) as second:
        servers = {"usual": first, "churnops": second}
        for _, port in servers.values():
            Load(port, customer).run(clients, 1)
        for _ in range(ROUNDS):
            for name, (process, port) in servers.items():
                before, load = cpu_seconds(process.pid), Load(port, customer)
                load.run(clients, SECONDS)
                assert not load.cut and {answer.status for answer in load.answers} == {200}, name
                answers = len(load.answers)
                p50 = 1000 * median(answer.seconds for answer in load.answers)
                found[name].append((p50, answers / SECONDS, 1000 * (cpu_seconds(process.pid) - before) / answers))
    row: dict[str, float] = {"clients": clients, "sync_ms": sync_ms(folder)}
    for name, runs in found.items():
        for place, measure in enumerate(("p50_ms", "per_second", "cpu_ms")):
            row[f"{name}_{measure}"] = median(run[place] for run in runs)
    shown = [f"{row[f'{name}_p50_ms']:>8.2f} ms {row[f'{name}_per_second']:>10.0f} {row[f'{name}_cpu_ms']:>5.2f} ms" for name in found]
    print(
        f"{clients:>7}  {shown[0]}    {shown[1]}  {row['churnops_per_second'] / row['usual_per_second']:>17.1f}x {row['sync_ms']:>8.1f} ms",
        flush=True,
    )
    return row


def sync_ms(folder: Path) -> float:
    """What the disk takes for one sync, which each transaction of the log waits for."""
    spent = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(b"x" * 4096)
            began = time.monotonic()
            os.fsync(file.fileno())
            spent.append(1000 * (time.monotonic() - began))
    return median(spent)


def deploys(folder: Path, customer: dict[str, object]) -> dict[str, int]:
    """Champions deployed in turn while eight clients ask two workers. Every tenth time it is a model that no worker holds."""
    from pipeline.clock import utc_now
    from pipeline.record.opened_workspace import open_workspace
    from prompts import policy_text
    from tests.pipeline.serving.swaps import another_model, deploy

    opened = open_workspace(folder, policy_text(), utc_now)
    models = [another_model(opened, seed) for seed in (1, 2, 3)]
    moved: list[tuple[float, str]] = []

    def swap() -> None:
        time.sleep(1)
        for number in range(SWAPS):
            which = 2 if number % 10 == 9 else number % 2
            deploy(opened, models[which], str(which + 2))
            moved.append((time.monotonic(), str(which + 2)))
            time.sleep(SWAP_EVERY_SECONDS)

    with ours(folder, "--workers", "2") as (_, port):
        load = Load(port, customer)
        load.run(8, then=swap)
    opened.state.close()
    failed = len(load.cut) + sum(answer.status != 200 for answer in load.answers)
    longest = round(1000 * max(answer.seconds for answer in load.answers))
    return {"deploys": SWAPS, "answers": len(load.answers), "failed": failed, "stale": stale(load.answers, moved), "longest_ms": longest}


def stale(answers: list[Answer], moved: list[tuple[float, str]]) -> int:
    """Answers by a champion that had been replaced before they were asked for."""
    count = 0
    for answer, version in zip(answers, versions(answers), strict=True):
        before = [deployed for at, deployed in moved if at <= answer.asked_at][-1:] or ["1"]
        # A deploy is known to the servers a moment before it is noted here.
        since = [deployed for at, deployed in moved if answer.asked_at < at <= answer.asked_at + answer.seconds + SWAP_EVERY_SECONDS]
        count += version not in {*before, *since}
    return count


@contextmanager
def ours(folder: Path, *options: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """`churnops serve`, ready."""
    with started([*CHURNOPS, "serve", "--port", "0", *options, "-w", str(folder)]) as server:
        yield server


@contextmanager
def usual(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """The usual endpoint, ready."""
    with started([sys.executable, __file__, "usual", str(folder)]) as server:
        yield server


@contextmanager
def started(command: list[str]) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A server that says its port in its first line and answers soon after."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r":(\d+)/", process.stdout.readline())
        assert found is not None
        wait_for(int(found[1]))
        yield process, int(found[1])
    finally:
        process.terminate()
        process.wait(60)


def wait_for(port: int) -> None:
    """Until the server's documentation is there."""
    from urllib.request import urlopen

    for _ in range(600):
        try:
            with urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=10):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server does not answer")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(cpu_seconds(int(child)) for child in children)


def some_customer(folder: Path) -> dict[str, object]:
    """The first row of the table, as a request has it."""
    from pipeline.tables.reading import read_raw, typed
    from pipeline.workspace.settings import read_settings

    columns = read_settings(folder / "churnops.toml").data.columns
    table = typed(read_raw(TELCO if TELCO.exists() else folder / "customers.csv"), columns, with_target=False)
    return {columns.id or "id": "C-1", **table[list(columns.features)].iloc[0].to_dict()}


def serve_usual(folder: Path) -> None:
    """The endpoint as tutorials write it, around the champion's own pipeline."""
    import socket
    import warnings

    import pandas as pd
    import uvicorn
    from fastapi import FastAPI
    from pydantic import create_model

    from pipeline.clock import utc_now
    from pipeline.record.champion import open_champion
    from pipeline.record.opened_workspace import open_workspace
    from prompts import policy_text

    warnings.simplefilter("ignore")  # scikit-learn's, once per request, would cost more than the request
    opened = open_workspace(folder, policy_text(), utc_now)
    _, artifact = open_champion(opened)
    columns, model = opened.settings.data.columns, artifact.model
    types = {columns.id: str} | dict.fromkeys(columns.numerical, float) | dict.fromkeys(columns.categorical, str)
    customer_type = create_model("Customer", **{name: (kind, ...) for name, kind in types.items() if name})
    app = FastAPI()

    @app.post("/predict")
    def predict(customer: customer_type) -> dict[str, float | str]:  # type: ignore[valid-type]
        p = float(model.predict_proba(pd.DataFrame([customer.model_dump()])[list(columns.features)])[0, 1])
        return {"probability": p, "label": "Churned" if p >= artifact.manifest.threshold else "Retained"}

    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/predict", flush=True)
    uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning")).run(sockets=[listening])


def table(rows: list[dict[str, float]], swaps: dict[str, int]) -> list[str]:
    """What the document shows."""
    lines = [
        "| clients | usual: p50 | answers/s | CPU each | churnops: p50 | answers/s | CPU each | ratio of answers/s | one sync of the disk |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        cells = [
            f"{row[f'{name}_p50_ms']:.1f} ms | {row[f'{name}_per_second']:,.0f} | {row[f'{name}_cpu_ms']:.1f} ms"
            for name in ("usual", "churnops")
        ]
        lines.append(
            f"| {row['clients']} | {' | '.join(cells)} | {row['churnops_per_second'] / row['usual_per_second']:.0f}× | {row['sync_ms']:.1f} ms |"
        )
    said = f"{swaps['deploys']} deploys under load of 8 clients on 2 workers: {swaps['answers']:,} answers, {swaps['failed']} failed, {swaps['stale']} by an old champion; the longest took {swaps['longest_ms']} ms."
    return [*lines, "", said]


if __name__ == "__main__":
    if sys.argv[1:2] == ["usual"]:
        serve_usual(Path(sys.argv[2]))
    else:
        main()
