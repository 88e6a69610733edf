"""When to retrain: the product's rule on streams, beside what teams do and somebody who knows the future.

    python bench/when.py                       all streams, 20 seeds of each generated one
    python bench/when.py --seeds 4 --dev       other seeds and sizes than those that are reported, for development

Elec2 is looked for at `../shared/data/natural/elec2.csv`; without it that stream is left out. Results: bench/results/when.json and the table of docs/when.md.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from document import put_into_document  # noqa: E402
from scipy.stats import t  # noqa: E402
from stream_models import Models  # noqa: E402
from stream_policies import ORACLE, OURS, lived, oracle, ours, simple  # noqa: E402
from streams import GENERATED, Size, Stream, elec2, generated  # noqa: E402

from pipeline.replay.summary import difference  # noqa: E402
from pipeline.workspace.policy import RetrainingRules, load_policy  # noqa: E402
from prompts import policy_text  # noqa: E402

TABLE = ROOT.parent / "shared" / "data" / "natural" / "elec2.csv"
RESULTS = ROOT / "bench" / "results" / "when.json"
_FIRST, _FIRST_DEV = 0, 1_000
Nets = Mapping[str, Sequence[float]]


def main() -> None:
    """Live through every stream, print, and write both results."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=20)
    arguments.add_argument("--dev", action="store_true")
    asked = arguments.parse_args()
    rules, started = load_policy(policy_text(), {}).retraining, time.process_time()
    size, first = (Size(30, 700, 5, 8), _FIRST_DEV) if asked.dev else (Size(), _FIRST)
    found = {}
    for kind in GENERATED:
        found[kind] = summary([nets(generated(kind, first + seed, size), rules) for seed in range(asked.seeds)])
        show(kind, found[kind])
    if TABLE.exists() and not asked.dev:
        found["Elec2"] = summary([nets(elec2(TABLE), rules)])
        show("Elec2", found["Elec2"])
    print(f"{time.process_time() - started:.0f} CPU seconds")
    if not asked.dev and asked.seeds >= 20:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        put_into_document("when", lines(found), "when.md")


def nets(stream: Stream, rules: RetrainingRules) -> Nets:
    """Net by batch of every policy."""
    models = Models(stream)
    lives = {name: lived(models, decide, rules) for name, decide in {OURS: ours, **simple(rules)}.items()}
    return {name: life.net for name, life in lives.items()} | {ORACLE: oracle(models, rules)}


def summary(streams: Sequence[Nets]) -> dict[str, object]:
    """Regret of each policy in points a batch, the simple one that did best, and how much more ours earned, with a 90% interval: over seeds, or over blocks
    of batches where there is one stream."""
    mean = {name: np.array([np.mean(one[name]) for one in streams]) for name in streams[0]}
    regret = {name: float((mean[ORACLE] - each).mean()) for name, each in mean.items()}
    best = min((name for name in regret if name not in (OURS, ORACLE)), key=lambda name: regret[name])
    apart = mean[OURS] - mean[best]
    if len(streams) > 1:
        reach = float(t.ppf(0.95, apart.size - 1) * apart.std(ddof=1) / apart.size**0.5)
        low, high = float(apart.mean()) - reach, float(apart.mean()) + reach
    else:
        told = difference(np.array(streams[0][OURS]), np.array(streams[0][best]))
        low, high = float(told.low or 0), float(told.high or 0)
    return {"streams": len(streams), "best_simple": best, "over_best_simple": [float(apart.mean()), low, high], "regret": regret}


def show(kind: str, found: dict[str, object]) -> None:
    """One stream at the terminal, least regret first."""
    told: dict[str, float] = found["regret"]  # type: ignore[assignment]
    print(f"{kind}: {found['best_simple']} is the best simple one; over it {found['over_best_simple']}", flush=True)
    for name, regret in sorted(told.items(), key=lambda one: one[1])[:8]:
        print(f"  {regret:6.2f}  {name}")


def lines(found: Mapping[str, dict[str, object]]) -> Iterator[str]:
    """The table of the document."""
    yield f"| regret, points a month | {' | '.join(found)} |"
    yield f"|---|{'---:|' * len(found)}"
    told: list[dict[str, float]] = [one["regret"] for one in found.values()]  # type: ignore[misc]
    for name in (name for name in told[0] if name != ORACLE):
        yield f"| {f'**{name}**' if name == OURS else name} | {' | '.join(f'{each[name]:.2f}' for each in told)} |"
    yield f"| best simple one | {' | '.join(str(one['best_simple']) for one in found.values())} |"
    over = [one["over_best_simple"] for one in found.values()]
    yield f"| churnops over it (90%) | {' | '.join('{:+.2f} ({:+.2f} to {:+.2f})'.format(*each) for each in over)} |"  # type: ignore[misc]


if __name__ == "__main__":
    main()
