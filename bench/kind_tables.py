"""Tables to draw worlds from: generated customers, two drawn from formulas, and public ones where they lie beside the checkout."""

from pathlib import Path

import pandas as pd
from tables import bank, mobile

from pipeline.benchmark.customers import Table

PUBLIC = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
TABLES = ("generated", "telco", "bank", "mobile", "elec2", "employment")
_DRAWN = {"bank": (bank, "exited"), "mobile": (mobile, "churn")}
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
            _DRAWN[name][0](_ROWS, _SEED).to_csv(made, index=False)
        return Table(made, _DRAWN[name][1])
    source = {"telco": "telco.csv", "elec2": "natural/elec2.csv", "employment": "natural/employment_MA_reference.pq"}[name]
    if not (PUBLIC / source).exists():
        return None
    if name == "employment":
        return Table(_employment(PUBLIC / source, folder), "employed")
    return Table(PUBLIC / source, "Churn" if name == "telco" else "class")


def _employment(source: Path, folder: Path) -> Path:
    made = folder / "employment.csv"
    if not made.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pd.read_parquet(source).drop(columns=_OF_A_MODEL).to_csv(made, index=False)
    return made
