"""How a table's file is written. Apart from the other settings, because reading files needs this much of them and not their machinery."""

from pathlib import PurePath
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

Kind = Literal["delimited", "json", "excel", "parquet"]

GZIP = ".gz"
# What the names of the files end in; text may be compressed as well.
_ENDINGS: dict[str, Kind] = {
    **dict.fromkeys((".csv", ".txt", ".tsv"), "delimited"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
    ".xlsx": "excel",
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
}
ENDINGS = f"{', '.join(_ENDINGS)}, and text with {GZIP} behind"  # for people


def kind_of(file: str) -> Kind | None:
    """What a file's name says that it holds; None where that is no table."""
    name = file.lower()
    kind = _ENDINGS.get(PurePath(name.removesuffix(GZIP)).suffix)
    return None if name.endswith(GZIP) and kind in ("excel", "parquet") else kind


class FileFormat(BaseModel):
    """How a text table is written; empty means: find out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delimiter: str = Field("", max_length=1, description="Between cells: , ; | or a tab; empty: found out")
    decimal: Literal["", ".", ","] = Field("", description="Decimal mark, . or ,; empty: found out")
    encoding: str = Field("", description="utf-8, latin-1, ...; empty: found out")
    timezone: str = Field("UTC", description="Of times written without one")

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            raise ValueError(f"{name!r} is no time zone; names look like Europe/Berlin") from None
        return name


TO_FIND_OUT = FileFormat()
