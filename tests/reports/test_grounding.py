"""A number in an operator's words either rounds to something a tool returned, or is marked as having no source."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from agent.operators.rulebook import Rulebook
from agent.triage import triage
from pipeline.opened import open_workspace
from pipeline.simulation import simulate
from pipeline.windows import logged_window
from prompts import policy_text
from reports.grounding import MARK, mark_unsourced
from tests.conftest import Clock

EVIDENCE: dict[str, Any] = {
    "share": 0.42105,
    "roc_auc": {"value": 0.84629, "low": 0.80111, "high": 0.8871},
    "difference": -0.01249,
    "rows": 12345,
    "churners": 110,
    "tiny": 3.2e-7,
    "change": "“Month-to-month” 55.9% → 17.7%",
    "said": "ROC-AUC 0.7123 (interval +0.0155 to +0.2640, 1,204 rows)",
    "flags": [True, None, 14],
}


@dataclass(frozen=True)
class Told:
    """A real report, the operator's words in it, and what they were checked against."""

    report: str
    words: str
    evidence: list[Any]


@pytest.fixture(scope="module")
def told(champion_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The report of a triage by the rulebook."""
    root = tmp_path_factory.mktemp("told") / "workspace"
    shutil.copytree(champion_workspace, root)
    opened = open_workspace(root, policy_text(), Clock())
    simulate(opened, "null_spike", 1_000, labelled_share=0.7, seed=3)
    outcome = anyio.run(triage, opened, partial(logged_window, opened), Rulebook(opened.policy), None, lambda _: None)
    report = Path(outcome.report.path).read_text(encoding="utf-8")
    case, calls = opened.cases.get(outcome.case_id), [call.result for call in opened.cases.calls(outcome.case_id)]
    opened.state.close()
    words = "\n".join(line[2:] for line in report.splitlines() if line.startswith("> "))
    return Told(report, words, [case.model_dump(mode="json"), calls[:-1], opened.policy.model_dump(mode="json")])


def marked(text: str, evidence: Any = EVIDENCE) -> tuple[str, ...]:
    """The numbers of `text` without a source; the marks stand behind them and nothing else has changed."""
    said, unsourced = mark_unsourced(text, evidence)
    assert said.replace(f" {MARK}", "") == text
    assert said.count(MARK) == len(unsourced)
    return unsourced


@pytest.mark.parametrize(
    "text",
    [
        "ROC-AUC is 0.84629, or 0.8463, or 0.846, or 0.85, or 0.8.",
        "A share of 0.42, 0.421 or 0.4211.",
        "42% of the features; 42.1%, 42.11 %, 42 percent, 42.1 per cent, 42 points, 42pp.",
        "12345 rows, 12,345 rows, +12,345 rows.",
        "It fell by 0.0125, by -0.0125, by −0.012; by 1.2%.",
        "The p-value is 3.2e-7, about 3e-7.",
        "From 55.9% to 17.7%; 55.9 to 17.7%; 56–18%; 55.9 → 17.7 percent.",
        "ROC-AUC 0.7123 on 1204 rows, interval 0.0155 to 0.264.",
        "14 of 110; 14/110; n=110; share:0.42; (0.846) [0.846] `0.846` $110.",
        "From 0.80–0.89, or 0.80-0.89.",
    ],
)
def test_a_number_that_rounds_to_the_evidence_as_written_is_believed(text: str) -> None:
    assert marked(text) == ()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("ROC-AUC is 0.847.", ("0.847",)),
        ("ROC-AUC is 0.84, cut off and not rounded.", ("0.84",)),
        ("ROC-AUC is 0.84630.", ("0.84630",)),
        ("A share of 43%, or 42.2%.", ("43%", "42.2%")),
        ("42 features drifted.", ("42",)),  # a share is said in percent, or as it is
        ("0.42% of the features.", ("0.42%",)),
        ("12,346 rows, 12346 rows, 1,234 rows, 12.345 rows.", ("12,346", "12346", "1,234", "12.345")),
        ("It rose by +0.0125.", ("+0.0125",)),
        ("The share is -0.421.", ("-0.421",)),
        ("p = 3.2e-6 and 4e-7.", ("3.2e-6", "4e-7")),
        ("AUC:0.99, n=500: 12/19.", ("0.99", "500", "12", "19")),
        ("Between 0.91-0.95, 5-10%, 30–40 %.", ("0.91", "0.95", "5", "10%", "30", "40%")),
        ("10x more, 35pp, a 24-hour delay, .97, ٤٥", ("10", "35", "24", ".97", "٤٥")),
        ("55.9 customers.", ("55.9",)),  # a percentage is no count
        ("8 features.", ("8",)),
        ("4 rows, 0%, 1%.", ("4", "0%", "1%")),
    ],
)
def test_a_number_that_does_not_is_marked_where_it_stands(text: str, numbers: tuple[str, ...]) -> None:
    assert marked(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "On 2026-11-20, at 2026-11-20T09:00:00+00:00, at 09:30, at 9:30:15, in 2026-11.",
        "On 22 October 2026, Oct 22, October 22, 2026, in May 2026, on 3. Nov.",
        "Case 2026-11-20-abc123 and sim-20261015-3-000012.",
        "Digest 3fa9c1d27be0 and sha256 9b4e7a31.",
        "churnops 0.9.1, v1.2.3, F1, PR-AUC, C3PO, n_estimators, utf8, top-5, 2nd.",
        "See (call 2, drift.features[13].score).",
        "1. First\n2. Second\n  9) ninth\n12. twelfth",
        "One of 2 models, 3 numerical, 0 categorical, call 1.",
        "",
    ],
)
def test_dates_ids_digests_list_numbers_and_counting_words_are_no_claims(text: str) -> None:
    assert marked(text, []) == ()


def test_a_number_at_the_start_of_a_line_is_a_claim_when_it_is_no_list_number() -> None:
    assert marked("The ROC-AUC was\n0.95. Then\n250. And", []) == ("0.95", "250")


def test_without_evidence_every_claim_is_marked() -> None:
    text = "ROC-AUC 0.846 on 12,345 rows, 42.1% drifted, -0.0125."
    assert marked(text, []) == marked(text, [{}, None, ""]) == ("0.846", "12,345", "42.1%", "-0.0125")


def test_the_mark_stands_behind_the_number_and_its_unit() -> None:
    said, _ = mark_unsourced("It was 97% of 1,500, they say.", [])
    assert said == f"It was 97% {MARK} of 1,500 {MARK}, they say."


def test_truth_values_are_no_numbers() -> None:
    assert marked("17 of them.", {"passed": True, "nothing": None}) == ("17",)


def test_marking_a_long_text_takes_no_time(told: Told) -> None:
    text = "1," * 2000 + "9" * 2000
    assert marked(text, told.evidence)


def corrupted(text: str) -> Iterator[tuple[str, str]]:
    """`text` with one digit changed, for every digit and every other value of it, and the number that became of it."""
    for number in re.finditer(r"(?<![\w.])[\d,]*\d(?:\.\d+)?", text):
        for place in range(number.start(), number.end()):
            for digit in "0123456789":
                if text[place].isdigit() and digit != text[place]:
                    changed = text[:place] + digit + text[place + 1 :]
                    yield changed, changed[number.start() : number.end()]


def spellings(evidence: Any, decimals: int) -> set[str]:
    """Every number of the evidence as it reads when rounded to `decimals`; a second opinion on what may pass."""
    if isinstance(evidence, bool) or evidence is None:
        return set()
    if isinstance(evidence, int | float):
        return {f"{abs(evidence):.{decimals}f}"}
    if isinstance(evidence, str):
        return {f"{float(found):.{decimals}f}" for found in re.findall(r"\d+(?:\.\d+)?", evidence.replace(",", ""))}
    parts = evidence.values() if isinstance(evidence, dict) else evidence
    return set().union(*(spellings(part, decimals) for part in parts))


def test_a_real_reports_words_are_all_sourced(told: Told) -> None:
    assert marked(told.words, told.evidence) == ()
    assert MARK not in told.report


def test_every_corrupted_digit_of_a_real_report_is_caught_unless_it_spells_another_fact(told: Told) -> None:
    text, evidence = told.words, told.evidence
    known = {decimals: spellings(evidence, decimals) for decimals in range(5)}
    tried = caught = 0
    for changed, number in corrupted(text):
        plain = number.replace(",", "")
        decimals = len(plain.partition(".")[2])
        tried += 1
        if mark_unsourced(changed, evidence)[1]:
            caught += 1
        else:
            assert f"{float(plain):.{decimals}f}" in known[decimals] | {"0", "1", "2", "3"}, number
    assert tried > 200
    assert caught / tried > 0.7  # of short numbers: there are many facts


def test_numbers_with_four_digits_are_hardly_ever_mistaken(told: Told) -> None:
    text, evidence = told.words, told.evidence
    outcomes = [bool(mark_unsourced(changed, evidence)[1]) for changed, number in corrupted(text) if sum(map(str.isdigit, number)) > 4]
    assert len(outcomes) > 80
    assert sum(outcomes) / len(outcomes) > 0.95
