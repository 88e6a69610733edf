"""The benchmark as a person runs it: figures in every form, and an exit code that hides nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agent.bench_operators import Diagnosing, FullCase
from pipeline.benchmark.grading import report
from pipeline.benchmark.instance import Answer, Answered, Broken, Question, Result, Skipped, Truth
from pipeline.benchmark.questioning import Setup, train_champion
from pipeline.benchmark.world import make_world
from pipeline.models.artifact import open_artifact
from pipeline.workspace.folder import Workspace
from pipeline.worlds.scenarios import ALL_KINDS, WEAK_KINDS
from pipeline.worlds.telephone_customers import make_customers
from prompts import policy_text
from reports.benchmark_page import render
from tests.end_to_end.command_line import CommandLine
from tests.pipeline.benchmark.conftest import Ask, ask, digest, setup  # noqa: F401  fixtures

QUIET = Answer(cause="none", action="monitor", seconds=0.1)
WORTH = {"monitor": 50.0, "fix_data": 48.8, "collect_labels": 48.8, "recalibrate": 48.8, "retrain_combined": 48.5, "retrain_recent": 48.5}


def answered(question: Question, answer: Answer = QUIET) -> Answered:
    truth = Truth.model_validate(
        {"cause": "none", "columns": (), "worth": WORTH, "acceptable": ("monitor",), "unsafe": False, "invisible": False}
    )
    return Answered(question=question, truth=truth, answers={"diagnosis": answer, "never": QUIET})


class Canned:
    """Stands in for the run: gives each question to `result`, and remembers the setup."""

    def __init__(self, result: object) -> None:
        self._result = result
        self.setup: Setup | None = None

    def __call__(self, chosen: Setup, asked: Sequence[Question], jobs: int) -> Iterator[Result]:
        self.setup = chosen
        for question in asked:
            yield self._result(question)  # type: ignore[operator]


@pytest.fixture
def canned(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    def instead(result: object) -> Canned:
        made = Canned(result)
        monkeypatch.setattr("pipeline.benchmark.running.run", made)
        return made

    return instead


# Two starts of worker processes, each with its imports, and a champion.
@pytest.mark.slow
def test_a_table_of_your_own_is_asked_about_in_every_form(churnops: CommandLine) -> None:
    make_customers(1_600, 5).to_csv(churnops.folder / "mine.csv", index=False)
    said = churnops(
        *("bench", "--data", "mine.csv", "--kinds", "none,unit_change", "--severities", "strong"),
        *("--seeds", "2", "--jobs", "1", "--json", "--html", "page.html"),
    )
    assert said.code == 0, said.err
    assert said.json["answered"] == said.json["asked"] == 2
    assert set(said.json["scores"]) == {"diagnosis", "never", "always", "share", "psi"}
    assert {result["question"]["kind"] for result in said.json["results"]} == {"none", "unit_change"}
    assert "unit_change" in said.err
    assert "<svg" in (churnops.folder / "page.html").read_text()


def test_no_question_answered_is_a_failure(churnops: CommandLine, canned) -> None:  # type: ignore[no-untyped-def]
    canned(lambda question: Skipped(question=question, said="The table has no numbers."))
    said = churnops("bench", "--kinds", "clipped", "--json")
    assert said.code == 1
    assert said.json["answered"] == 0
    assert "nothing to report" in said.err
    assert "The table has no numbers." in said.err


def test_what_fails_on_the_benchmarks_side_fails_the_command_and_counts_for_nobody(churnops: CommandLine, canned) -> None:  # type: ignore[no-untyped-def]
    canned(lambda question: Broken(question=question, said="no memory") if question.severity == "mild" else answered(question))
    said = churnops("bench", "--kinds", "none,clipped", "--seeds", "1", "--json")
    assert said.code == 1
    assert said.json["answered"] == said.json["scores"]["diagnosis"]["n"] == 2
    assert len(said.json["broken"]) == 2
    assert "no memory" in said.err


def test_an_interrupted_run_prints_what_is_done(churnops: CommandLine, canned) -> None:  # type: ignore[no-untyped-def]
    done: list[Question] = []

    def until_stopped(question: Question) -> Answered:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(question)
        return answered(question)

    canned(until_stopped)
    said = churnops("bench", "--seeds", "1", "--json")
    assert said.code == 130
    assert said.json["answered"] == 3
    assert "41 questions were not asked" in said.err


def test_families_of_findings_can_be_left_out(churnops: CommandLine, canned, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    ran = canned(answered)
    churnops("bench", "--kinds", "none", "--without", "prior", "--without", "labels")
    assert isinstance(ran.setup.operator, Diagnosing)
    assert ran.setup.operator.without == ("prior", "labels")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--kinds", "earthquake"), "earthquake"),
        (("--severities", "huge"), "huge"),
        (("--seeds", "one"), "--seeds"),
        (("--without", "hunch"), "hunch"),
        (("--operator", "rulebook", "--without", "prior"), "--without"),
    ],
)
def test_a_wrong_name_is_wrong_usage(churnops: CommandLine, arguments: tuple[str, ...], said: str) -> None:
    ended = churnops("bench", *arguments)
    assert ended.code == 2
    assert said in ended.err


def test_claude_needs_a_key(churnops: CommandLine) -> None:
    ended = churnops("bench", "--operator", "claude")
    assert ended.code == 1
    assert "No key for Claude" in ended.err


def test_kinds_are_listed_with_what_they_do(churnops: CommandLine) -> None:
    listed = churnops("bench", "--kinds", "list").out
    assert "misaligned_join" in listed
    assert "A telling column" in listed


def test_the_page_takes_names_for_text() -> None:
    question = Question(kind="none", severity="mild", seed=1, family="random_forest", labels="full")
    results = [answered(question), Broken(question=question, said="<script>alert(1)</script>")]
    page = render(report("diagnosis", 2, results), results, "<img src=x>.csv")
    assert "<script" not in page and "<img" not in page
    assert "&lt;script&gt;" in page and "&lt;img" in page


@pytest.mark.slow
def test_the_diagnosis_is_asked_without_what_is_left_out(
    setup: Setup,  # noqa: F811
    ask: Ask,  # noqa: F811
    digest: str,  # noqa: F811
) -> None:
    champion = open_artifact(Workspace(setup.folder), digest)
    exhibit = make_world(ask("schema_break"), setup.table, champion, 400).exhibit
    whole = Diagnosing(setup.policy, setup.value)(exhibit)
    assert (whole.cause, whole.action) == ("data_fault", "fix_data")
    blind = Diagnosing(setup.policy, setup.value, ("data", "dependency", "moved_alone"))(exhibit)
    assert blind.cause != "data_fault"


# A workspace with its registry, and a whole case in it.
@pytest.mark.slow
def test_a_full_case_answers_like_a_person_would_see_it(
    setup: Setup,  # noqa: F811
    ask: Ask,  # noqa: F811
    tmp_path: Path,
) -> None:
    digest = train_champion(setup, ask("none"))  # noqa: F811  the fixture is another test's
    assert digest is not None
    champion = open_artifact(Workspace(setup.folder), digest)
    operator = FullCase("rulebook", policy_text(), tmp_path)
    broken = make_world(ask("unit_change"), setup.table, champion, 400).exhibit
    said = operator(broken)
    assert (said.cause, said.action) == ("data_fault", "fix_data")
    assert [path.name for path in tmp_path.iterdir()] == [f"workspace-{digest}"]
    assert operator(make_world(ask("none", labels="none"), setup.table, champion, 400).exhibit).action == "monitor"


def test_the_weak_cases_are_asked_about_with_any_operator(churnops: CommandLine, canned) -> None:  # type: ignore[no-untyped-def]
    asked: list[str] = []

    def by_the_rulebook(question: Question) -> Answered:
        asked.append(question.kind)
        return answered(question).model_copy(update={"answers": {"rulebook": QUIET, "never": QUIET}})

    made = canned(by_the_rulebook)
    said = churnops("bench", "--cases", "weak", "--operator", "rulebook", "--seeds", "1", "--severities", "strong", "--json")
    assert said.code == 0
    assert tuple(asked) == WEAK_KINDS
    assert set(WEAK_KINDS) <= set(ALL_KINDS)
    assert made.setup is not None
    assert made.setup.operator_name == "rulebook"
