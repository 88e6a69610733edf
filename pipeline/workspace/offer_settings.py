"""The section [offers]: where a team writes down whom it contacted, under which names, and how many it leaves alone to compare with."""

from pydantic import Field, model_validator

from pipeline.workspace.section import Section


class OfferSettings(Section):
    """Whom your team contacted, as it writes it down: read by `churnops offers`."""

    file: str = Field(
        "", description="Your offers, for `churnops offers pull`: a CSV, JSONL or Parquet file, from this file's folder; empty: see table"
    )
    table: str = Field("", description="Or the table or view that holds them, like crm.contacts; empty: none")
    url: str = Field(
        "",
        repr=False,
        description="Database of that table; empty: that of [predictions]; one with a password only as CHURNOPS_OFFERS_URL, or in the file that CHURNOPS_OFFERS_URL_FILE names",
    )
    id: str = Field("", description="Column that names the customer; empty: as in [predictions], else as in [data]")
    time: str = Field("offered_at", description="Column that says when the offer was made")
    kind: str = Field("kind", description="Column with your word for what was offered, where there is one")
    accepted: str = Field("accepted", description="Column that says whether it was accepted, where there is one; an empty cell: not known")
    held_out: str = Field(
        "held_out",
        description="Column that says who was held out, so would have been contacted and was not, where there is one; an empty cell: no",
    )
    yes: tuple[str, ...] = Field(
        ("yes", "true", "1"), min_length=1, description="Words for accepted and for held out, in any case of letters"
    )
    no: tuple[str, ...] = Field(("no", "false", "0"), min_length=1, description="Words for neither, in any case of letters")
    holdout: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Share of the customers to contact that `churnops offers plan` holds out in each risk tier, like 0.05",
    )
    seed: int = Field(42, description="Of the draw of who is held out")

    @model_validator(mode="after")
    def _consistent(self) -> "OfferSettings":
        if self.file and self.table:
            raise ValueError("offers lie in `file` or in `table`, not in both")
        if self.url and not self.table:
            raise ValueError("`url` needs the `table` in that database")
        if {word.casefold() for word in self.yes} & {word.casefold() for word in self.no}:
            raise ValueError("a word stands in `yes` and in `no`")
        return self
