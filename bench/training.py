"""`churnops train` beside a plain scikit-learn script that does the same work on the same table, in turn: the pipeline of the family, five
folds, a trial of calibration, the fit, permutation importance of as many rows, the measures. What churnops adds, and the ratio has to bear:
intervals, the exact fast path and its proof, the reference's profile, MLflow's tracking and registry, the ledger.

    python bench/training.py [--rows 60000] [--rounds 2]
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from statistics import median
from subprocess import run
from tempfile import TemporaryDirectory

from process_cost import Cost, measure

SEED = 7
FAMILIES = ("random_forest", "logistic_regression")

PLAIN = """
import json, sys
import joblib, numpy as np, pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (accuracy_score, average_precision_score, brier_score_loss, f1_score, log_loss, precision_score, recall_score,
                             roc_auc_score)
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

file, family, out = sys.argv[1:]
table = pd.read_csv(file, index_col="customerID", na_values=[" "])
x, y = table.drop(columns="Churn"), (table["Churn"] == "Yes").astype(int)
x["SeniorCitizen"] = x["SeniorCitizen"].astype(str)
x, rest, y, rest_y = train_test_split(x, y, train_size=0.6, stratify=y, random_state=7)
test, _, test_y, _ = train_test_split(rest, rest_y, train_size=0.5, stratify=rest_y, random_state=7)
prepare = make_column_transformer(
    (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), make_column_selector(dtype_include="number")),
    (make_pipeline(SimpleImputer(strategy="constant", fill_value="missing"), OneHotEncoder(handle_unknown="ignore")),
     make_column_selector(dtype_exclude="number")),
)
classifier = (RandomForestClassifier(200, max_depth=10, min_samples_leaf=10, random_state=7) if family == "random_forest"
              else LogisticRegression(max_iter=1000, random_state=7))
model = make_pipeline(prepare, classifier)
folds = StratifiedKFold(5, shuffle=True, random_state=7)
raw = cross_val_predict(model, x, y, cv=folds, method="predict_proba")[:, 1]
response = raw if family == "random_forest" else np.log(raw / (1 - raw))  # what CalibratedClassifierCV would calibrate
tried = cross_val_predict(LogisticRegression(C=np.inf), response[:, None], y, cv=folds, method="predict_proba")[:, 1]
kept = log_loss(y, tried) < log_loss(y, raw)
if kept:
    model = CalibratedClassifierCV(model, method="sigmoid", cv=folds, ensemble=False)
model.fit(x, y)
p = model.predict_proba(test)[:, 1]
of_labels = [score(test_y, p >= 0.5) for score in (accuracy_score, f1_score, precision_score, recall_score)]
of_p = [score(test_y, p) for score in (roc_auc_score, average_precision_score, log_loss, brier_score_loss)]
rows = max(500, 100_000 // (3 * x.shape[1]))
permutation_importance(model, x, y, scoring="roc_auc", n_repeats=3, max_samples=rows, random_state=7)
joblib.dump(model, out)
print(json.dumps({"roc_auc": of_p[0], "calibrated": bool(kept)}))
"""


def main() -> None:
    """A workspace per family, copied for each round, so that every training is a first one."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=60_000)
    options.add_argument("--rounds", type=int, default=2)
    asked = options.parse_args()
    # One thread in BLAS for both, as churnops sets it for its own: waiting threads would count as work.
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    with TemporaryDirectory() as folder:
        place = Path(folder)
        workspace = made_workspace(place, asked.rows)
        print(
            f"{'family':22}{'churnops':>12}{'scikit-learn':>14}{'ratio':>8}   CPU seconds, median of {asked.rounds}; ROC-AUC and calibration of both"
        )
        for family in FAMILIES:
            print(row(family, workspace, place, asked.rounds), flush=True)


def made_workspace(place: Path, rows: int) -> Path:
    """A table of generated customers, and a workspace over it without a champion."""
    from pipeline.worlds.telephone_customers import make_customers

    make_customers(rows, SEED).to_csv(place / "customers.csv", index=False)
    (place / "workspace").mkdir()
    run(
        [sys.executable, "-m", "churnops", "init", "--data", str(place / "customers.csv"), "--target", "Churn"],
        cwd=place / "workspace",
        check=True,
        capture_output=True,
    )
    return place / "workspace"


def row(family: str, workspace: Path, place: Path, rounds: int) -> str:
    """One line of the table."""
    spent: tuple[list[float], list[float]] = ([], [])
    found: list[float] = []
    for _ in range(rounds):
        own = place / "own"
        shutil.rmtree(own, ignore_errors=True)
        shutil.copytree(workspace, own)
        ours = [sys.executable, "-m", "churnops", "train", "--estimator", family, "--json", "--workspace", str(own)]
        theirs = [sys.executable, "-c", PLAIN, str(place / "customers.csv"), family, str(place / "model.joblib")]
        found = []
        for seconds, command in zip(spent, (ours, theirs), strict=True):
            cost = measure(command, lambda said, kept=found: kept.append(told(json.loads(said.strip().splitlines()[-1]))))
            if not isinstance(cost, Cost):
                raise SystemExit(f"{family}: {cost}")
            seconds.append(cost.cpu_s)
    middle = [median(seconds) for seconds in spent]
    return f"{family:22}{middle[0]:12.1f}{middle[1]:14.1f}{middle[0] / middle[1]:8.2f}   {found[0]}; {found[1]}"


def told(said: dict) -> str:
    """ROC-AUC on the test set and whether the calibration was kept, which decides how often the plain script fits."""
    if "result" in said:
        result = said["result"]
        said = {"roc_auc": result["metrics"]["roc_auc"]["value"], "calibrated": result["calibration"]["kept"]}
    return f"{said['roc_auc']:.4f}, {'calibrated' if said['calibrated'] else 'not calibrated'}"


if __name__ == "__main__":
    main()
