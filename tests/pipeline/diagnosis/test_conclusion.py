"""From findings to a cause: broken data before all else, outcomes before estimates, and every doubt said."""

from typing import Any

import pytest

from pipeline.diagnosis.conclusion import conclude
from pipeline.diagnosis.diagnosis import Action, Diagnosis, Mode, Rule
from pipeline.diagnosis.finding import Cause, Family, Finding, Name
from pipeline.diagnosis.setting import Setting
from pipeline.workspace.policy import load_policy
from prompts import policy_text

POLICY = load_policy(policy_text(), {})
PLENTY, SOME, NONE = Setting(5000, 4000, 1000), Setting(5000, 150, 40), Setting(5000, 0, 0)

FAMILIES: dict[str, Family] = {
    "more_missing": "data", "unit_change": "data", "dependency_lost": "dependency", "moved_alone": "moved_alone", "rescaled": "moved_alone",
    "population_moved": "support", "unsupported_rows": "support", "unseen_category": "support", "score_shift": "score",
    "prior_estimate": "prior", "prior_explains": "prior", "labels_immature": "labels", "level_change": "performance",
    "conditional_change": "performance", "gain_combined": "challengers", "gain_recent": "challengers", "gain_recalibrate": "challengers",
    "known_event": "events",
}  # fmt: skip


def found(name: Name, *argues_for: Cause, **changes: Any) -> Finding:
    values: dict[str, Any] = {"strength": 1.0, "unit": "", "n": 1000, "z": 6.0, "said": f"{name} was found.", **changes}
    return Finding(family=FAMILIES[name], name=name, argues_for=argues_for, **values)


def case(setting: Setting, *findings: Finding) -> Diagnosis:
    return conclude(findings, setting, POLICY)


CHANGED = found("conditional_change", "concept_drift", column="tenure")
UNKNOWN_CUSTOMERS = found("conditional_change", "covariate_harmful", column="Contract")
BROKEN = found("more_missing", "data_fault", column="tenure")
GAIN = found("gain_combined")


@pytest.mark.parametrize(
    ("setting", "findings", "rule", "cause", "action", "mode"),
    [
        (PLENTY, (), "nothing", "none", "monitor", None),
        (PLENTY, (found("population_moved"),), "moved_harmlessly", "covariate_benign", "monitor", None),
        (PLENTY, (found("rescaled", column="MonthlyCharges"),), "moved_harmlessly", "covariate_benign", "monitor", None),
        (PLENTY, (BROKEN,), "broken_data", "data_fault", "fix_data", None),
        (NONE, (found("dependency_lost", column="tenure"),), "lost_dependency", "data_fault", "fix_data", None),
        (NONE, (found("moved_alone", column="tenure"),), "moved_alone", "data_fault", "fix_data", None),
        (PLENTY, (found("labels_immature"), CHANGED), "untrusted_labels", "label_fault", "collect_labels", None),
        (PLENTY, (CHANGED, GAIN), "changed_behaviour", "concept_drift", "retrain", "combined"),
        (PLENTY, (CHANGED, GAIN, found("gain_recent")), "changed_behaviour", "concept_drift", "retrain", "recent"),
        (SOME, (CHANGED, GAIN), "changed_behaviour", "concept_drift", "collect_labels", None),
        (PLENTY, (UNKNOWN_CUSTOMERS, GAIN), "unfamiliar_customers", "covariate_harmful", "retrain", "combined"),
        (PLENTY, (found("level_change", strength=0.1),), "changed_level", "prior_shift", "recalibrate", "recalibrate"),
        (NONE, (found("unseen_category", column="Contract"),), "unfamiliar_without_labels", "covariate_harmful", "collect_labels", None),
    ],
)
def test_findings_give_a_cause_and_what_to_do(
    setting: Setting, findings: tuple[Finding, ...], rule: Rule, cause: Cause, action: Action, mode: Mode | None
) -> None:
    diagnosis = case(setting, *findings)
    assert (diagnosis.rule, diagnosis.cause, diagnosis.action, diagnosis.mode) == (rule, cause, action, mode)


@pytest.mark.parametrize("other", [CHANGED, GAIN, found("labels_immature"), found("level_change"), found("population_moved")])
def test_broken_data_silence_everything_else(other: Finding) -> None:
    assert case(PLENTY, other, GAIN, BROKEN).action == "fix_data"


def test_the_column_at_fault_is_the_one_with_the_strongest_evidence() -> None:
    weaker = found("unit_change", column="MonthlyCharges", z=5.0)
    assert case(PLENTY, weaker, found("more_missing", column="tenure", z=40.0)).column == "tenure"
    assert "One more column" in case(PLENTY, weaker, BROKEN).said


def test_a_finding_below_its_threshold_decides_nothing_and_is_kept() -> None:
    quiet = found("conditional_change", "concept_drift", notable=False)
    diagnosis = case(PLENTY, quiet, GAIN)
    assert diagnosis.cause == "none"
    assert diagnosis.findings == (GAIN, quiet)


def test_the_runner_up_is_the_next_rule_with_another_cause_and_says_what_would_tell() -> None:
    diagnosis = case(PLENTY, BROKEN, CHANGED, found("level_change"))
    assert diagnosis.runner_up is not None
    assert diagnosis.runner_up.cause == "concept_drift"
    assert "random sample" in diagnosis.runner_up.tell_apart


@pytest.mark.parametrize(("setting", "words"), [(NONE, "cannot be seen without them"), (SOME, "too few to train")])
def test_what_too_few_outcomes_hide_is_a_blind_spot(setting: Setting, words: str) -> None:
    assert any(words in spot for spot in case(setting).blind_spots)
    assert not any(words in spot for spot in case(PLENTY).blind_spots)


def test_a_weak_level_change_needs_an_estimate_without_labels_that_agrees() -> None:
    weak = found("level_change", strength=0.03, z=2.4, notable=False)
    assert case(PLENTY, weak).cause == "none"
    assert case(PLENTY, weak, found("prior_estimate", z=2.9, notable=False)).cause == "prior_shift"
    assert case(PLENTY, weak, found("prior_estimate", z=2.0, notable=False)).cause == "none"
    assert case(PLENTY, weak, found("prior_estimate", z=-6.0)).cause != "prior_shift"


def test_fewer_churners_among_customers_who_look_the_same_is_a_conflict_while_outcomes_are_to_come() -> None:
    fewer = found("level_change", strength=-0.05, z=-5.0)
    assert (case(PLENTY, fewer).cause, case(PLENTY, fewer).action) == ("unsure", "collect_labels")
    assert case(PLENTY, fewer, found("prior_estimate", z=-3.0)).cause == "prior_shift"
    assert case(Setting(4000, 4000, 1000), fewer).cause == "prior_shift"


def test_without_outcomes_a_changed_prior_asks_for_them() -> None:
    diagnosis = case(NONE, found("prior_estimate"), found("prior_explains"))
    assert (diagnosis.cause, diagnosis.action) == ("prior_shift", "collect_labels")


def test_what_people_noted_shows_nothing_by_itself() -> None:
    assert case(PLENTY, found("known_event", said="A price list.")).cause == "none"


def test_confidence_is_the_policy_s_word_on_the_rule_that_decided() -> None:
    sure = load_policy(policy_text(), {"diagnosis": {"confidence": {"broken_data": 0.97}}})
    assert conclude((BROKEN,), PLENTY, sure).confidence == 0.97


@pytest.mark.parametrize("findings", [(), (found("population_moved"),)])
def test_that_all_is_well_is_only_what_can_be_seen_where_no_outcome_is_known(findings: tuple[Finding, ...]) -> None:
    seen, unseen = case(PLENTY, *findings), case(NONE, *findings)
    assert (seen.provisional, unseen.provisional) == (False, True)
    assert unseen.runner_up is not None and unseen.runner_up.cause == "concept_drift"
    assert not case(NONE, *findings, BROKEN).provisional


def test_too_few_rows_are_no_all_clear() -> None:
    assert case(Setting(7, 0, 0)).said.startswith("7 rows are fewer than the 200 that a verdict takes")


def test_rows_of_the_training_data_are_a_blind_spot() -> None:
    assert not any("rows of the reference" in spot for spot in case(Setting(5000, 1000, 300, training_rows=150)).blind_spots)
    assert any("390 of the 1,000 customers" in spot for spot in case(Setting(5000, 1000, 300, training_rows=390)).blind_spots)
