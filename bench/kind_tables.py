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
    if name in _DRAWN:
        made = folder / f"{name}.csv"
        if not made.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _DRAWN[name][0](_PUBLIC_FILES = {
    "telco": ("telco.csv", "Churn"),
    "elec2": ("natural/elec2.csv", "class"),
    "employment": ("natural/employment_MA_reference.pq", "employed"),
}
_ROWS, _SEED).to_csv(made, index=False)
        return Table(made, _DRAWN[name][1])
    source, target = _PUBLIC_FILES[name]
    if not (PUBLIC / source).exists():
        return None
    return Table(_shuffled(PUBLIC / source, folder / f"{name}.csv"), target)


def _shuffled(source: Path, made: Path) -> Path:
    """The rows in another order: where a file is sorted by time, its first rows are no fair reference for the others."""
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        rows = pd.read_parquet(source) if source.suffix == ".pq" else pd.read_csv(source, dtype=str, keep_default_na=False)
        rows.drop(columns=_OF_A_MODEL, errors="ignore").sample(frac=1, random_state=_SEED).to_csv(made, index=False)
    return made
