"""An explanation is filed as people and programs read it; its charts have words, and nothing in them is markup that came from a table."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.explanation.customer import Agreement, Contribution, CustomerExplanation
from pipeline.explanation.tier_moves import FeatureMoves, TierMoves
from pipeline.explanation.whole_model import FeatureEffects, ModelExplanation
from reports.explanation_charts import beeswarm_svg, dependence_svg, waterfall_svg
from reports.explanation_page import customer_markdown, customer_page, file_explanation, filed_explanation, moves_said

HOSTILE = '"><script>alert(1)</script>|'


def effects(feature: str, numerical: bool, *told: tuple[float, float | str | None]) -> FeatureEffects:
    found = tuple(effect for effect, _ in told)
    return FeatureEffects(
        feature=feature,
        numerical=numerical,
        strength=sum(map(abs, found)) / len(found),
        effects=found,
        values=tuple(value for _, value in told),
    )


def model(moves: TierMoves | None = None, name: str = "contract") -> ModelExplanation:
    features = (effects(name, False, (0.2, HOSTILE), (-0.1, "yearly")), effects("tenure", True, (0.1, 3.0), (-0.05, None)))
    told = {"model_version": "3", "model_digest": "a" * 64, "about": "on its training rows", "method": "SHAP from the trees", "rows": 2}
    return ModelExplanation(
        **told, unit="log-odds", base=-1.0, of_rows=900, features=features, reasons_agree=0.93, importance_agrees=None, moves=moves
    )


def customer() -> CustomerExplanation:
    parts = (
        Contribution(feature=HOSTILE, value=HOSTILE, effect=0.5, reason=0.1, second=-0.1),
        Contribution(feature="tenure", value=None, effect=-0.2, reason=-0.05, second=-0.02),
    )
    return CustomerExplanation(
        method="SHAP from the weights",
        unit="log-odds",
        base=-1.0,
        response=-0.7,
        probability=0.33,
        tier="low",
        contributions=parts,
        reasons_agree=Agreement(rank_correlation=1.0, shared=2, opposed=()),
        second_agrees=Agreement(rank_correlation=None, shared=2, opposed=(HOSTILE,)),
        fit=0.61,
    )


@pytest.mark.parametrize(
    "drawn", [beeswarm_svg(model(name=HOSTILE)), waterfall_svg(customer()), *(dependence_svg(one, "log-odds") for one in model().features)]
)
def test_every_chart_is_well_formed_says_itself_in_words_and_holds_no_foreign_tag(drawn: str) -> None:
    found = ET.fromstring(drawn)  # our own
    assert found.get("role") == "img"
    assert len(found.get("aria-label", "").split()) > 5
    assert {one.tag.rpartition("}")[2] for one in found.iter()} <= {"svg", "rect", "circle", "line", "text"}


def test_a_waterfall_goes_from_the_average_to_the_customer() -> None:
    said = ET.fromstring(waterfall_svg(customer())).get("aria-label", "")
    assert "-1.000 to -0.700 log-odds" in said
    assert "tenure = missing -0.200" in said


def test_what_was_filed_is_read_again_and_a_broken_file_is_none(tmp_path: Path) -> None:
    found, at = model(), datetime(2026, 11, 30, 9, tzinfo=UTC)
    page = file_explanation(found, tmp_path / "explanations" / "x", at).read_text()
    assert "<script" not in page
    assert page.count("<svg") == 3
    assert "Rank correlation with the reasons given at scoring: 0.93" in page
    assert "permutation importance: cannot be told" in page
    assert filed_explanation(tmp_path / "explanations" / "x") == found
    (tmp_path / "explanations" / "x" / "explanation.json").write_text("{}")
    assert filed_explanation(tmp_path / "explanations" / "x") is None


def test_the_second_opinions_disagreement_is_shown() -> None:
    written = customer_markdown(customer(), HOSTILE)
    assert "61% of what the model does" in written
    assert "the other way on" in written
    assert b"<script" not in customer_page(customer(), HOSTILE)


def test_moves_are_only_claimed_beyond_chance() -> None:
    quiet, loud = (FeatureMoves(feature="a", higher=4, lower=1, by_chance=3), FeatureMoves(feature="b", higher=40, lower=2, by_chance=3))
    assert "no feature moved more than chance" in moves_said(TierMoves(rows=200, reference_rows=200, features=(quiet,)))
    said = moves_said(TierMoves(rows=200, reference_rows=200, features=(loud, quiet)))
    assert "40 are in a higher and 2 in a lower tier because the effects of b shifted" in said
    assert "1 feature moved" in said
    starred = loud.model_copy(update={"feature": "a*b"})
    assert "effects of a*b shifted" in moves_said(TierMoves(rows=200, reference_rows=200, features=(starred,)))
