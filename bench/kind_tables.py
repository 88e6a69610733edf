"""Tables to draw worlds from: generated customers, two drawn from formulas, and public ones where they lie beside the checkout."""

from pathlib import Path

import pandas as pd
from tables import bank, mobile

from pipeline.benchmark.customers import Table

PUBLIC = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
TABLES = ("generated", "telco", "bank", "mobile", "elec2", "employment")
_DRAWN = {"bank": (bank, "exited"), "mobile": (mobile, "churn")}
_PUBLIC_FILES = {
    "telco": ("telco.csv", "Churn"),
    "elec2": ("natural/elec2.csv", "class"),
    "employment": ("natural/employment_MA_reference.pq", "employed"),
}
_ROWS, _SEED = 20_000, 1  # of the tables drawn from formulas
_OF_A_MODEL = ["year", "prediction", "predicted_probability"]  # what the publisher's own model said


def table_named(name: str, folder: Path) -> Table | None:
    """One of `TABLES`, None where its file is not there. What must be written first goes to `folder`."""
    if name == "generated":
        return Table()
    made = folder / f"{name}.csv"
    if name in _DRAWN:
        draw, target = _DRAWN[name]
        if not made.exists():
            _write(draw(_ROWS, _SEED), made)
        return Table(made, target)
    source, target = _PUBLIC_FILES[name]
    if not (PUBLIC / source).exists():
        return None
    if not made.exists():
        _write(_shuffled(PUBLIC / source), made)
    return Table(made, target)


def _shuffled(source: Path) -> pd.DataFrame:
    # Where a file is sorted by time, its first rows are no fair reference for the others.
    rows = pd.read_parquet(source) if source.suffix == ".pq" else pd.read_csv(source, dtype=str, keep_default_na=False)
    return rows.drop(columns=_OF_A_MODEL, errors="ignore").sample(frac=1, random_state=_SEED)


def _write(rows: pd.DataFrame, made: Path) -> None:
    made.parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(made, index=False)
