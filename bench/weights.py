"""The weights of the evidence, fitted on worlds with a known truth, and how well they do on what they never saw.

    python bench/kinds.py --cache FOLDER --tables generated,telco,... --seeds 1-4 --json lines.jsonl
    python bench/weights.py lines.jsonl                     leave one kind out, leave one table out, reliability
    python bench/weights.py lines.jsonl --write             also fit on all of them and write pipeline/diagnosis/weights.toml

Which evidence may speak to which cause is decided here and not by the data, and so is its sign. Sizes are fitted by penalised maximum likelihood,
drawn towards those that we would set by hand. Every kind of change counts the same, however many questions it has.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.benchmark.instance import Answer, Question, Truth  # noqa: E402
from pipeline.diagnosis.conclusion import conclude  # noqa: E402
from pipeline.diagnosis.evidence import EVIDENCE, evidence_of  # noqa: E402
from pipeline.diagnosis.finding import Cause, Finding  # noqa: E402
from pipeline.diagnosis.seen import Seen  # noqa: E402
from pipeline.diagnosis.setting import Setting  # noqa: E402
from pipeline.diagnosis.weighing import WEIGHTS, Weights, probable_causes, shipped_weights  # noqa: E402
from pipeline.workspace.policy import load_policy  # noqa: E402
from prompts import policy_text  # noqa: E402

POLICY = load_policy(policy_text(), {})
CAUSES: tuple[Cause, ...] = (
    "none",
    "covariate_benign",
    "covariate_harmful",
    "prior_shift",
    "concept_drift",
    "data_fault",
    "label_fault",
)
# Log-odds as we would set them knowing nothing but what each piece of evidence means; fitted ones stay near where worlds say little. What is
# missing says nothing of a cause. The signs stay whatever the worlds say.
START: Mapping[Cause, float] = {
    "none": 1.0,
    "covariate_benign": 0.0,
    "covariate_harmful": -1.0,
    "prior_shift": -1.0,
    "concept_drift": -1.5,
    "data_fault": -1.5,
    "label_fault": -2.0,
}
STRUCTURE: Mapping[str, Mapping[Cause, float]] = {
    "schema_broken": {"data_fault": 8},
    "values_broken": {"data_fault": 7},
    "missing_rose": {"data_fault": 7},
    "unit_changed": {"data_fault": 7},
    "categories_renamed": {"data_fault": 7},
    "columns_swapped": {"data_fault": 7},
    "rows_copied": {"data_fault": 7},
    "feed_stopped": {"data_fault": 7},
    "dependency_lost": {"data_fault": 6},
    "column_moved_alone": {"data_fault": 2.5, "covariate_benign": 0.5, "concept_drift": 0.5},
    "repair_returns": {"data_fault": 5},
    "repair_fails": {"data_fault": -2},
    "column_rescaled": {"covariate_benign": 2, "concept_drift": 1, "data_fault": 0.5},
    "population_moved": {"covariate_benign": 3, "covariate_harmful": 2, "prior_shift": 1, "concept_drift": 0.5, "none": -3},
    "rows_unlike_the_reference": {"covariate_harmful": 2.5, "covariate_benign": 1, "none": -2},
    "new_category": {"covariate_harmful": 3, "covariate_benign": 2, "data_fault": 1, "none": -3},
    "scores_shifted": {"covariate_benign": 1.5, "covariate_harmful": 1, "prior_shift": 1.5, "none": -2},
    "churn_rate_moved_by_scores": {"prior_shift": 2.5, "none": -2},
    "one_weight_explains": {"prior_shift": 3, "covariate_benign": -1},
    "outcomes_immature": {"label_fault": 7},
    "outcomes_selected": {"label_fault": 6},
    "outcomes_inverted": {"label_fault": 7},
    "outcomes_still_to_come": {"label_fault": 3, "prior_shift": -1},
    "ranking_fell": {"concept_drift": 3, "covariate_harmful": 1.5, "label_fault": 1, "none": -3, "covariate_benign": -3},
    "churn_rate_moved": {"prior_shift": 4, "concept_drift": 1, "label_fault": 1, "none": -3, "covariate_benign": -3},
    "slope_fell": {"concept_drift": 3, "label_fault": 1, "none": -3, "covariate_benign": -3, "prior_shift": -1},
    "known_customers_changed": {"concept_drift": 5, "covariate_harmful": 1, "none": -4, "covariate_benign": -4, "prior_shift": -2},
    "new_customers_differ": {"covariate_harmful": 5, "concept_drift": 1, "none": -4, "covariate_benign": -4, "prior_shift": -2},
    "retraining_gains": {"concept_drift": 3, "covariate_harmful": 3, "none": -3, "covariate_benign": -3},
    "recalibration_gains": {"prior_shift": 3, "concept_drift": 1, "none": -3, "covariate_benign": -3},
    "outcomes_show_no_harm": {
        "none": 2,
        "covariate_benign": 2,
        "concept_drift": -3,
        "covariate_harmful": -3,
        "prior_shift": -2,
        "label_fault": -2,
    },
    "nothing_found": {"none": 3, "covariate_benign": -2, "covariate_harmful": -2, "prior_shift": -2, "data_fault": -2},
}
# No world has a history. A ruling is a person's word on another window: it tips what is open, and turns over nothing that is strong. Outcomes that
# went missing or mean something else on a day make up whatever they show of churn, so they outweigh all of it.
BY_HAND: Mapping[str, Mapping[Cause, float]] = {
    "outcomes_stopped": {"label_fault": 12.0},
    "churn_redefined": {"label_fault": 12.0},
    "ruled_a_fault_before": {"data_fault": 1.5},
    "ruled_real_before": {"data_fault": -1.5},
}
_PENALTY = 0.05  # of squared log-odds beyond ours, per kind of change: one kind must not make a weight sure
_MOST = 12.0  # log-odds of one piece of evidence
_NOTHING_CHANGED = 20.0  # times as much as any other kind: in about every third week that somebody looks at, nothing did
_WORST = 10


@dataclass(frozen=True)
class Asked:
    """One question with its truth and its evidence."""

    table: str
    question: Question
    truth: Truth
    setting: Setting
    findings: tuple[Finding, ...]
    strengths: np.ndarray


@dataclass(frozen=True)
class Graded:
    """What a diagnosis was worth. `p`: of the true cause and of all, in the order of `CAUSES`."""

    one: Asked
    cause: Cause
    action: str
    said: str
    right: bool
    acceptable: bool
    regret: float
    unsafe: bool
    p: np.ndarray


def main() -> None:
    """Read, fit, judge on what was left out, print; write if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("lines", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--shipped", action="store_true", help="judge the shipped weights on these lines instead")
    chosen = parser.parse_args()
    asked = [_read(line) for path in chosen.lines for line in path.read_text("utf-8").splitlines()]
    if chosen.shipped:
        _tell("Shipped weights", [_grade(one, shipped_weights()) for one in asked])
        return
    _tell("Fitted on all, judged on the same", [_grade(one, fitted) for fitted in [fit(asked)] for one in asked])
    _tell("Leave one kind out", _left_out(asked, lambda one: one.question.kind), worst=True)
    _tell("Leave one table out", _left_out(asked, lambda one: one.table))
    if chosen.write:
        WEIGHTS.write_text(_toml(fit(asked)), "utf-8")
        print(f"Wrote {WEIGHTS.name}.")


def fit(asked: Sequence[Asked]) -> Weights:
    """The weights of least penalised loss on these questions, but for those whose change nothing shows."""
    kept = [one for one in asked if not one.truth.invisible]
    x = np.stack([one.strengths for one in kept])
    # Of two causes either is right.
    true = np.array([[cause in one.truth.causes for cause in CAUSES] for one in kept], dtype=np.float64)
    kinds = [one.question.kind for one in kept]
    counts = {kind: kinds.count(kind) for kind in kinds}
    weight = np.array([(_NOTHING_CHANGED if kind == "none" else 1.0) / counts[kind] for kind in kinds])
    weight /= weight.sum()
    prior = np.zeros((len(EVIDENCE), len(CAUSES)))
    for name, speaks in STRUCTURE.items():
        for cause, size in speaks.items():
            prior[EVIDENCE.index(name), CAUSES.index(cause)] = size  # type: ignore[arg-type]
    places = np.argwhere(prior != 0)
    ours = np.concatenate([[START[cause] for cause in CAUSES], prior[prior != 0]])
    penalty = _PENALTY / len(counts)

    def laid_out(values: np.ndarray) -> np.ndarray:
        full = np.zeros_like(prior)
        full[places[:, 0], places[:, 1]] = values
        return full

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        start, full = values[: len(CAUSES)], laid_out(values[len(CAUSES) :])
        sums = start + x @ full
        sums -= sums.max(axis=1, keepdims=True)
        p = np.exp(sums) / np.exp(sums).sum(axis=1, keepdims=True)
        right = np.maximum((p * true).sum(axis=1, keepdims=True), 1e-12)
        off = (p - p * true / right) * weight[:, None]
        gradient = np.concatenate([off.sum(axis=0), (x.T @ off)[places[:, 0], places[:, 1]]]) + 2 * penalty * (values - ours)
        fits = -(weight * np.log(right[:, 0])).sum()
        return float(fits + penalty * ((values - ours) ** 2).sum()), gradient

    bounds = [(-6.0, 6.0)] * len(CAUSES) + [(0.0, _MOST) if one > 0 else (-_MOST, 0.0) for one in prior[prior != 0]]
    found = minimize(loss, ours, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000}).x
    full = laid_out(found[len(CAUSES) :])
    return Weights(
        {cause: round(float(found[place]), 2) for place, cause in enumerate(CAUSES)},
        {
            name: {cause: one for cause in speaks if (one := round(float(full[EVIDENCE.index(name), CAUSES.index(cause)]), 2))}  # type: ignore[arg-type]
            for name, speaks in STRUCTURE.items()  # type: ignore[misc]
        }
        | BY_HAND,  # type: ignore[operator]
    )


def _read(line: str) -> Asked:
    told = json.loads(line)
    findings = tuple(Finding.model_validate(one) for one in told["findings"])
    setting = Setting(**told["setting"])
    evidence = evidence_of(Seen(findings), setting, POLICY)
    strengths = np.array([evidence[name] for name in EVIDENCE])
    return Asked(told["table"], Question(**told["question"]), Truth(**told["truth"]), setting, findings, strengths)


def _left_out(asked: Sequence[Asked], part: Callable[[Asked], str]) -> list[Graded]:
    graded = []
    for name in sorted({part(one) for one in asked}):
        weights = fit([one for one in asked if part(one) != name])
        graded += [_grade(one, weights) for one in asked if part(one) == name]
    return graded


def _grade(one: Asked, weights: Weights) -> Graded:
    found = conclude(one.findings, one.setting, POLICY, weights)
    answer = Answer.of(found)
    p = probable_causes(evidence_of(Seen(one.findings), one.setting, POLICY), weights)
    return Graded(
        one,
        found.cause,
        answer.remedy,
        found.said,
        found.cause in one.truth.causes,
        answer.remedy in one.truth.acceptable,
        one.truth.regret(answer.remedy),
        one.truth.unsafe and found.action in ("retrain", "recalibrate"),
        np.array([p[cause] for cause in CAUSES]),
    )


def _tell(title: str, graded: Sequence[Graded], *, worst: bool = False) -> None:
    print(f"\n{title}: {len(graded)} questions")
    visible = [one for one in graded if not one.one.truth.invisible]
    _line("all", graded)
    _line("that something shows", visible)
    for table in sorted({one.one.table for one in visible}):
        _line(f"  {table}", [one for one in visible if one.one.table == table])
    p = np.stack([one.p for one in visible])
    true = np.array([[cause in one.one.truth.causes for cause in CAUSES] for one in visible], dtype=np.float64)
    true = p * true / np.maximum((p * true).sum(axis=1, keepdims=True), 1e-12)
    print(f"  Brier score {((p - true) ** 2).sum(axis=1).mean():.3f}")
    most, right = p.max(axis=1), np.array([one.right for one in visible])
    for low in (0.0, 0.5, 0.7, 0.9):
        high = {0.0: 0.5, 0.5: 0.7, 0.7: 0.9, 0.9: 1.01}[low]
        inside = (most >= low) & (most < high)
        if inside.any():
            print(
                f"  said {low:.0%}-{min(high, 1.0):.0%}: {int(inside.sum())} times, {most[inside].mean():.0%} on average, right {right[inside].mean():.0%}"
            )
    if not worst:
        return
    for kind in sorted({one.one.question.kind for one in visible}):
        _line(f"  {kind}", [one for one in visible if one.one.question.kind == kind])
    print("  The worst:")
    for one in sorted(visible, key=lambda one: -one.regret)[:_WORST]:
        q = one.one.question
        print(
            f"    {one.regret:5.1f} {one.one.table} {q.kind} {q.severity} seed {q.seed} labels {q.labels}: {one.one.truth.cause} taken for {one.cause}, {one.action}. {one.said[:160]}"
        )


def _line(name: str, graded: Iterable[Graded]) -> None:
    some = list(graded)
    right, acceptable = np.mean([one.right for one in some]), np.mean([one.acceptable for one in some])
    print(
        f"  {name:<26} n {len(some):4d}  cause {right:.2f}  acceptable {acceptable:.2f}  regret {np.mean([one.regret for one in some]):5.2f}"
        f"  unsafe {sum(one.unsafe for one in some)}"
    )


def _toml(weights: Weights) -> str:
    lines = [
        "# Log-odds, fitted by bench/weights.py. What a piece of evidence at full strength adds to a cause.",
        "",
        "[start]  # before any evidence",
    ]
    lines += [f"{cause} = {one}" for cause, one in weights.start.items()]
    for name, speaks in weights.of.items():
        lines += ["", f"[evidence.{name}]", *(f"{cause} = {one}" for cause, one in speaks.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
