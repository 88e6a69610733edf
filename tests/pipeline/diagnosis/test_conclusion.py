"""From findings to a diagnosis: every cause weighed, the action that loses least, and every doubt said."""

from typing import Any

import pytest

from pipeline.diagnosis.conclusion import conclude
from pipeline.diagnosis.diagnosis import Action, Diagnosis, Mode, Rule
from pipeline.diagnosis.evidence import evidence_of
from pipeline.diagnosis.finding import Cause, Family, Finding, Name
from pipeline.diagnosis.seen import Seen
from pipeline.diagnosis.setting import Setting
from pipeline.diagnosis.weighing import shipped_weights, weigh
from pipeline.workspace.policy import load_policy
from prompts import policy_text

POLICY = load_policy(policy_text(), {})
PLENTY, SOME, NONE = Setting(5000, 4000, 1000), Setting(5000, 150, 40), Setting(5000, 0, 0)

FAMILIES: dict[str, Family] = {
    "more_missing": "data", "unit_change": "data", "dependency_lost": "dependency", "moved_alone": "moved_alone", "rescaled": "moved_alone",
    "population_moved": "support", "unsupported_rows": "support", "unseen_category": "support", "score_shift": "score",
    "prior_estimate": "prior", "prior_explains": "prior", "labels_immature": "labels", "labels_stopped": "labels", "labels_redefined": "labels", "labels_selected": "labels",
    "ruled_before": "history", "level_change": "performance",
    "conditional_change": "performance", "calibration_slope": "performance", "gain_combined": "challengers", "gain_recent": "challengers", "gain_recalibrate": "challengers",
    "known_event": "events", "repair_returns": "repairs", "measured_performance": "performance", "gain_newest": "challengers",
}  # fmt: skip


def found(name: Name, *argues_for: Cause, **changes: Any) -> Finding:
    values: dict[str, Any] = {"strength": 1.0, "unit": "", "n": 1000, "z": 6.0, "said": f"{name} was found.", **changes}
    return Finding(family=FAMILIES[name], name=name, argues_for=argues_for, **values)


def case(setting: Setting, *findings: Finding) -> Diagnosis:
    return conclude(findings, setting, POLICY)


CHANGED = found("conditional_change", "concept_drift", column="tenure")
UNKNOWN_CUSTOMERS = found("conditional_change", "covariate_harmful", column="Contract")
BROKEN = found("more_missing", "data_fault", column="tenure")
GAIN, HELPED = found("gain_combined", strength=8.0), found("gain_recalibrate", strength=8.0)
ALONE, RETURNED = found("moved_alone", "data_fault", column="tenure"), found("repair_returns", "data_fault", column="tenure")
REDEFINED, LOWER = found("labels_redefined", "label_fault", column="payment"), found("level_change", strength=-9.0, z=-20.0)
HARM = (found("measured_performance", strength=-0.1, z=-9.0), found("level_change", strength=9.0, z=20.0))
CAME = (found("population_moved", strength=0.75), found("unsupported_rows", share=0.3))


@pytest.mark.parametrize(
    ("setting", "findings", "rule", "cause", "action", "mode"),
    [
        (PLENTY, (), "nothing", "none", "monitor", None),
        (PLENTY, (found("population_moved"),), "moved_harmlessly", "covariate_benign", "monitor", None),
        (PLENTY, (found("rescaled", column="MonthlyCharges"),), "moved_harmlessly", "covariate_benign", "monitor", None),
        (PLENTY, (BROKEN,), "broken_data", "data_fault", "fix_data", None),
        (NONE, (found("dependency_lost", column="tenure"),), "lost_dependency", "data_fault", "fix_data", None),
        (NONE, (ALONE, RETURNED), "moved_alone", "data_fault", "fix_data", None),
        (PLENTY, (found("labels_immature"), CHANGED), "untrusted_labels", "label_fault", "collect_labels", None),
        (PLENTY, (found("labels_stopped"), LOWER, HELPED), "untrusted_labels", "label_fault", "collect_labels", None),
        (PLENTY, (REDEFINED, CHANGED, *HARM, GAIN), "untrusted_labels", "label_fault", "collect_labels", None),
        (PLENTY, (CHANGED, GAIN), "changed_behaviour", "concept_drift", "retrain", "combined"),
        (PLENTY, (CHANGED, GAIN, found("gain_recent")), "changed_behaviour", "concept_drift", "retrain", "recent"),
        (SOME, (CHANGED, GAIN), "changed_behaviour", "concept_drift", "collect_labels", None),
        (PLENTY, (UNKNOWN_CUSTOMERS, GAIN, *CAME), "unfamiliar_customers", "covariate_harmful", "retrain", "combined"),
        (PLENTY, (found("level_change", strength=0.1, z=9.0), HELPED), "changed_level", "prior_shift", "recalibrate", "recalibrate"),
        (
            NONE,
            (found("unseen_category", column="Contract", share=0.3), *CAME),
            "unfamiliar_without_labels",
            "covariate_harmful",
            "collect_labels",
            None,
        ),
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
    quiet, event = found("conditional_change", "concept_drift", notable=False), found("known_event")
    diagnosis = case(PLENTY, quiet, event)
    assert diagnosis.cause == "none"
    assert diagnosis.findings == (event, quiet)


def test_the_runner_up_is_the_second_hypothesis_and_says_what_would_tell() -> None:
    diagnosis = case(NONE, ALONE)
    assert diagnosis.runner_up is not None
    assert diagnosis.runner_up.cause == diagnosis.hypotheses[1].cause
    assert diagnosis.runner_up.tell_apart == diagnosis.hypotheses[1].settle


@pytest.mark.parametrize(("setting", "words"), [(NONE, "cannot be seen without them"), (SOME, "too few to train")])
def test_what_too_few_outcomes_hide_is_a_blind_spot(setting: Setting, words: str) -> None:
    assert any(words in spot for spot in case(setting).blind_spots)
    assert not any(words in spot for spot in case(PLENTY).blind_spots)


def test_it_says_which_of_the_outcomes_are_too_few_to_train_on() -> None:
    few = "the 27 of them who churned are too few to train another model: 40 are needed"
    assert any(few in spot for spot in case(Setting(4000, 2447, 27)).blind_spots)


def test_a_weak_level_change_weighs_more_with_an_estimate_without_labels_that_agrees() -> None:
    def shifted(*findings: Finding) -> float:
        return weigh(evidence_of(Seen(findings), PLENTY, POLICY), shipped_weights())["prior_shift"]

    weak = found("level_change", strength=0.03, z=3.0, notable=False)
    assert shifted() < shifted(weak) < shifted(weak, found("prior_estimate", z=3.9, notable=False))


def test_fewer_churners_among_customers_who_look_the_same_wait_for_the_outcomes_to_come() -> None:
    fewer = (found("level_change", strength=-0.05, z=-9.0), HELPED)
    assert case(PLENTY, *fewer).action == "collect_labels"
    assert case(Setting(4000, 4000, 1000), *fewer).action == "recalibrate"


def test_nobody_is_asked_for_outcomes_that_are_all_in() -> None:
    """Small signs alone: where outcomes are to come they may tell, where all are known there is nothing to ask for."""
    signs = (
        found("measured_performance", notable=False, z=-3.5, strength=-0.02),
        found("level_change", notable=False, z=2.9, strength=0.02),
    )
    to_come, all_in = case(PLENTY, *signs), case(Setting(4000, 4000, 1000), *signs)
    assert to_come.cause == all_in.cause
    assert (to_come.action, all_in.action) == ("collect_labels", "monitor")


def test_without_outcomes_a_changed_prior_asks_for_them() -> None:
    diagnosis = case(NONE, found("prior_estimate"), found("prior_explains"))
    assert (diagnosis.cause, diagnosis.action) == ("prior_shift", "collect_labels")


def test_what_people_noted_shows_nothing_by_itself() -> None:
    assert case(PLENTY, found("known_event", said="A price list.")).cause == "none"


@pytest.mark.parametrize(
    "findings", [(), (BROKEN,), (CHANGED, GAIN), (BROKEN, CHANGED, GAIN), (found("population_moved"), found("labels_immature"))]
)
def test_the_first_hypothesis_is_the_cause_and_all_together_are_at_most_certain(findings: tuple[Finding, ...]) -> None:
    diagnosis = case(PLENTY, *findings)
    probabilities = [one.probability for one in diagnosis.hypotheses]
    assert (diagnosis.hypotheses[0].cause, probabilities[0]) == (diagnosis.cause, diagnosis.confidence)
    assert probabilities == sorted(probabilities, reverse=True)
    assert len(probabilities) <= 3 and sum(probabilities) <= 1.001


def test_a_hypothesis_says_what_speaks_for_and_against_it_and_what_would_settle_it() -> None:
    found_out = case(PLENTY, found("moved_alone", "data_fault", column="tenure", share=0.2), GAIN)
    fault = next(one for one in found_out.hypotheses if one.cause == "data_fault")
    assert fault.speaks_for == ("moved_alone was found.",)
    assert "feed" in fault.settle
    told = fault.model_dump(mode="json")
    assert told["for"] == ["moved_alone was found."] and "against" in told


def test_no_model_is_trained_while_a_fault_is_too_probable_whatever_it_would_gain() -> None:
    gains = (
        CHANGED,
        found("gain_recent", strength=40.0),
        found("measured_performance", z=-9.0),
        found("moved_alone", "data_fault", column="tenure"),
    )
    careful = load_policy(policy_text(), {"diagnosis": {"training_refused_from": 0.0001}})
    bold = load_policy(policy_text(), {"diagnosis": {"training_refused_from": 0.99}})
    assert conclude(gains, PLENTY, bold).action == "retrain"
    refused = conclude(gains, PLENTY, careful)
    assert refused.action not in ("retrain", "recalibrate")
    assert refused.fault_probability is not None and refused.fault_probability >= 0.0001


def test_harm_that_was_measured_is_never_keep_watching() -> None:
    fell = found("measured_performance", "concept_drift", z=-11.0, strength=-0.3)
    everything_known = Setting(1334, 1334, 400)
    diagnosis = case(everything_known, fell, found("conditional_change", "concept_drift", column="tenure", segment=("tenure", "below 5")))
    assert diagnosis.action == "collect_labels"
    assert "stop acting on its scores" in diagnosis.said and "`tenure` below 5" in diagnosis.said


def test_a_broken_column_and_changed_behaviour_are_both_said_and_the_fault_is_fixed_first() -> None:
    setting = Setting(4000, 4000, 1000, judged_without=("tenure",))
    both = case(setting, BROKEN, CHANGED, GAIN)
    assert (both.cause, both.action, both.also, both.then) == ("data_fault", "fix_data", "concept_drift", "retrain")
    assert "Besides" in both.said
    alone = case(setting, BROKEN, found("conditional_change", notable=False))
    assert (alone.also, alone.then) == (None, None)
    judged_by_the_broken_column = case(Setting(4000, 4000, 1000), BROKEN, CHANGED, GAIN)
    assert judged_by_the_broken_column.also is None


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


def test_whether_outcomes_are_to_come_is_asked_of_the_stretch_they_are_of() -> None:
    fewer = (found("level_change", strength=-0.05, z=-9.0), HELPED)
    assert Setting(900, 4000, 1000, asked=4000).outcomes_to_come is False
    assert Setting(900, 700, 200, asked=4000).outcomes_to_come is True
    assert case(Setting(9000, 4000, 1000, asked=4000), *fewer).action == "recalibrate"


def test_what_names_the_day_of_a_fault_of_outcomes_is_said_first() -> None:
    told = case(PLENTY, found("labels_selected", z=None, share=1.0), found("labels_stopped", z=-5.0, said="No churn since 19 Sep."))
    assert told.said.startswith("No churn since 19 Sep.")


def test_a_definition_that_a_person_called_real_is_asked_about_no_more() -> None:
    assert case(PLENTY, REDEFINED, CHANGED, *HARM, GAIN).column == "payment"
    ruled = found("ruled_before", "concept_drift", column="payment")
    told = case(PLENTY, REDEFINED, CHANGED, *HARM, GAIN, ruled)
    assert (told.cause, told.action) == ("concept_drift", "retrain") and "faulty" not in told.said
    unsure = found("ruled_before", "unsure", column="payment")
    assert case(PLENTY, REDEFINED, CHANGED, *HARM, GAIN, unsure).action == "collect_labels", "nobody called it real"
    assert case(PLENTY, REDEFINED, CHANGED, *HARM, GAIN, found("ruled_before", "concept_drift", column="tenure")).cause == "label_fault"


def test_a_check_that_keeps_a_training_back_is_named_and_no_small_percentage() -> None:
    weak = found("labels_immature", "label_fault", share=0.01)
    changed = found("conditional_change", "concept_drift", column="tenure", z=12.0)
    told = case(PLENTY, weak, changed, *HARM, GAIN, found("calibration_slope", "concept_drift", strength=0.5, z=-9.0))
    assert (told.cause, told.action) == ("concept_drift", "collect_labels")
    assert told.said.endswith("A check calls the outcomes wrong, so more of them come before a training: labels_immature was found.")


def test_where_no_sign_tells_by_itself_the_strongest_is_named() -> None:
    """A message that speaks of small signs alone tells nobody where to look."""
    new_value = found("unseen_category", column="Contract", share=0.27)
    said = case(PLENTY, new_value, found("repair_returns", "data_fault", column="Contract"), *CAME)
    assert (said.cause, said.rule, said.column) == ("data_fault", "broken_data", None)
    assert said.said.endswith("The strongest sign: repair_returns was found.")


def test_outcomes_that_a_check_calls_wrong_train_nothing_whatever_else_speaks_for_it() -> None:
    turned = Finding(
        family="labels", name="labels_inverted", strength=0.3, unit="", n=1000, z=7.0, share=0.01, argues_for=("label_fault",), said=""
    )
    assert case(PLENTY, turned, CHANGED, *HARM, GAIN, HELPED).action == "collect_labels"


def test_a_level_shown_to_help_with_unknown_customers_does_not_wait_for_the_outcomes_to_come() -> None:
    assert case(PLENTY, UNKNOWN_CUSTOMERS, HELPED, *CAME).action == "recalibrate"
    assert case(PLENTY, UNKNOWN_CUSTOMERS, *CAME).action == "collect_labels"


def test_new_prices_without_outcomes_have_customers_asked_where_resentment_is_probable() -> None:
    raised = found("rescaled", "covariate_benign", column="MonthlyCharges", strength=1.3)
    assert case(NONE, raised).action == "collect_labels"


@pytest.mark.parametrize("z", [2.0, 2.3])
def test_what_no_check_found_asks_nobody_for_anything_while_no_change_is_the_most_probable(z: float) -> None:
    near = found("level_change", strength=6.7, z=z, notable=False), found("measured_performance", strength=-0.04, z=-1.2, notable=False)
    told = case(PLENTY, *near, found("prior_estimate", z=2.7, notable=False))
    assert (told.cause, told.action) == ("none", "monitor")
