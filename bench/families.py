"""Families on a table's repeated splits: each searched within so many fits on the training part, then judged on the test part.

python bench/families.py ../shared/data/telco.csv --target Churn [--splits 5] [--fits 40] [--json FILE]
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from statistics import mean, stdev

import numpy as np


def main() -> None:
    """A line for each family: mean over the splits, and the standard deviation between them."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("table", type=Path)
    options.add_argument("--target", required=True)
    options.add_argument("--splits", type=int, default=5)
    options.add_argument("--fits", type=int, default=40)
    options.add_argument("--json", type=Path)
    asked = options.parse_args()
    warnings.simplefilter("ignore")
    found: dict[str, list[dict[str, float]]] = {}
    chosen: list[str] = []
    for seed in range(1, asked.splits + 1):
        choice, lines = one_split(asked.table, asked.target, seed, asked.fits)
        chosen.append(choice)
        for name, line in lines.items():
            found.setdefault(name, []).append(line)
    measures = list(next(iter(found.values()))[0])
    print(f"{'family':24}{'chosen':>7}" + "".join(f"{name:>20}" for name in measures))
    for name, lines in found.items():
        cells = ([line[key] for line in lines] for key in measures)
        told = (f"{mean(cell):.4f} ± {stdev(cell) if len(cell) > 1 else 0:.4f}" for cell in cells)
        print(f"{name:24}{chosen.count(name):>7}" + "".join(f"{cell:>20}" for cell in told))
    if asked.json:
        asked.json.write_text(json.dumps({"splits": asked.splits, "fits": asked.fits, "chosen": chosen, "found": found}, indent=1))


def one_split(file: Path, target: str, seed: int, fits: int) -> tuple[str, dict[str, dict[str, float]]]:
    """The family chosen on the training part of one split, and every family's measures on the test part."""
    from sklearn.metrics import average_precision_score, log_loss, roc_auc_score
    from sklearn.model_selection import train_test_split

    from pipeline.families import installed_families
    from pipeline.measures.campaign_value import worth
    from pipeline.measures.metrics import calibration_error
    from pipeline.models.calibration import calibrated_model, cross_fit_folds, out_of_fold
    from pipeline.models.unfitted_model import build
    from pipeline.roles.inference import infer
    from pipeline.tables.reading import read_raw, typed
    from pipeline.training.family_comparison import compare_families
    from pipeline.workspace.policy import load_policy
    from pipeline.workspace.settings import ValueSettings
    from prompts import policy_text

    raw = read_raw(file)
    columns = infer(raw, target).schema
    rows = typed(raw, columns, with_target=True)
    y = rows[columns.target].to_numpy()
    train, test = train_test_split(np.arange(len(rows)), test_size=0.25, stratify=y, random_state=seed)
    part, value = rows.iloc[train].reset_index(drop=True), ValueSettings()
    policy = load_policy(policy_text(), {})
    found = compare_families(installed_families(), part, columns, policy, value, seed=seed, budget=fits, on_family=lambda name, line: None)
    lines = {}
    for line in found.selection.compared:
        x, known = part[list(columns.features)], part[columns.target].to_numpy()
        begun = time.perf_counter()
        model = build(line.family, line.hyperparameters, seed, columns).fit(x, known)
        spent = time.perf_counter() - begun
        if line.calibration.kept:
            folds = cross_fit_folds(known, None, seed)
            model = calibrated_model(
                model, out_of_fold(build(line.family, line.hyperparameters, seed, columns), x, known, folds), known, line.calibration.method
            )
        p = model.predict_proba(rows.iloc[test][list(columns.features)])[:, 1]
        lines[line.family] = {
            "ROC-AUC": roc_auc_score(y[test], p),
            "PR-AUC": average_precision_score(y[test], p),
            "log loss": log_loss(y[test], p),
            "calibration error": calibration_error(y[test], p),
            "profit, %": worth(y[test], p, value).percent,
            "fit, s": spent,
        }
    return found.selection.chosen, lines


if __name__ == "__main__":
    main()
