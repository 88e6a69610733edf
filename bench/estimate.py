"""How near the performance expected without outcomes comes to what the outcomes show: ours beside NannyML's CBPE on the same windows.

    python bench/estimate.py                       all windows
    python bench/estimate.py --seeds 301-310       generated ones of these seeds, one champion each
    python bench/estimate.py --peer PYTHON         the interpreter of an environment that has NannyML

Generated windows draw other customers than the reference has, each kind behaving as before: three kinds of shift, mild and strong, drawn
twice, and eight segments, besides two windows without a shift. Where ../shared has the census tables of natural shift, employment in Massachusetts is measured too:
twelve windows of later years and nine subpopulations. The champion is the product's random forest, trained as `churnops train` does on three
quarters of the reference; CBPE is fitted on the other quarter, which the champion has not seen. Results: bench/results/estimate.json and the
table of docs/benchmark-details.md. Seeds that are done stay done when it is interrupted.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from document import put_into_document  # noqa: E402

from pipeline.benchmark.customers import Table, crowds  # noqa: E402
from pipeline.benchmark.questioning import TRAIN_SHARE, TRAINED_AT  # noqa: E402
from pipeline.benchmark.world import named_columns  # noqa: E402
from pipeline.diagnosis.observed import observe  # noqa: E402
from pipeline.diagnosis.outcomes.estimated_performance import LEVEL, estimate_performance  # noqa: E402
from pipeline.diagnosis.population.domain_classifier import tell_apart  # noqa: E402
from pipeline.measures.campaign_value import worth  # noqa: E402
from pipeline.models.artifact import Artifact, open_artifact, publish  # noqa: E402
from pipeline.profiles.counting import profile_window  # noqa: E402
from pipeline.roles.inference import infer  # noqa: E402
from pipeline.sources.source import ALL_ROWS, Frame  # noqa: E402
from pipeline.tables.reading import raw_of, typed  # noqa: E402
from pipeline.tables.schema import Schema  # noqa: E402
from pipeline.tables.typed_parquet import write_rows  # noqa: E402
from pipeline.training.child import run  # noqa: E402
from pipeline.training.job import ARTIFACT, TEST_ROWS, TRAIN_ROWS, TrainingJob  # noqa: E402
from pipeline.windows.baseline import baseline_of  # noqa: E402
from pipeline.windows.window import Window  # noqa: E402
from pipeline.workspace.folder import Workspace  # noqa: E402
from pipeline.workspace.staging import staging_folder  # noqa: E402
from pipeline.workspace.value_settings import ValueSettings  # noqa: E402
from pipeline.worlds.drivers import segments  # noqa: E402
from pipeline.worlds.scenarios import SEVERITIES, scenario_named  # noqa: E402

RESULTS = ROOT / "bench" / "results" / "estimate.json"
NATURAL = ROOT.parent / "shared" / "natural" / "windows.py"
SHIFTS = ("harmless_tilt", "important_tilt", "seasonal_mix")  # who comes changes; P(churn | features) does not
DRAWS, SEGMENTS, WINDOW_ROWS = 2, 8, 5_000
VALUE = ValueSettings()
# CBPE of the window in one piece, by NannyML with its defaults. Reads `reference.parquet` and `window-N.parquet` from a folder.
PEER = """
import sys, json, warnings, pandas as pd
warnings.filterwarnings("ignore")
import nannyml as nml
from pathlib import Path
folder = Path(sys.argv[1]); reference = pd.read_parquet(folder / "reference.parquet")
found = []
cbpe = nml.CBPE(metrics=["roc_auc"], y_pred_proba="p", y_pred="called", y_true="y", problem_type="classification_binary", chunk_number=1)
cbpe.fit(reference)
for number in range(int(sys.argv[2])):
    window = pd.read_parquet(folder / f"window-{number}.parquet")
    found.append(float(cbpe.estimate(window).filter(period="analysis").to_df()[("roc_auc", "value")].iloc[0]))
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Drawn:
    """Rows of a window with their outcome, and whether other customers than the reference's were drawn."""

    name: str
    shifted: bool
    rows: pd.DataFrame


def main() -> None:
    """Measure, print and write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", default="301-310")
    arguments.add_argument("--peer", help="interpreter that has NannyML; without it CBPE is left out")
    chosen = arguments.parse_args()
    first, _, last = chosen.seeds.partition("-")
    found: dict[str, Any] = {"level": LEVEL, "employment": [], "generated": []}
    if NATURAL.is_file():
        found["employment"] = _measured(*_employment(), chosen.peer)
        _write(found)
    else:
        print(f"Employment is left out: {NATURAL} is not there.")
    for seed in range(int(first), int(last or first) + 1):
        parts = crowds(Table(), seed)
        found["generated"] += _measured(parts.reference.frame, parts.columns, list(_generated(seed)), chosen.peer)
        _write(found)
        print(f"seed {seed}", file=sys.stderr)
    put_into_document("estimate", _table(found), "benchmark-details.md")
    print("\n".join(_table(found)))


def _generated(seed: int) -> Iterator[Drawn]:
    pool, rng = crowds(Table(), seed).window, np.random.default_rng(seed)
    frame = pool.frame
    for draw in range(DRAWS):
        yield Drawn("none", False, frame.sample(WINDOW_ROWS, random_state=draw))
        for kind in SHIFTS:
            for severity in SEVERITIES:
                weights = scenario_named(kind).plan(pool, severity, rng).weights(pool)
                picked = rng.choice(len(frame), WINDOW_ROWS, replace=False, p=weights / weights.sum())
                yield Drawn(f"{kind}, {severity}", True, frame.iloc[picked])
    kinds = segments(frame, pool.columns, 0.1, 0.6)
    for place in rng.permutation(len(kinds))[:SEGMENTS]:
        part = frame[kinds[place].holds(frame)]
        yield Drawn(f"segment of {kinds[place].column}", True, part.sample(min(WINDOW_ROWS, len(part)), random_state=seed))


def _employment() -> tuple[pd.DataFrame, Schema, list[Drawn]]:
    place = importlib.util.spec_from_file_location("natural_windows", NATURAL)
    assert place is not None and place.loader is not None
    natural = importlib.util.module_from_spec(place)
    place.loader.exec_module(natural)
    given = [(name, reference, window.merge(outcomes, on="id")) for name, reference, window, outcomes in natural.employment()]
    raw = raw_of(given[0][1], "the reference")
    schema = infer(raw, "employed").schema
    windows = [Drawn(name, not name[:4].isdigit(), typed(raw_of(rows, "the window"), schema, with_target=True)) for name, _, rows in given]
    return typed(raw, schema, with_target=True), schema, windows


def _measured(reference: pd.DataFrame, schema: Schema, windows: list[Drawn], peer: str | None) -> list[dict[str, Any]]:
    """One champion, and of each window the estimates beside what the outcomes show."""
    columns = named_columns(schema)
    frame = reference.sample(frac=1, random_state=0)[[*schema.features, schema.target]].reset_index(drop=True)
    cut = int(TRAIN_SHARE * len(frame))
    with tempfile.TemporaryDirectory() as folder:
        champion = _champion(Path(folder), columns, frame.iloc[:cut], frame.iloc[cut:])
        rows = [one.rows.reset_index(drop=True) for one in windows]
        ours = [_ours(champion, columns, each) for each in rows]
        theirs = _theirs(Path(folder), champion, frame.iloc[cut:], rows, schema.target, peer) if peer else [None] * len(rows)
    return [
        {"window": one.name, "shifted": one.shifted, "rows": len(one.rows), "cbpe": cbpe, **figures}
        for one, cbpe, figures in zip(windows, theirs, ours, strict=True)
    ]


def _champion(folder: Path, columns: Schema, train: pd.DataFrame, test: pd.DataFrame) -> Artifact:
    workspace = Workspace(folder)
    job = TrainingJob(columns=columns, estimator="random_forest", seed=0, threshold=0.5, confidence=0.95, trained_at=TRAINED_AT)
    with staging_folder(workspace) as place:
        write_rows(train, place / TRAIN_ROWS)
        write_rows(test, place / TEST_ROWS)
        run(job, place, workspace, StringIO())
        return open_artifact(workspace, publish(place / ARTIFACT, workspace))


def _ours(champion: Artifact, columns: Schema, rows: pd.DataFrame) -> dict[str, Any]:
    from sklearn.metrics import log_loss, roc_auc_score

    ids = pd.Series([f"C{number:06d}" for number in range(len(rows))], dtype=object)
    at = pd.Series(datetime(2026, 3, 2, tzinfo=UTC) + pd.to_timedelta(np.arange(len(rows)) * 60, unit="s")).dt.as_unit("us")
    source, before = Frame(rows[list(columns.features)].assign(**{str(columns.id): ids, str(columns.time): at})), baseline_of(champion)
    window = Window("the window", source, columns, ALL_ROWS, profile_window(source, columns, before.profile), None)
    observed = observe(champion, before, window)
    started = time.process_time()
    domain = tell_apart(observed)
    between = time.process_time()
    expected = estimate_performance(observed, domain, VALUE)
    seconds = {"telling_apart": between - started, "estimate": time.process_time() - between}
    assert expected is not None
    y, p = rows[columns.target].to_numpy(), observed.scores
    real = {"roc_auc": roc_auc_score(y, p), "churn_rate": y.mean(), "log_loss": log_loss(y, p), "profit": worth(y, p, VALUE).percent}
    estimates = {one.measure: one for one in (expected.churn_rate, expected.log_loss, expected.profit) if one is not None}
    told = {"roc_auc": (expected.roc_auc, expected.low, expected.high)} | {
        name: (one.value, one.low, one.high) for name, one in estimates.items()
    }
    return {
        "real": {name: float(value) for name, value in real.items()},
        "ours": told,
        "unsupported": expected.unsupported,
        "seconds": seconds,
    }


def _theirs(
    folder: Path, champion: Artifact, test: pd.DataFrame, windows: list[pd.DataFrame], target: str, peer: str
) -> list[float | None]:
    for name, rows in (("reference", test), *((f"window-{number}", rows) for number, rows in enumerate(windows))):
        p = champion.scores(rows)
        pd.DataFrame({"p": p, "called": (p >= 0.5).astype(int), "y": rows[target].to_numpy()}).to_parquet(folder / f"{name}.parquet")
    quiet = os.environ | {"NML_DISABLE_USAGE_LOGGING": "1"}
    ended = subprocess.run([peer, "-c", PEER, str(folder), str(len(windows))], env=quiet, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(f"NannyML failed: {ended.stderr.strip()[-500:]}")
    return list(json.loads(ended.stdout.strip().splitlines()[-1]))


def _summary(windows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean absolute errors of ROC-AUC, and the share of intervals that hold what was measured, by measure."""
    able = [one for one in windows if one["ours"]["roc_auc"][0] is not None]
    errors = [abs(one["ours"]["roc_auc"][0] - one["real"]["roc_auc"]) for one in able]
    peers = [abs(one["cbpe"] - one["real"]["roc_auc"]) for one in able if one["cbpe"] is not None]
    held = {
        name: float(np.mean([low <= one["real"][name] <= high for one in able for _, low, high in [one["ours"][name]]]))
        for name in ("roc_auc", "churn_rate", "log_loss", "profit")
        if able and all(name in one["ours"] for one in able)
    }
    return {
        "windows": len(windows),
        "estimated": len(able),
        "mae": float(np.mean(errors)) if errors else None,
        "mae_cbpe": float(np.mean(peers)) if peers else None,
        "held": held,
        "half_width": float(np.mean([(one["ours"]["roc_auc"][2] - one["ours"]["roc_auc"][1]) / 2 for one in able])) if able else None,
        "seconds": float(np.mean([sum(one["seconds"].values()) for one in windows])) if windows else None,
    }


def _summaries(found: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{table}, {'shifted' if shifted else 'unshifted'}": _summary([one for one in found[table] if one["shifted"] == shifted])
        for table in ("employment", "generated")
        for shifted in (True, False)
    }


def _write(found: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps({"summary": _summaries(found), **found}, indent=1) + "\n", encoding="utf-8")


def _table(found: dict[str, Any]) -> list[str]:
    lines = [
        f"| windows | number | ours: mean error | CBPE: mean error | ± of the {LEVEL:.0%} interval | held ROC-AUC | churn rate | log loss | profit |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, one in _summaries(found).items():
        if one["estimated"]:
            held = " | ".join(f"{one['held'][measure]:.0%}" for measure in ("roc_auc", "churn_rate", "log_loss", "profit"))
            peer = "" if one["mae_cbpe"] is None else f"{one['mae_cbpe']:.4f}"
            lines.append(
                f"| {name} | {one['estimated']} of {one['windows']} | {one['mae']:.4f} | {peer} | {one['half_width']:.3f} | {held} |"
            )
    return lines


if __name__ == "__main__":
    main()
