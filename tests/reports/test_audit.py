"""The audit report: the same structure for each ending, what a human must decide first, and facts from the record alone."""

import hashlib
import re

import pytest
import yaml

from pipeline.diagnosis.hypothesis import Hypothesis
from pipeline.models.artifact import DriftReference
from pipeline.record.cases import Case, Training
from reports.markdown_cells import strength
from reports.verdict import Narrative, StatedHypothesis, Verdict
from tests.conftest import NOON
from tests.reports.record import (
    HEAD,
    SECTIONS,
    SHA,
    a_case,
    a_challenger,
    front_matter,
    headings,
    policy,
    rendered_report,
    report,
    trainings_of,
)
from tests.tools.desk import diagnosis_of, drift_of, metrics_of

ENDINGS: dict[str, tuple[Case, Verdict, tuple[Training, ...], str, str]] = {
    "monitor": (
        a_case(0.1),
        Verdict("no_deploy_needed", "monitor", None, "rulebook", "finished"),
        (),
        "No deployment needed: keep watching",
        "Nothing. The champion stays.",
    ),
    "fix_data": (
        a_case(),
        Verdict("needs_people", "fix_data", None, "claude", "finished"),
        (),
        "The data need fixing before anything else",
        "Nothing is deployed. Ask the owner of the feed to fix the data",
    ),
    "collect_labels": (
        a_case(),
        Verdict("needs_people", "collect_labels", None, "rulebook", "finished"),
        trainings_of(passed=False),
        "More outcomes are needed before a decision",
        "Nothing is deployed. Have the outcomes of this window",
    ),
    "wait_for_outcomes": (
        a_case(),
        Verdict("needs_people", "wait_for_outcomes", None, "claude", "finished"),
        (),
        "The outcomes are not there yet: look again when they are",
        "Nothing is deployed. Look again when the outcomes have come in",
    ),
    "rollback": (
        a_case(),
        Verdict("needs_people", "rollback", None, "claude", "finished"),
        (),
        "Look at the last deployment: a rollback is recommended",
        "Shall the model that served before version",
    ),
    "retrain": (
        a_case(challenger=a_challenger()),
        Verdict("pending_approval", "retrain", "combined", "claude+rulebook", "operator_failed"),
        trainings_of(passed=True),
        "A retrained challenger waits for approval",
        'churnops reports approve 2026-11-21-abc123 -w /srv/churn --reason "…"\n'
        '  churnops reports reject 2026-11-21-abc123 -w /srv/churn --reason "…"',
    ),
    "partial": (
        a_case(),
        Verdict("partial", None, None, "claude", "turn_limit", "The operator used all its turns (`limits.turns`)."),
        (),
        "No verdict was reached",
        "Nothing is deployed. Look at what was found",
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_has_the_same_structure_and_says_first_what_a_human_must_decide(ending: str) -> None:
    case, verdict, trainings, headline, decision = ENDINGS[ending]
    text = report(case, verdict, trainings=trainings)
    assert headings(text, 1) == [headline]
    assert headings(text, 2) == SECTIONS
    assert decision in text.split("## What a human must decide")[1].split("\n## ")[0]
    assert "\n\n\n" not in text
    assert text.endswith("\n")


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_head_says_who_what_and_on_what_in_yaml(ending: str) -> None:
    case, verdict, trainings, _, _ = ENDINGS[ending]
    head = front_matter(report(case, verdict, trainings=trainings))
    assert list(head) == HEAD
    assert (head["case"], head["status"], head["action"], head["mode"]) == (case.case_id, verdict.status, verdict.action, verdict.mode)
    assert (head["operator"], head["stopped"]) == (verdict.operator, verdict.stopped)
    assert head["champion"] == {"version": "3", "digest": "c" * 64}
    assert head["challenger"] == ({"version": "4", "digest": "d" * 64} if case.challenger else None)
    assert (head["policy_version"], head["reference_sha256"], head["window_fingerprint"]) == (policy().version, SHA, "f" * 64)
    assert head["written_at"] == NOON


def test_values_set_by_the_workspace_are_shown_beside_those_shipped() -> None:
    rules = policy(gate={"min_roc_auc": 0.7}, hyperparameters={"random_forest": {"max_depth": [3, 7]}})
    case, verdict, *_ = ENDINGS["monitor"]
    text = report(case, verdict, rules=rules)
    assert "Overridden in this workspace: `gate.min_roc_auc` = 0.7 (shipped: 0.78)." in text
    assert "Overridden in this workspace: `hyperparameters.random_forest.max_depth` = [3.0, 7.0] (shipped: [10, 12])." in text
    assert "`gate.min_roc_auc` = 0.7, `gate.max_auc_drop` = 0.01." in text
    assert front_matter(text)["policy_version"] == rules.version
    assert "Overridden" not in report(case, verdict)


def test_what_the_environment_sets_is_named_and_not_said() -> None:
    case, verdict, *_ = ENDINGS["monitor"]
    text = report(case, verdict, outside=("CHURNOPS_DATABASE_URL", "CHURNOPS_POLICY__GATE__MIN_ROC_AUC"))
    assert "Set in the environment, instead of in churnops.toml: `CHURNOPS_DATABASE_URL`, `CHURNOPS_POLICY__GATE__MIN_ROC_AUC`." in text
    assert "in the environment" not in report(case, verdict)


def test_facts_come_from_the_record() -> None:
    case, verdict, trainings, *_ = ENDINGS["retrain"]
    text = report(case, verdict, trainings=trainings)
    for fact in (
        "**8 of 19 features drifted (42.1%)**: 3 numerical, 5 categorical. Drift level: high.",
        "Reference 4200 rows, window 900 rows, 400 with a known outcome (110 churned). Source: prediction log.",
        "| tenure | numerical | 0.31 / 0.1 |",
        "| ROC-AUC | 0.700 (0.660–0.740) | 0.712 (0.672–0.752) |",
        "ROC-AUC, candidate 1 minus champion: +0.012 (interval -0.010 to +0.034).",
        "n_estimators = 200, max_depth = 10; 1700 rows to train on, 300 held out to test on, 9 s.",
        "- ✔ `gate.min_roc_auc`: ROC-AUC 0.7123 against the floor of 0.78.",
        "1. `get_drift_summary` : ok, 1.2 s",
        '2. `run_training` `{"max_depth": 11}`: refused: Rule \\`training.retries\\` in policy.toml',
    ):
        assert fact in text, fact


def test_a_window_too_small_for_a_verdict_says_so() -> None:
    case = a_case(None, drift=drift_of(None, 150, "not_enough_data"))
    text = report(case, ENDINGS["monitor"][1])
    assert "Not enough data: 150 rows in the window, 200 needed (`drift.min_rows`). No verdict." in text
    assert "| feature |" not in text


def test_a_case_made_by_hand_has_no_drift_to_tell() -> None:
    text = report(a_case(drift=None, window=None), ENDINGS["monitor"][1])
    assert headings(text, 2) == [section for section in SECTIONS if section != "Drift"]
    assert front_matter(text)["window_fingerprint"] is None


def test_nothing_said_is_said() -> None:
    case, verdict, *_ = ENDINGS["monitor"]
    assert "> Nothing was said." in report(case, verdict, Narrative(" ", "\n"))


def test_what_the_operator_thought_of_stands_beside_what_the_diagnosis_weighed() -> None:
    weighed = (Hypothesis(cause="concept_drift", probability=0.62, settle=""), Hypothesis(cause="data_fault", probability=0.21, settle=""))
    found = diagnosis_of("concept_drift").model_copy(update={"hypotheses": weighed})
    stated = (
        StatedHypothesis(cause="label_fault", checked="Outcomes by label age | <b>none</b> missing."),
        StatedHypothesis(cause="concept_drift", checked="999999 customers of one kind (call 1)."),
    )
    case, verdict, _, _, _ = ENDINGS["wait_for_outcomes"]
    text = report(case.model_copy(update={"diagnosis": found}), verdict, Narrative("s", "r", stated))
    assert "| label fault | not among its hypotheses |\n| concept drift | 62% |" in text
    assert "> Checked for label fault: Outcomes by label age | &lt;b&gt;none&lt;/b&gt; missing." in text
    assert "999999 [no source]" in text


def test_the_appendix_ends_with_the_digests_that_the_head_seals() -> None:
    case, verdict, *_ = ENDINGS["retrain"]
    rendered = rendered_report(case, verdict)
    head = yaml.safe_load(rendered.text.split("---\n")[1])
    sealed = {head["champion"]["digest"], head["challenger"]["digest"], head["reference_sha256"], head["window_fingerprint"]}
    assert set(re.findall(r"[0-9a-f]{64}", rendered.appendix.partition("## Digests")[2])) == sealed
    assert head["sources_sha256"] == hashlib.sha256(rendered.appendix.encode()).hexdigest()
    assert f"[{case.case_id}.sources.md]({case.case_id}.sources.md)" in rendered.text


def test_a_number_without_a_source_is_marked_and_counted_above_the_words() -> None:
    case, verdict, *_ = ENDINGS["monitor"]
    text = report(case, verdict, Narrative("97.3% of 19 features.", "All 400 labelled rows of 401."))
    assert "**2 without a source:** 97.3% (in no result), 401 (in no result)." in text
    assert "> 97.3% [no source] of [19](2026-11-21-abc123.sources.md#n1) features." in text
    assert "without a source" not in report(case, verdict)


@pytest.mark.parametrize(
    ("method", "score", "expected"),
    [("Wasserstein distance (normed)", 0.1, 1.0), ("K-S p_value", 0.1, 1.0), ("K-S p_value", 0.01, 2.0), ("K-S p_value", 0.0, 6.0)],
)
def test_strength_is_told_in_thresholds_for_distances_and_p_values(method: str, score: float, expected: float) -> None:
    feature = drift_of(0.4, 900, "evaluate").features[0].model_copy(update={"method": method, "score": score, "threshold": 0.1})
    assert strength(feature) == pytest.approx(expected)


def test_the_measures_are_those_of_the_record() -> None:
    text = report(a_case(), ENDINGS["collect_labels"][1], trainings=trainings_of(passed=False))
    metrics = metrics_of(0.7123)
    for name in ("pr_auc", "accuracy", "f1", "precision", "recall", "log_loss", "brier", "calibration_error"):
        assert f"{getattr(metrics, name).value:.3f}" in text
    assert "failed the gate" in text


def test_what_windows_will_be_compared_with_is_said_before_the_decision() -> None:
    case, verdict, trainings, *_ = ENDINGS["retrain"]
    told = DriftReference(rows=1334, carried_over=120, since=NOON, until=NOON, data_sha256="")
    done = trainings[0].result
    assert done is not None
    known = trainings[0].model_copy(update={"result": done.model_copy(update={"drift_reference": told})})
    text = report(case, verdict, trainings=(known,))
    assert "windows are compared with 1,334 customers scored from 2026-11-21 to 2026-11-21. The log has too few: 120 of them" in text
    assert "windows are compared with" not in report(case, verdict, trainings=trainings)
