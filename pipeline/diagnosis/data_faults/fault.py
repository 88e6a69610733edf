"""A fault of the data as a finding: whatever shows it, it concerns a share of the rows and argues for the same cause."""

from pipeline.diagnosis.data_faults.witnesses import Part
from pipeline.diagnosis.finding import Finding, Name


def fault(
    name: Name,
    said: str,
    share: float,
    n: int,
    *,
    z: float | None = None,
    column: str | None = None,
    part: Part | None = None,
    strength: float | None = None,
    unit: str = "share of the rows",
) -> Finding:
    """The finding `said` of a `share` of `n` rows, 0-1, which is its strength unless another is given; `part` is where the rows lie."""
    return Finding(
        family="data", name=name, column=column, segment=None if part is None else part.segment,
        days=None if part is None else part.days, began=None if part is None else part.began, strength=share if strength is None else strength, unit=unit, n=n, z=z, share=share, argues_for=("data_fault",), said=said,
    )  # fmt: skip


def where(part: Part | None) -> str:
    """Where the rows lie, as the rest of a sentence; empty where they are all over the window."""
    return "" if part is None else f", all {part.said}"
