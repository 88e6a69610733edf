"""An answer holds what fits: hostile texts on one line and cut, the strongest of many features, and the rest counted."""

import json

import pytest

from pipeline.drift.summary import BlindSpot
from pipeline.record.cases import ModelRef
from pipeline.record.opened_workspace import Opened
from tests.tools.desk import case_of, desk, drift_of, under
from tools.result_bounds import FEATURES_BYTES, FINDINGS_BYTES, NAME_LENGTH, TEXT_LENGTH, bounded, shown_name
from tools.results import DriftResult

HOSTILE = "a\x1b[2J\u202e\u200b\nb" + "x" * 5000


def wide(names: list[str]) -> DriftResult:
    """A drift summary of these features, each drifted less than the one before."""
    drift = drift_of(0.5, 900, "retrain")
    features = tuple(
        drift.features[0].model_copy(update={"name": name, "score": 10 / (1 + place), "change": f"new “{HOSTILE}”"})
        for place, name in enumerate(names)
    )
    findings = tuple(
        BlindSpot(what="extra_column", column=name, share=1 / (1 + place), said=f"`{name}` is new.") for place, name in enumerate(names)
    )
    return DriftResult(
        case_id="c",
        champion=ModelRef(version="1", digest="d" * 64),
        drift=drift.model_copy(update={"features": features, "findings": findings}),
        labelled_rows=0,
        labelled_churners=0,
    )


def test_texts_are_one_line_printable_and_cut() -> None:
    shown = bounded(wide([HOSTILE])).drift
    (feature,), (finding,) = shown.features, shown.findings
    assert feature.name.startswith("a [2J bxxx")
    assert (len(feature.name), len(finding.column or "")) == (NAME_LENGTH, NAME_LENGTH)
    assert len(feature.change) == len(finding.said) == TEXT_LENGTH
    for text in (feature.name, feature.change, finding.said):
        assert text.isprintable()


@pytest.mark.slow
def test_the_strongest_features_that_fit_stay_in_their_order_and_the_rest_is_counted() -> None:
    names = [f"column {place:04}" for place in range(2000)]
    shown = bounded(wide(names))
    kept = [feature.name for feature in shown.drift.features]
    assert kept == names[: len(kept)]
    assert 5 < len(kept) < 100
    assert shown.elided == 4000 - len(kept) - len(shown.drift.findings)
    assert len(shown.model_dump_json().encode()) < FEATURES_BYTES + FINDINGS_BYTES + 2000
    assert bounded(wide(names[:2])).elided == 0


def test_a_name_shown_short_or_on_one_line_still_finds_its_column() -> None:
    long = "c" * 300
    names = ["plain", "two\nlines", long]
    assert shown_name("plain", names) == "plain"
    assert shown_name("two lines", names) == "two\nlines"
    assert shown_name("c" * (NAME_LENGTH - 1) + "…", names) == long
    assert shown_name("nobody", names) == "nobody"


@pytest.mark.slow
@pytest.mark.anyio
async def test_no_answer_of_a_usual_case_comes_near_its_bound(drifted: Opened) -> None:
    async with desk(drifted) as at:
        drift = await at.ok("get_drift_summary")
        case = {"case_id": drift["case_id"]}
        answers = [
            drift,
            await at.ok("get_current_model_metrics", **case),
            await at.ok("diagnose", **case),
            *[await at.ok("inspect_feature", **case, feature=name) for name in ("tenure", "Contract")],
            await at.ok("compare_models", **case),
        ]
    assert max(len(json.dumps(answer).encode()) for answer in answers) < 12_000
    assert drift["elided"] == 0


@pytest.mark.anyio
async def test_what_was_answered_is_what_is_on_record(trained: Opened) -> None:
    case = case_of(trained)
    async with desk(under(trained)) as at:
        answered = await at.ok("compare_models", case_id=case.case_id)
    (call,) = trained.cases.calls(case.case_id)
    assert call.result == answered
