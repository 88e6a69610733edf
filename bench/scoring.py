"""One customer's score in process: a DataFrame through scikit-learn's pipeline beside the fast path, reasons included, for each kind of
model a champion can be; and how far the two are apart on stored customers."""

import gc
import time
import warnings
from pathlib import Path
from statistics import median, quantiles

import pandas as pd

from pipeline.models.calibration import calibrated_model, cross_fit_folds, out_of_fold
from pipeline.models.recalibration import recalibrate
from pipeline.models.unfitted_model import build
from pipeline.roles.inference import infer
from pipeline.scoring.customer_row import typed_cells
from pipeline.scoring.proof import prove
from pipeline.tables.cell_values import spelling_in
from pipeline.tables.reading import raw_of, read_raw, typed
from pipeline.tables.schema import Schema
from pipeline.worlds.telephone_customers import make_customers

TELCO = Path(__file__).resolve().parents[2] / "shared" / "data" / "telco.csv"
SEED, THRESHOLD = 7, 0.5
ROUNDS = 200


def main() -> None:
    """Fit, prove, and alternate the ways, so that a busy moment of the machine meets all of them."""
    warnings.simplefilter("ignore")
    raw = read_raw(TELCO) if TELCO.exists() else raw_of(make_customers(7043, SEED), "customers")
    columns = infer(raw, "Churn").schema
    table = typed(raw, columns, with_target=True)
    named = "the Telco sample" if TELCO.exists() else "generated customers"
    print(f"{len(table):,} customers of {named}, {len(columns.features)} features, p50 (p95) of {ROUNDS} single customers")
    print(f"{'model':46}{'DataFrame':>20}{'fast, with reasons':>20}{'ratio':>7}{'greatest difference':>22}")
    for name, model in models(table, columns):
        print(row(name, model, table, columns), flush=True)


def models(table: pd.DataFrame, columns: Schema):
    """Each way a champion may be made, fitted."""
    x, y = table[list(columns.features)], table[columns.target].to_numpy()
    folds = cross_fit_folds(y, None, SEED)
    for estimator in ("random_forest", "logistic_regression"):
        plain = build(estimator, {}, SEED, columns).fit(x, y)
        yield estimator, plain
        calibrated = calibrated_model(plain, out_of_fold(plain, x, y, folds), y)
        yield f"{estimator}, calibrated", calibrated
        yield f"{estimator}, calibrated, recalibrated", recalibrate(calibrated, x[::2], y[::2]).model


def row(name: str, model: object, table: pd.DataFrame, columns: Schema) -> str:
    """One line of the table: what each way takes, and what the proof found."""
    spelling = spelling_in(table, columns.categorical)
    compiled, proof = prove(model, columns, table, THRESHOLD)
    customers = table[list(columns.features)].sample(ROUNDS, random_state=SEED).astype(object).to_dict("records")
    ways = (
        lambda customer: model.predict_proba(pd.DataFrame([customer]))[0, 1],
        lambda customer: compiled.explained(typed_cells(customer, columns, spelling)),
    )
    spent: list[list[float]] = [[] for _ in ways]
    gc.disable()
    for customer in customers:
        for seconds, way in zip(spent, ways, strict=True):
            began = time.perf_counter()
            way(customer)
            seconds.append(time.perf_counter() - began)
    gc.enable()
    middle = [median(seconds) for seconds in spent]
    shown = "".join(f"{f'{1e3 * median(s):.3f} ({1e3 * quantiles(s, n=20)[-1]:.3f}) ms':>20}" for s in spent)
    same = "none" if proof.max_difference == 0 else f"{proof.max_difference:.1e}"
    return f"{name:46}{shown}{middle[0] / middle[1]:6.0f}x{f'{same} on {proof.rows:,}+{proof.edges}':>22}"


if __name__ == "__main__":
    main()
