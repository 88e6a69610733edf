"""The section [predictions]: where a log of the team's own lies, and under which names."""

from typing import Literal

from pydantic import Field, model_validator

from pipeline.tables.file_format import FileFormat
from pipeline.workspace.section import Section


class PredictionSettings(Section):
    """A team's own prediction log, in files or in a table; where neither is named it is churnops' own, in the state database."""

    file: str = Field(
        "",
        description="Your own log: a CSV, JSON, Excel or Parquet file, a folder, a Delta table or a pattern with *, from this file's folder or at a URL; "
        "empty: see table",
    )
    table: str = Field("", description="Or the table or view that holds it, like sales.scored; empty: see file, or the log churnops keeps")
    url: str = Field(
        "",
        description="Database of that table, like postgresql+psycopg://host/name; one with a password only as CHURNOPS_PREDICTIONS_URL, or in the file that CHURNOPS_PREDICTIONS_URL_FILE names",
    )
    id: str = Field("", description="Its id column; empty: as in [data]")
    time: str = Field("", description="Its scoring-time column; empty: as in [data]")
    score: str = Field(
        "", description="Its column with the probability of churn, checked, never used instead of the champion's; empty: none"
    )
    model_version: str = Field(
        "", description="Its column with the model's version: where any row names the champion's, the others are left out; empty: none"
    )
    population: Literal["", "active_base", "new_customers", "mixed"] = Field(
        "",
        description="Who is scored: active_base, the same customers again and again; new_customers; or mixed. It says which repeats are no "
        "fault; empty: guessed from the ids and shown",
    )
    columns: dict[str, str] = Field(
        {},
        description='Its names of features, each with the name in [data], like monthly_charges = "MonthlyCharges"; others match as they are',
    )
    values: dict[str, dict[str, str]] = Field(
        {}, description="Per feature, by its name in [data]: the log's values, each with the reference's, like Y = \"Yes\"; others stay"
    )
    format: FileFormat = FileFormat()

    @model_validator(mode="after")
    def _one_place(self) -> "PredictionSettings":
        if self.file and self.table:
            raise ValueError("a log lies in `file` or in `table`, not in both")
        if self.url and not self.table:
            raise ValueError("`url` needs the `table` in that database")
        features = list(self.columns.values())
        if twice := sorted({feature for feature in features if features.count(feature) > 1}):
            both = " and ".join(f"`{name}`" for name, feature in self.columns.items() if feature == twice[0])
            raise ValueError(f"`columns` maps {both} to the one feature `{twice[0]}`; keep one of them")
        return self
