"""The section [outcomes]: where a team's outcomes lie, under which names and words, and which predictions they speak of."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from pipeline.clock import length_of
from pipeline.workspace.section import Section


class OutcomeSettings(Section):
    """What became of the customers, as your team writes it down: read by `churnops outcomes`, `--outcomes` and the prediction API."""

    file: str = Field(
        "",
        description="Your outcomes, for `churnops outcomes pull`: a CSV, JSONL or Parquet file, from this file's folder; empty: see table",
    )
    table: str = Field("", description="Or the table or view that holds them, like crm.churn; empty: see column")
    url: str = Field(
        "",
        repr=False,
        description="Database of that table; empty: that of [predictions]; one with a password only as CHURNOPS_OUTCOMES_URL, or in the file that CHURNOPS_OUTCOMES_URL_FILE names",
    )
    column: str = Field(
        "",
        description="Or the column of the log of [predictions] that is filled in later, like label_30d, empty while not known; empty: none",
    )
    id: str = Field("", description="Column that names the customer; empty: as in [predictions], else as in [data]")
    outcome: str = Field("", description="Column that says who churned; empty: the target of [data]")
    scored_at: str = Field("predicted_at", description="Column with the scoring time of the prediction it belongs to, where there is one")
    observed_at: str = Field("observed_at", description="Column that says when it happened or became known, where there is one")
    recorded_at: str = Field(
        "recorded_at", description="Column that says when it was written down, where that is another day than the one it happened on"
    )
    yes: tuple[str, ...] = Field((), description="Its words for churned, in any case of letters; empty: `positive` of [data]")
    no: tuple[str, ...] = Field((), description="Its words for stayed, in any case of letters; empty: the reference's other value")
    horizon: str = Field(
        "",
        description="How far ahead a prediction looks, like 30d: who churned at most so long after it is its churner; "
        "empty: an outcome speaks of the predictions it names, or of all of its customer",
    )
    absence: Literal["unknown", "stayed"] = Field(
        "unknown",
        description="Customers without an outcome once their horizon is over: unknown, or stayed, where churners alone are written down",
    )

    @model_validator(mode="after")
    def _consistent(self) -> "OutcomeSettings":
        if sum(map(bool, (self.file, self.table, self.column))) > 1:
            raise ValueError("outcomes lie in `file`, in `table` or in `column`, not in several of them")
        if self.url and not self.table:
            raise ValueError("`url` needs the `table` in that database")
        if {word.casefold() for word in self.yes} & {word.casefold() for word in self.no}:
            raise ValueError("a word stands in `yes` and in `no`")
        if self.horizon and self.horizon_length is None:
            raise ValueError("`horizon` is a length of time like 7d, 24h or 2w")
        if self.absence == "stayed" and not self.horizon:
            raise ValueError('`absence = "stayed"` needs a `horizon`: nobody has stayed before it is over')
        if self.column and self.horizon:
            raise ValueError("a `column` of the log holds labels, whose horizon is over; leave `horizon` out")
        return self

    @property
    def horizon_length(self) -> timedelta | None:
        """The horizon, None where none is set."""
        return length_of(self.horizon)
