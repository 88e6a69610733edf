"""Answers about customers: the same whichever way they are made, with reasons that add up."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.models.artifact import Artifact, open_artifact, publish
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.scoring.customer_row import typed_cells
from pipeline.scoring.proof import not_ours, prove
from pipeline.scoring.reasons import top_reasons
from pipeline.scoring.scorer import Scorer, open_scorer
from pipeline.scoring.whole_pipeline import WholePipeline
from pipeline.tables.categories import Categories
from pipeline.workspace.folder import Workspace
from pipeline.workspace.value_settings import CustomerValueSettings, ValueSettings
from tests.pipeline.scoring.fitted_models import BOOSTED, FEATURES, FORESTS, LINEAR, REFERENCE, SPELLING, model_of
from tests.pipeline.small_artifacts import small_artifact
from tests.pipeline.small_tables import COLUMNS, small_table

VALUE = ValueSettings(margin=500, offer_cost=50, acceptance=0.3)
LEAVING = {"tenure": 1.0, "charges": 110.0, "contract": "monthly", "payment": "card"}
STAYING = {"tenure": 70.0, "charges": 40.0, "contract": "yearly", "payment": "bank"}


def scorer_of(kind: str, *, fast: bool = True, threshold: float = 0.5) -> Scorer:
    model = model_of(kind)
    compiled, proof = prove(model, COLUMNS, REFERENCE, threshold) if fast else (None, not_ours())
    return Scorer("3", "d" * 64, COLUMNS, SPELLING, threshold, proof, VALUE, WholePipeline(model, COLUMNS, REFERENCE), compiled)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    folder = tmp_path_factory.mktemp("scored")
    return open_artifact(Workspace(folder), publish(small_artifact(folder / "staged"), Workspace(folder)))


@pytest.mark.parametrize("kind", [*FORESTS, *BOOSTED, *LINEAR])
def test_one_by_one_and_in_a_batch_customers_get_the_same_answers(kind: str) -> None:
    scorer = scorer_of(kind)
    window = small_table(60, 5)[FEATURES]
    rows = window.astype(object).where(window.notna(), None).to_dict("records")
    together = scorer.score_many(rows)
    assert scorer.path == "fast"
    for row, answer in zip(rows, together, strict=True):
        alone = scorer.score(row)
        assert (alone.label, alone.tier, alone.action) == (answer.label, answer.tier, answer.action)
        assert [(reason.feature, reason.value, reason.direction) for reason in alone.reasons] == [
            (reason.feature, reason.value, reason.direction) for reason in answer.reasons
        ]
        assert alone.probability == answer.probability if kind not in LINEAR else abs(alone.probability - answer.probability) <= 1e-12
    assert scorer.score_many([]) == []


def test_an_offer_is_valued_by_the_customers_own_columns_and_by_what_offers_kept() -> None:
    value = CustomerValueSettings.model_validate(
        {"margin": "charges * 10", "offer_cost": 5, "acceptance_by": {"contract": {"monthly": 0.2}}}
    )
    scorer = replace(scorer_of(FORESTS[0]), value=value)
    leaving, staying = scorer.score(LEAVING), scorer.score({**STAYING, "charges": None})
    assert leaving.expected_value == pytest.approx(0.2 * 1100 * leaving.probability - 5)
    assert staying.expected_value == -5, "a margin that cannot be computed brings nothing"
    known = replace(scorer, kept_by_tier={leaving.tier: 0.5}).score(LEAVING)
    assert known.expected_value == pytest.approx(0.5 * 1100 * leaving.probability - 5)


def test_a_customers_categories_are_spelt_as_the_reference_spells_them() -> None:
    scorer = replace(scorer_of("linear"), spelling={"contract": Categories(("0.0", "1.5")), "payment": Categories(("1.0", "a"))})
    assert scorer.cells({"contract": "0", "payment": "1"})[2:] == ["0.0", "1"]
    assert scorer.cells({"contract": " 1.50 ", "payment": "1.0"})[2:] == ["1.5", "1.0"]


def test_scikit_learn_serves_where_nothing_is_compiled() -> None:
    slow, fast = scorer_of("forest, calibrated", fast=False), scorer_of("forest, calibrated")
    assert (slow.path, slow.why) == ("scikit-learn", "others fitted the model")
    assert slow.score(LEAVING).probability == fast.score(LEAVING).probability
    assert slow.score_many([LEAVING, STAYING])[1] == slow.score(STAYING)


def test_an_answer_says_label_tier_action_and_what_an_offer_would_bring() -> None:
    p = scorer_of("forest").score(LEAVING).probability
    assert p > 0.7
    answer = scorer_of("forest", threshold=p).score(LEAVING)
    assert (answer.label, answer.tier, answer.action) == (True, "high", "escalate")
    assert answer.expected_value == pytest.approx(0.3 * 500 * p - 50)
    assert scorer_of("forest", threshold=math.nextafter(p, 1)).score(LEAVING).label is False
    quiet = scorer_of("forest").score(STAYING)
    assert (quiet.label, quiet.tier, quiet.action) == (False, "low", "monitor")


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("kind", ["forest, calibrated", "linear"])
def test_reasons_name_what_raises_and_what_lowers_the_probability(kind: str, fast: bool) -> None:
    leaving, staying = (scorer_of(kind, fast=fast).score(row).reasons for row in (LEAVING, STAYING))
    assert len(leaving) == 3
    assert {("tenure", 1.0, "raises"), ("contract", "monthly", "raises")} <= {(r.feature, r.value, r.direction) for r in leaving}
    assert ("tenure", 70.0, "lowers") in {(r.feature, r.value, r.direction) for r in staying}
    assert abs(leaving[0].effect) >= abs(leaving[1].effect) >= abs(leaving[2].effect) > 0


@pytest.mark.parametrize("kind", ["forest", "linear"])
def test_the_parts_of_a_response_add_up_to_it(kind: str) -> None:
    compiled = scorer_of(kind).compiled
    assert compiled is not None
    encoded = compiled.encoder.encode(typed_cells(LEAVING, COLUMNS, SPELLING))
    response, added = compiled.classifier.explained(encoded)
    if kind == "linear":
        model = model_of(kind)
        average = float(np.mean(model.decision_function(REFERENCE[FEATURES])))
        assert response - added.sum() == pytest.approx(average, abs=0.05)  # the centre is that of the thousand rows of the proof
    else:
        roots = [tree.tree_.value[0, 0, 1] for tree in model_of(kind)["classify"].estimators_]
        assert response - added.sum() == pytest.approx(np.mean(roots))


def test_of_a_plain_forest_an_effect_is_the_part_itself() -> None:
    compiled = scorer_of("forest").compiled
    assert compiled is not None
    cells = typed_cells(LEAVING, COLUMNS, SPELLING)
    _, added = compiled.classifier.explained(compiled.encoder.encode(cells))
    p, effects = compiled.explained(cells)
    assert p - effects.sum() == pytest.approx(p - added.sum())
    assert effects == pytest.approx(added @ compiled.encoder.shares)


def test_through_scikit_learn_an_effect_is_against_the_typical_value() -> None:
    typical = {name: float(REFERENCE[name].median()) for name in COLUMNS.numerical}
    typical |= {name: REFERENCE[name].mode()[0] for name in COLUMNS.categorical}
    slow = scorer_of("forest", fast=False)
    p = slow.score(LEAVING).probability
    for reason in slow.score(LEAVING).reasons:
        assert reason.effect == p - slow.score({**LEAVING, reason.feature: typical[reason.feature]}).probability
    assert slow.score(typical).reasons == ()


def test_a_missing_value_is_shown_as_none_and_no_effect_is_no_reason() -> None:
    found = top_reasons(("a", "b", "c"), (math.nan, None, "x"), np.array([-0.2, 0.1, 0.0]))
    assert [(reason.feature, reason.value, reason.direction) for reason in found] == [("a", None, "lowers"), ("b", None, "raises")]


@pytest.mark.parametrize("fast", [True, False])
def test_what_cannot_be_scored_is_said_in_one_sentence(fast: bool) -> None:
    scorer = scorer_of("forest", fast=fast)
    with pytest.raises(DataError, match="`tenure` is a text where a number belongs"):
        scorer.score({"tenure": "12"})
    with pytest.raises(DataError, match="too great"):
        scorer.score({"tenure": 1e100})


def test_a_published_model_is_proven_again_when_it_is_opened(artifact: Artifact) -> None:
    scorer = open_scorer(artifact, VALUE, version="4")
    assert (scorer.version, scorer.digest, scorer.schema, scorer.threshold) == ("4", artifact.digest, COLUMNS, 0.5)
    assert (scorer.proof.path, scorer.proof.rows, scorer.proof.max_difference) == ("fast", 200, 0.0)
    assert scorer.score(LEAVING).probability == artifact.scores(small_table(1, 1).assign(**LEAVING))[0]


def test_the_champion_of_a_workspace_was_proven_at_its_gate(trained: Opened) -> None:
    champion, artifact = open_champion(trained)
    gated = trained.ledger.last(("gated",))
    assert gated is not None
    proof = gated.body["serving"]
    assert (proof["path"], proof["rows"], proof["max_difference"], proof["label_flips"], proof["tier_flips"]) == ("fast", 1000, 0.0, 0, 0)
    scorer = open_scorer(artifact, trained.settings.value, version=champion.version)
    window = artifact.reference()[list(scorer.schema.features)].head(20)
    rows = window.astype(object).where(window.notna(), None).to_dict("records")
    assert [scorer.score(row).probability for row in rows] == artifact.scores(window).tolist()


def test_a_model_of_others_is_never_taken_apart(tmp_path: Path, artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.models.adopted import AdoptedClassifier
    from pipeline.models.artifact import Adopted
    from pipeline.models.asked_model import asked

    manifest = artifact.manifest.model_copy(update={"adopted": Adopted(source="x", model_sha256="s" * 64, family="random_forest")})
    theirs = Artifact(artifact.digest, artifact.path, manifest, artifact.metrics)
    wrapped = AdoptedClassifier(artifact.model, asked(artifact.model), dict.fromkeys(FEATURES), COLUMNS, None)
    monkeypatch.setitem(theirs.__dict__, "model", wrapped)
    scorer = open_scorer(theirs, VALUE, version="5")
    assert (scorer.path, scorer.why) == ("scikit-learn", "others fitted the model")
    assert scorer.score(LEAVING).probability == open_scorer(artifact, VALUE, version="4").score(LEAVING).probability
