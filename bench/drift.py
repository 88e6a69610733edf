"""Drift of a window against a reference of 50,000 rows: whole processes of churnops, Evidently, NannyML and exact Polars, and a bare scan
of the same columns as the floor. Each process reads Parquet and prints how many columns drifted.

    python bench/drift.py [--rows 100k 1M 10M 300x200k] [--peers churnops scan evidently nannyml polars]

`300x200k` is 200,000 rows of 300 columns. NannyML and Polars run in an environment of their own that the script builds in a temporary
folder; where that fails they are left out, with the reason. Results: bench/results/drift.json and drift.svg, and a
table of docs/drift-limits.md.
"""

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cost_chart import panel
from document import put_into_document
from drift_peers import HEADER, PROCESSES, peers_python
from process_cost import Cost, machine, measure, medians

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

RESULTS = Path(__file__).parent / "results"
REFERENCE_ROWS, CHUNK, ROW_GROUP = 50_000, 1_000_000, 131_072
ROUNDS, LONG_SECONDS = 3, 60  # a process that takes more CPU seconds runs once
EVIDENTLY_BYTES_PER_CELL = 60  # of memory, measured; a window that needs most of the machine's is not tried
UNITS = {"k": 1000, "M": 1_000_000}
NAMES = {"churnops": "churnops", "scan": "bare scan", "evidently": "Evidently", "nannyml": "NannyML", "polars": "Polars, exact"}


@dataclass(frozen=True)
class Size:
    """A window: its rows, and 21 columns of many kinds or 300 plain ones."""

    name: str
    rows: int
    wide: bool


def table(rows: int, wide: bool, drift: float, rng: "np.random.Generator") -> "pa.Table":
    """Columns x… are continuous, n… whole numbers, c… categories; some drift, by `drift` of their spread."""
    import numpy as np
    import pyarrow as pa

    def words(kinds: int, lean: float) -> "pa.Array":
        shares = np.full(kinds, (1 - lean) / kinds)
        shares[0] += lean
        codes = pa.array(rng.choice(kinds, rows, p=shares).astype(np.int32))
        return pa.DictionaryArray.from_arrays(codes, pa.array([f"value {number}" for number in range(kinds)])).cast(pa.string())

    if wide:
        columns = {f"x{n}": rng.normal(drift * (n % 3 == 0), 1, rows) for n in range(200)}
        return pa.table(columns | {f"c{n}": words(2 + n % 11, drift * (n % 3 == 0)) for n in range(100)})
    return pa.table(
        {
            "x0": rng.normal(65 + 30 * drift, 30, rows).round(2),
            "x1": rng.lognormal(6.5, 1.2, rows).round(2),
            "x2": np.where(rng.random(rows) < 0.02, np.nan, rng.gamma(2, 50, rows)),
            "x3": rng.normal(1000 * drift, 1000, rows),
            "x4": rng.beta(2, 5, rows),
            "n0": rng.integers(0, 73, rows),
            "n1": rng.integers(0, 2, rows),
            "n2": rng.poisson(1.5 + 2 * drift, rows),
            **{f"c{n}": words(kinds, drift * (n % 3 == 0)) for n, kinds in enumerate((2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 6, 12, 50))},
        }
    )


def write(path: Path, rows: int, wide: bool, drift: float, seed: int) -> None:
    """Write a table as Parquet, chunk by chunk."""
    import numpy as np
    import pyarrow.parquet as pq

    rng = np.random.default_rng(seed)
    parts = (table(min(CHUNK, rows - start), wide, drift, rng) for start in range(0, rows, CHUNK))
    first = next(parts)
    with pq.ParquetWriter(path, first.schema) as writer:
        for part in chain([first], parts):
            writer.write_table(part, row_group_size=ROW_GROUP)
    (path.parent / "columns.json").write_text(json.dumps(first.column_names))


def compare(size: Size, peers: dict[str, Path], folder: Path) -> dict[str, Cost | str]:
    """Run every process on one window in turn, so that a busy moment of the machine meets all of them."""
    reference, current = folder / "reference.parquet", folder / "current.parquet"
    # In a process of its own: a child's peak memory counts from that of the process that starts it.
    for arguments in ((reference, REFERENCE_ROWS, size.wide, 0.0, 0), (current, size.rows, size.wide, 0.15, 1)):
        writer = get_context("spawn").Process(target=write, args=arguments)
        writer.start()
        writer.join()
    columns = json.loads((folder / "columns.json").read_text())
    runs: dict[str, list[Cost]] = defaultdict(list)
    failed: dict[str, str] = {}
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if "evidently" in peers and size.rows * len(columns) * EVIDENTLY_BYTES_PER_CELL > 0.7 * memory:
        failed["evidently"] = f"needs more than 70% of the {memory / 1e9:.0f} GB of memory"
    for _ in range(ROUNDS):
        for name, python in peers.items():
            if name in failed or (runs[name] and runs[name][0].cpu_s > LONG_SECONDS):
                continue
            ran = measure([str(python), "-c", HEADER + PROCESSES[name], str(reference), str(current), json.dumps(columns)])
            if isinstance(ran, str):
                failed[name] = ran
            else:
                runs[name].append(ran)
            print(f"  {size.name} {name}: {ran}", flush=True)
    return {**failed, **{name: medians(of) for name, of in runs.items() if of}}


def show(size: Size, costs: dict[str, Cost | str]) -> None:
    """One table: what each process took, and how many times what churnops took."""
    ours = costs.get("churnops")
    print(f"\n{size.name} rows\n  {'':10} {'wall s':>8} {'CPU s':>8} {'RSS MB':>8} {'drifted':>8}   times our CPU, memory")
    for name, cost in costs.items():
        if isinstance(cost, str):
            print(f"  {name:10} left out: {cost}")
            continue
        ratio = f"{cost.cpu_s / ours.cpu_s:8.2f} {cost.rss_mb / ours.rss_mb:8.2f}" if isinstance(ours, Cost) else ""
        drifted = "" if cost.drifted is None else str(cost.drifted)
        print(f"  {name:10} {cost.wall_s:8.2f} {cost.cpu_s:8.2f} {cost.rss_mb:8.0f} {drifted:>8}   {ratio}")


def cost_table(results: dict[str, dict[str, Cost | str]], sizes: list[Size]) -> Iterator[str]:
    """Lines of the document's table: CPU seconds and MB, and how many times what churnops takes."""
    titles = ["300 columns × 200,000 rows" if size.wide else f"{size.rows:,} rows" for size in sizes]
    yield f"| CPU seconds, MB | {' | '.join(titles)} |"
    yield "|---" * (1 + len(sizes)) + "|"
    for name, title in NAMES.items():
        cells = []
        for size in sizes:
            cost, ours = results[size.name].get(name), results[size.name].get("churnops")
            if not isinstance(cost, Cost):
                cells.append(cost or "")
            else:
                ratio = (
                    f" ({cost.cpu_s / ours.cpu_s:.2g} ×, {cost.rss_mb / ours.rss_mb:.2g} ×)"
                    if isinstance(ours, Cost) and cost != ours
                    else ""
                )
                cells.append(f"{cost.cpu_s:.3g}, {cost.rss_mb:,.0f}{ratio}")
        yield f"| {title} | {' | '.join(cells)} |"


def plot(results: dict[str, dict[str, Cost | str]], sizes: list[Size]) -> str:
    """CPU seconds and peak memory of every process by the rows of 21 columns, as SVG."""
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 350" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="900" height="350" fill="white"/>')
    for left, field, title in (
        (60, "cpu_s", "CPU seconds by rows of the window"),
        (500, "rss_mb", "Peak memory in MB by rows of the window"),
    ):
        lines: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for size in sizes:
            for name, cost in results[size.name].items():
                if isinstance(cost, Cost) and not size.wide:
                    lines[name].append((size.rows, getattr(cost, field)))
        parts += panel(left, title, lines)
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", default=["100k", "1M", "10M", "300x200k"])
    parser.add_argument("--peers", nargs="+", choices=PROCESSES, default=list(PROCESSES))
    asked = parser.parse_args()
    sizes = [Size(name, int(rows[:-1]) * UNITS[rows[-1]], "x" in name) for name in asked.rows for rows in (name.split("x")[-1],)]
    results: dict[str, dict[str, Cost | str]] = {}
    with TemporaryDirectory(prefix="drift-bench-") as folder:
        peers = {name: Path(sys.executable) for name in asked.peers if name not in ("nannyml", "polars")}
        if foreign := [name for name in asked.peers if name not in peers]:
            python = peers_python(Path(folder) / "peers")
            if isinstance(python, Path):
                peers |= dict.fromkeys(foreign, python)
            else:
                print(f"left out {' and '.join(foreign)}: {python}")
        for size in sizes:
            results[size.name] = compare(size, peers, Path(folder))
            show(size, results[size.name])
    RESULTS.mkdir(exist_ok=True)
    written = {
        name: {peer: cost if isinstance(cost, str) else asdict(cost) for peer, cost in costs.items()} for name, costs in results.items()
    }
    told = {"machine": machine(), "reference_rows": REFERENCE_ROWS, "results": written}
    (RESULTS / "drift.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if any(not size.wide for size in sizes):
        (RESULTS / "drift.svg").write_text(plot(results, sizes), encoding="utf-8")
    put_into_document("cost", cost_table(results, sizes), "drift-limits.md")


if __name__ == "__main__":
    main()
