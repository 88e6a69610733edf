"""A number in an operator's words is either borne out, by the call it cites where it cites one, or it is marked as having no source."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import pytest

from agent.case.triage import triage
from agent.operators.rulebook import Rulebook
from pipeline.intake.windows import logged_window
from reports.filing import appendix_of
from reports.grounding.facts import Evidence
from reports.grounding.grounding import MARK, Grounded, evidence_of, ground
from reports.number_sources import without_links
from tests.conftest import Simulated, copied

DRIFT = {
    "drift": {
        "reference_rows": 4200,
        "current_rows": 12345,
        "share": 0.42105,
        "drifted": 8,
        "drifted_numerical": 3,
        "drifted_categorical": 5,
        "features_total": 19,
        "calibrated_share": 0.3158,
        "features": [
            {"name": "tenure", "score": 0.3141, "threshold": 0.1, "importance": 0.0317, "change": "mean 31.94 → 33.21, median 28 → 31"},
            {"name": "Contract", "score": 0.2718, "threshold": 0.1, "importance": 0.0523, "change": "“Month-to-month” 55.9% → 17.7%"},
        ],
    },
    "labelled_rows": 1050,
    "labelled_churners": 295,
}
METRICS = {
    "champion": {"version": "7", "hyperparameters": {"n_estimators": 250}},
    "gate": {"n": 500, "roc_auc": {"value": 0.84629, "n": 500, "low": 0.80111, "high": 0.8871}, "log_loss": {"value": 0.3854, "n": 500}},
    "window": {
        "n": 1050,
        "roc_auc": {"value": 0.79273, "n": 1050, "low": 0.7611, "high": 0.8244},
        "log_loss": {"value": 0.4417, "n": 1050},
    },
    "passed": True,
    "nothing": None,
    "unmeasured": float("nan"),
}
DIAGNOSIS = {
    "diagnosis": {
        "confidence": 0.95,
        "column": "tenure",
        "said": "`tenure` is missing in 22.2% of the rows; in the reference 0.0%. Customers churn at 53.4% where 13.2% are expected (+40.2 ± 4.7 points).",
    }
}
TRAINING = {"comparison": {"difference": -0.01249, "low": -0.0301, "high": 0.0051, "n": 370}, "train_rows": 2235}
POLICY = {"gate": {"min_roc_auc": 0.78}, "training": {"retries": 2, "cooldown_hours": 24.0}}
EVIDENCE = (
    Evidence(1, "get_drift_summary", DRIFT),
    Evidence(2, "get_current_model_metrics", METRICS),
    Evidence(3, "diagnose", DIAGNOSIS),
    Evidence(4, "run_training", TRAINING),
    Evidence(None, "policy", POLICY),
)
TRAINED = ("high_churn", "behaviour_change", "market_shift")
UNTRAINED = ("null_spike", "none", "new_category", "unit_change", "numeric_shift", "category_mix")


def marked(text: str, evidence: tuple[Evidence, ...] = EVIDENCE) -> tuple[str, ...]:
    """The numbers of `text` without a source; the marks stand behind them and nothing else has changed."""
    found = ground(text, evidence)
    assert found.text.replace(f" {MARK}", "") == text
    assert found.text.count(MARK) == len(found.unsourced) == len(found.unsourced_at)
    return found.unsourced


@pytest.mark.parametrize(
    "text",
    [
        "The champion's ROC-AUC is 0.84629, or 0.8463, or 0.846, or 0.85 on its test set, 0.79 on the window.",
        "A drift share of 0.42, 0.421 or 0.4211.",
        "42% of the features drifted; 42.1%, 42.11 %, 42 percent, 42.1 per cent.",
        "The window has 12345 rows, 12,345 customers.",
        "The candidate's ROC-AUC fell by 0.0125 against the champion, by -0.0125, by −0.012.",
        "Of 19 features 8 drifted: 3 numerical, 5 categorical. 8 of 19 features drifted; 8/19 features drifted.",
        "tenure: mean 31.94, now 33.21; the drift score of tenure is 0.31, its threshold 0.1.",
        "Contract went from 55.9% month-to-month to 17.7%; from 55.9 to 17.7%.",
        "`tenure` is missing in 22.2% of the rows; in the reference 0.0%.",
        "Outcomes are known for 1,050 rows, 295 churned.",
        "The log loss rose from 0.385 at the gate to 0.442 in the window.",
        "The floor is 0.78; at most 2 retries; the cooldown is 24 hours.",
        "I am 95% confident, confidence 0.95.",
        "ROC-AUC interval on the window: 0.761 to 0.824.",
        "Version 7 with 250 trees serves.",
        "The candidate was trained on 2,235 rows.",
    ],
)
def test_a_number_that_its_sentence_speaks_of_is_believed_as_rounded(text: str) -> None:
    assert marked(text) == ()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("The ROC-AUC is 0.847.", ("0.847",)),
        ("The ROC-AUC is 0.84, cut off and not rounded.", ("0.84",)),
        ("A drift share of 43%, or 42.2%.", ("43%", "42.2%")),
        ("42 features drifted.", ("42",)),  # a share is said in percent, or as it is
        ("The share of drifted features is 0.42%.", ("0.42%",)),
        ("The window has 12,346 rows, 1,234 rows, 12.345 rows.", ("12,346", "1,234", "12.345")),
        ("The ROC-AUC rose by +0.0125 against the champion.", ("+0.0125",)),
        ("The share is -0.421.", ("-0.421",)),
        ("55.9 customers.", ("55.9",)),  # a percentage is no count
        ("Contract's drift score is 0.31.", ("0.31",)),  # that is tenure's
        ("The score of `Contract` is 0.314 (call 1).", ("0.314",)),
        ("Log loss fell to 0.79.", ("0.79",)),  # that is a ROC-AUC
        ("`tenure` is missing in 13.7% of the rows; in the reference 0.0%.", ("13.7%",)),
        ("Eleven features drifted.", ("Eleven",)),
        ("Version 7 was trained on 2026-09-30.", ("2026-09-30",)),
        ("10x more, 35pp, a 36-hour delay, .97, ٤٥", ("10", "35", "36", ".97", "٤٥")),
    ],
)
def test_a_number_found_nowhere_or_of_something_else_is_marked_where_it_stands(text: str, numbers: tuple[str, ...]) -> None:
    assert tuple(number.rstrip("%") for number in marked(text)) == tuple(number.rstrip("%") for number in numbers)


WINDOW = {
    "window": {"since": "2026-09-01T00:00:00Z", "until": "2026-09-30T23:00:00Z", "rows": 1016, "churners": 172},
    "outcomes": [{"bucket": "week 1", "passed": True}, {"bucket": "week 2", "passed": False}, {"bucket": "week 3", "passed": True}],
    "segments": {"Mobile": 0.21, "Grocery": 0.37},
}


@pytest.mark.parametrize(
    "text",
    [
        "From 1 September 2026 to Sep 30, from 2026-09-01 to 2026-09-30, 29 days later (call 5).",
        "Two of three weeks passed; one did not (call 5).",
        "1.016k customers, 172 of 1,016 churned, that is 16.9% (call 5).",
        "Mobile 0.21 → Grocery 37%, a difference of 16 points (call 5).",
        "Grocery's 0.37 is 1.76 times Mobile's 0.21 (call 5).",
        "0.21 and 0.37 together make 0.58 (call 5).",
    ],
)
def test_a_number_in_another_writing_or_computed_within_its_sentence_is_believed(text: str) -> None:
    assert marked(text, (*EVIDENCE, Evidence(5, "query", WINDOW))) == ()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It differs by 16 points (call 5).", ("16",)),  # of what? the operands stand in no sentence of their own
        ("Mobile 0.21, Grocery 0.37. That is a difference of 0.16.", ("0.16",)),
        ("Mobile 0.21, Grocery 0.37, a difference of 0.17 (call 5).", ("0.17",)),
        ("Mobile 0.21, Grocery 0.37, the rest 0.777 (call 5).", ("0.777",)),
        ("From 2026-09-01 to 2026-09-30, 31 days (call 5).", ("31",)),
    ],
)
def test_what_cannot_be_recomputed_from_its_own_sentence_is_marked(text: str, numbers: tuple[str, ...]) -> None:
    found = ground(text, (Evidence(5, "query", WINDOW),))
    assert tuple(number.rstrip("%") for number in found.unsourced) == numbers


def test_a_source_names_call_path_and_value() -> None:
    text = "ROC-AUC fell from 0.846 on the test set to 0.793 on the window, below the floor of 0.78 of gate.min_roc_auc."
    first, second, third = ground(text, EVIDENCE).sources
    assert (first.number, first.call, first.name, first.path, first.value) == (
        "0.846", 2, "get_current_model_metrics", "gate.roc_auc.value", 0.84629,
    )  # fmt: skip
    assert (second.path, third.call, third.name, third.path) == ("window.roc_auc.value", None, "policy", "gate.min_roc_auc")
    assert text[second.start : second.end] == "0.793"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("8 of 19 features drifted (call 1).", ()),
        ("8 of 19 features drifted (call 2).", ("2",)),  # that call said no such thing
        ("8 of 19 features drifted (call 9).", ("9",)),
        ("See call 3.", ()),
        ("See call 7.", ("7",)),
        ("8 of 19 drifted (call 1), the ROC-AUC is 0.793 (call 2), below 0.77.", ("0.77",)),
        ("8 of 19 drifted (call 2), the ROC-AUC is 0.793 (call 1).", ("2", "1")),
        ("8 of 19 drifted, the ROC-AUC is 0.793 (calls 1 and 2).", ()),
        ("Call 2 has a ROC-AUC of 0.793 over 1,050 rows, so I looked at `tenure`, 0.314.", ()),
        ("Call 4 has a ROC-AUC of 0.793, a log loss of 0.442.", ("4",)),
        ("0.793 is above the floor of 0.78 (call 2).", ()),  # the policy is told to everybody
    ],
)
def test_a_cited_call_must_be_one_that_says_so(text: str, numbers: tuple[str, ...]) -> None:
    assert marked(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "At 09:30, at 9:30:15, in 2026-11, in May 2026.",
        "Case 2026-11-20-abc123 and sim-20261015-3-000012.",
        "Digest 3fa9c1d27be0 and sha256 9b4e7a31.",
        "churnops 0.9.1, v1.2.3, F1, PR-AUC, C3PO, n_estimators, utf8, top-5, 2nd.",
        "See drift.features[13].score.",
        "1. First\n2. Second\n  9) ninth\n> 12. twelfth",
        "",
    ],
)
def test_months_clocks_ids_digests_and_list_numbers_are_no_claims(text: str) -> None:
    assert marked(text, ()) == ()


def test_a_number_at_the_start_of_a_line_is_a_claim_when_it_is_no_list_number() -> None:
    assert marked("The ROC-AUC was\n0.95. Then\n250. And", ()) == ("0.95", "250")


def test_without_evidence_every_claim_is_marked() -> None:
    text = "ROC-AUC 0.846 on 12,345 rows, 42.1% drifted, -0.0125."
    nothing = (Evidence(None, "case", {"a": None, "b": [], "c": float("nan")}),)
    assert marked(text, ()) == marked(text, nothing) == ("0.846", "12,345", "42.1%", "-0.0125")


def test_the_mark_stands_behind_the_number_and_its_unit() -> None:
    assert ground("It was 97% of 1,500, they say.", ()).text == f"It was 97% {MARK} of 1,500 {MARK}, they say."


def test_a_mark_says_why() -> None:
    found = ground("0.847 (call 2). `Contract` scores 0.314 (call 1). 8 of 19 (call 4).", EVIDENCE)
    assert [(one.number, one.why) for one in found.marked] == [
        ("0.847", "in no result"),
        ("0.314", "call 1 has it as tenure"),
        ("4", "19 is not in it but in call 1; 8 is not in it but in call 1"),
    ]


def test_truth_values_are_no_numbers() -> None:
    assert marked("1 of them passed.", (Evidence(1, "run_training", {"passed": True, "nothing": None}),)) == ("1",)


@dataclass(frozen=True)
class Told:
    """A real report and its appendix, the operator's words in it, and what they were checked against."""

    report: str
    appendix: str
    words: str
    evidence: tuple[Evidence, ...]


def tell(simulated: Simulated, root: Path, scenario: str) -> Told:
    """The report of a triage by the rulebook."""
    with copied(simulated(scenario, 2_000, 0.7, 3), root) as opened:
        outcome = anyio.run(triage, opened, partial(logged_window, opened), Rulebook(opened.policy), None, lambda _: None)
        path = Path(outcome.report.path)
        report = path.read_text(encoding="utf-8")
        calls = opened.cases.calls(outcome.case_id)[:-1]
        evidence = evidence_of(opened.cases.get(outcome.case_id), calls, opened.cases.trainings(outcome.case_id), opened.policy)
    words = "\n".join(line[2:] for line in without_links(report).splitlines() if line.startswith("> "))
    return Told(report, appendix_of(path), words, evidence)


@pytest.fixture(scope="module")
def told(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return tell(simulated, tmp_path_factory.mktemp("told") / "workspace", "null_spike")


def corrupted(found: Grounded, text: str, steps: Sequence[int]) -> Iterator[tuple[str, str]]:
    """The sentences around each digit of each number that has a source, with that digit moved on by `steps`; and the number it became."""
    for source in found.sources:
        for place in range(source.start, source.end):
            for step in steps:
                if text[place].isdigit():
                    changed = text[:place] + str((int(text[place]) + step) % 10) + text[place + 1 :]
                    begins = changed.rfind("\n", 0, max(changed.rfind("\n", 0, place), 0)) + 1
                    ends = changed.find("\n", place)
                    yield changed[begins : ends if ends >= 0 else len(changed)], changed[source.start : source.end]


def long_enough(number: str) -> bool:
    """Whether a number has three digits that tell it from others."""
    return len(re.sub(r"\D", "", number).lstrip("0")) >= 3


def mutate(told: Told, steps: Sequence[int]) -> tuple[int, int, list[str]]:
    """How many digits of long numbers were corrupted, how many of these became another value of the case, and those that were believed though
    they did not."""
    tried, others, missed = 0, 0, list[str]()
    for text, number in corrupted(ground(told.words, told.evidence), told.words, steps):
        if not long_enough(number) or "-" in number[1:]:
            continue
        tried += 1
        found = ground(text, told.evidence)
        if not found.unsourced:
            computed = [one for one in found.sources if one.number in number and re.search(r" (?:[−+÷]|relative to) ", one.path)]
            others += not computed
            missed += [f"{number} in {text[-160:]!r}" for _ in computed]
    return tried, others, missed


def assert_all_sourced_and_corruptions_caught(told: Told, steps: Sequence[int]) -> None:
    assert ground(told.words, told.evidence).unsourced == ()
    assert MARK not in told.report.partition("marks one that")[2]
    assert re.search(r"\b(None|nan|NaN)\b", told.report) is None
    tried, others, missed = mutate(told, steps)
    assert tried >= 10 * len(steps)
    assert others / tried <= 0.2
    assert len(missed) / (tried - others) <= 0.05, missed


@pytest.mark.slow
def test_a_real_reports_words_are_all_sourced_and_its_long_numbers_tell_when_a_digit_is_corrupted(told: Told) -> None:
    assert_all_sourced_and_corruptions_caught(told, (1, 6))


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [*TRAINED, *UNTRAINED])
def test_so_are_those_of_every_scenario(simulated: Simulated, tmp_path: Path, scenario: str) -> None:
    assert_all_sourced_and_corruptions_caught(tell(simulated, tmp_path / "workspace", scenario), range(1, 10))


def test_the_report_says_where_its_numbers_stand(told: Told) -> None:
    where = re.search(r"\[19\]\([\w-]+\.sources\.md#(n\d+)\)", told.report)
    assert where is not None
    assert f'<a id="{where[1]}"></a>{where[1]} | 19 | get_drift_summary, call 1 | `drift.features_total` | 19 |' in told.appendix


def test_grounding_a_long_text_takes_no_time(told: Told) -> None:
    text = "1," * 1000 + "9" * 2000 + " rows drifted share 0.1" * 100
    assert ground(text, told.evidence).unsourced


TABLE = """What moved:

| feature | score | threshold | change |
|:---|---:|---:|---|
| tenure | 0.314 | 0.1 | mean 31.94 → 33.21 |
| Contract | 0.272 | 0.1 | “Month-to-month” 55.9% → 17.7% |

And the models:

| | gate ROC-AUC | window ROC-AUC |
|---|---|---|
| champion | 0.846 | 0.793 |"""


def test_a_cell_of_a_table_speaks_with_its_row_and_its_column() -> None:
    assert marked(TABLE) == ()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("0.314", "0.341"), ("0.272", "0.314"), ("33.21", "32.31"), ("17.7%", "71.7%"), ("0.846", "0.864"), ("0.793", "0.739")],
)
def test_a_wrong_number_in_a_table_is_marked(right: str, wrong: str) -> None:
    assert marked(TABLE.replace(right, wrong)) == (wrong,)


def test_a_bar_outside_a_table_and_a_broken_one_are_text() -> None:
    assert marked("| tenure score 0.314") == ()
    assert marked("| | tenure score 0.341 |\n|") == ("0.341",)
    assert marked("|") == ()
