"""What `drift.py` measures: a process per peer. Each reads two Parquet files and prints how many columns drifted, or null."""

import subprocess
import sys
from pathlib import Path

HEADER = """
import json, sys
reference, current = sys.argv[1:3]
columns = json.loads(sys.argv[3])
numerical = [name for name in columns if name[0] in "xn"]
categorical = [name for name in columns if name[0] == "c"]
"""
PROCESSES = {
    "churnops": """
from pipeline.profiles.counting import exact_values, profile_reference, profile_window
from pipeline.tables.schema import Schema
from pipeline.drift.scores import score_profiles
from pipeline.sources.source import ALL_ROWS, Files
schema = Schema(target="t", positive="1", numerical=tuple(numerical), categorical=tuple(categorical))
before = profile_reference(Files(reference), schema)
scores = score_profiles(before, profile_window(Files(current), schema, before), exact_values((Files(reference), ALL_ROWS), (Files(current), ALL_ROWS), schema))
print(sum(score.drifted for score in scores.values()))
""",
    "scan": """
import duckdb
sums = ", ".join([f"sum({name})" for name in numerical] + [f"sum(strlen({name}))" for name in categorical])
duckdb.connect().execute(f"select {sums} from read_parquet($file)", {"file": current}).fetchall()
print("null")
""",
    "evidently": """
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
roles = DataDefinition(numerical_columns=numerical, categorical_columns=categorical)
data = [Dataset.from_pandas(pd.read_parquet(path, columns=columns), data_definition=roles) for path in (current, reference)]
metrics = Report([DataDriftPreset(columns=columns)]).run(*data).dict()["metrics"]
print(int(next(metric["value"]["count"] for metric in metrics if metric["config"]["type"].endswith("DriftedColumnsCount"))))
""",
    "nannyml": """
import warnings; warnings.simplefilter("ignore")
import pandas as pd
import nannyml
calculator = nannyml.UnivariateDriftCalculator(
    column_names=columns, treat_as_numerical=numerical, treat_as_categorical=categorical,
    continuous_methods=["wasserstein"], categorical_methods=["jensen_shannon"], chunk_number=1)
calculator.fit(pd.read_parquet(reference, columns=columns))
calculator.calculate(pd.read_parquet(current, columns=columns)).to_df()
print("null")
""",
    "polars": """
import polars as pl
def wasserstein(before, after):
    weights = pl.concat([pl.repeat(1 / len(before), len(before), eager=True), pl.repeat(-1 / len(after), len(after), eager=True)])
    both = pl.DataFrame({"x": pl.concat([before, after]), "w": weights}).sort("x")
    area = both.select((pl.col("w").cum_sum().abs() * pl.col("x").diff().shift(-1)).sum()).item()
    return area / max(before.std(ddof=0), 0.001)
def jensen_shannon(before, after):
    shares = [s.drop_nulls().value_counts(normalize=True, name=n).rename({s.name: "v"}) for s, n in ((before, "p"), (after, "q"))]
    both = pl.concat(shares, how="diagonal").group_by("v").agg(pl.col("p").sum(), pl.col("q").sum())
    middle = (pl.col("p") + pl.col("q")) / 2
    part = lambda name: pl.when(pl.col(name) > 0).then(pl.col(name) * (pl.col(name) / middle).log()).otherwise(0).sum()
    return both.select(((part("p") + part("q")) / 2).sqrt()).item()
drifted = 0
for name in columns:
    before, after = (pl.scan_parquet(path).select(name).collect()[name] for path in (reference, current))
    if name in numerical:
        before, after = (column.cast(pl.Float64).fill_nan(None).drop_nulls() for column in (before, after))
    few = name in categorical or pl.concat([before, after]).n_unique() <= 5
    drifted += (jensen_shannon if few else wasserstein)(before, after) >= 0.1
print(drifted)
""",
}


def peers_python(folder: Path) -> Path | str:
    """A Python with NannyML and Polars, or why there is none. NannyML does not import on pandas 3, nor without two packages more."""
    python = folder / "bin" / "python"
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, text=True)
        wanted = ["nannyml", "polars", "pandas<3", "statsmodels", "plotly"]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        return (error.stderr or error.stdout or str(error)).strip().splitlines()[-1]
    return python
