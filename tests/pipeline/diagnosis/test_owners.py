"""Whom to call: the owner of the source, of the column, of the feed."""

import pytest

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.finding import Cause, Finding
from pipeline.diagnosis.owners import owned

OWNERS = {"charges": "Billing", "region=north": "Northern office", "outcomes": "CRM", "predictions": "Platform"}


def diagnosis(cause: Cause, column: str | None, segment: tuple[str, str] | None = None) -> Diagnosis:
    finding = Finding(
        family="data", name="unit_change", column=column, segment=segment, strength=1, unit="", n=9, argues_for=("data_fault",), said=""
    )
    return Diagnosis(
        cause=cause, confidence=0.9, column=column, action="fix_data", mode=None, rule="broken_data", said="", findings=(finding,),
        blind_spots=(), runner_up=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "called"),
    [
        (diagnosis("data_fault", "charges"), ("Billing",)),
        (diagnosis("data_fault", "charges", ("region", "north")), ("Northern office", "Billing")),
        (diagnosis("data_fault", "tenure"), ("Platform",)),
        (diagnosis("data_fault", None), ("Platform",)),
        (diagnosis("label_fault", None), ("CRM",)),
        (diagnosis("none", "charges"), ()),
    ],
)
def test_whom_to_call(found: Diagnosis, called: tuple[str, ...]) -> None:
    assert owned(found, OWNERS).owners == called


def test_nobody_is_made_up() -> None:
    assert owned(diagnosis("data_fault", "charges"), {}).owners == ()
