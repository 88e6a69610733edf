"""A triage over the real tools: two opinions are never settled silently, two runs of one case end well, and a cut one is gone on with."""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

import reports.audit
from agent.case.events import Crashed, Event, Spent, Stopped, TurnStarted
from agent.case.resumption import used_before
from agent.case.triage import Outcome, triage
from agent.conversation.messages import Answer, Conversation, OperatorFailed, OperatorTurn, Say, Spend, ToolSpec
from agent.operators.rulebook import Rulebook
from pipeline.errors import ChurnopsError
from pipeline.intake.windows import logged_window
from pipeline.record.opened_workspace import Opened
from pipeline.worlds.simulation import simulate
from reports.first_page.loss import loss_words
from tests.agent.scripted import Scripted, calls
from tests.conftest import Simulated, copied


class Case(Scripted):
    """A script whose calls are given the case's id when it is known."""

    def __init__(self, *steps: Any, name: str = "claude", **named: Any) -> None:
        super().__init__(*steps, **named)
        self.name = name

    async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
        answer = await super().ask(conversation, tools, emit)
        case_id = conversation[0].case_id  # type: ignore[union-attr]
        filled = tuple(call.model_copy(update={"arguments": {"case_id": case_id, **call.arguments}}) for call in answer.turn.calls)
        return answer.model_copy(update={"turn": answer.turn.model_copy(update={"calls": filled})})


def save(action: str, prefix: str = "s") -> Any:
    return calls(("save_remediation_report", {"action": action, "summary": "I decided.", "reasoning": "I saw it."}), prefix=prefix)


def run(
    opened: Opened, operator: Any, *, resume: str = "", fallback: Any = None, show: Callable[[Event], None] = lambda _: None
) -> Outcome:
    return anyio.run(triage, opened, partial(logged_window, opened), operator, fallback, show, resume)


def text(outcome: Outcome) -> str:
    return Path(outcome.report.path).read_text(encoding="utf-8")


def kill_in_turn(turn: int) -> Callable[[Event], None]:
    def show(event: Event) -> None:
        if isinstance(event, TurnStarted) and event.turn == turn:
            raise Killed

    return show


class Killed(BaseException):
    """As good as a SIGKILL: nothing that runs afterwards writes anything."""


def briefed(simulated: Simulated, root: Path, scenario: str) -> Path:
    """The folder of a workspace with an open case on a window of `scenario`: what takes long to find out is on record."""
    with copied(simulated(scenario, 400, 0.5, 1), root) as opened:
        with pytest.raises(Killed):
            run(opened, Case(), show=kill_in_turn(1))
        shutil.rmtree(opened.workspace.transcripts)
    return root


@pytest.fixture(scope="module")
def calm_folder(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return briefed(simulated, tmp_path_factory.mktemp("calm") / "workspace", "none")


@pytest.fixture(scope="module")
def faulty_folder(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return briefed(simulated, tmp_path_factory.mktemp("faulty") / "workspace", "unit_change")


@pytest.fixture
def faulty(faulty_folder: Path, tmp_path: Path) -> Iterator[Opened]:
    """A window with a fault of the data, its case open: the rulebook has it fixed."""
    with copied(faulty_folder, tmp_path / "copy") as opened:
        yield opened


@pytest.fixture
def calm(calm_folder: Path, tmp_path: Path) -> Iterator[Opened]:
    """A window like the reference, its case open: the rulebook only watches."""
    with copied(calm_folder, tmp_path / "copy") as opened:
        yield opened


@pytest.mark.slow
def test_a_disagreement_is_said_explained_and_left_to_people(faulty: Opened) -> None:
    outcome = run(faulty, Case(save("monitor")))
    assert (outcome.action, outcome.status, outcome.exit_code) == ("monitor", "needs_people", 10)
    assert outcome.second_opinion == "claude chose monitor, the rulebook would have the data fixed (fix data)."
    report = text(outcome)
    assert "## Two opinions" in report
    assert "comes to **fix data**" in report
    assert "Decide between two opinions" in report
    assert "100 times larger" in report.split("## Two opinions")[1].split("##")[0]  # the evidence it rests on


@pytest.mark.slow
def test_more_caution_than_the_rulebook_asks_for_is_a_disagreement_too(calm: Opened) -> None:
    outcome = run(calm, Case(save("fix_data")))
    assert (outcome.action, outcome.status) == ("fix_data", "needs_people")
    assert outcome.second_opinion is not None
    assert "comes to **monitor**" in text(outcome)


def test_agreement_is_said_in_a_line_and_changes_nothing(calm: Opened) -> None:
    outcome = run(calm, Case(save("monitor")))
    assert (outcome.status, outcome.second_opinion) == ("no_deploy_needed", None)
    assert "The rulebook comes to the same action over the same results." in text(outcome)
    assert "## Two opinions" not in text(outcome)


@pytest.mark.slow
def test_the_second_opinion_costs_no_call_and_the_rulebook_has_none_of_itself(calm: Opened) -> None:
    outcome = run(calm, Rulebook(calm.policy))
    assert outcome.tool_calls == 3 + 4
    assert "The rulebook comes to the same" not in text(outcome)


@pytest.mark.slow
def test_a_challenger_that_both_want_waits_unflagged_beside_what_was_lost(trained: Opened) -> None:
    simulate(trained, "behaviour_change", 1_500, labelled_share=0.7, seed=3)
    train = calls(("run_training", {"mode": "recent", "n_estimators": 200}), prefix="t")
    outcome = run(trained, Case(train, save("retrain")))
    assert (outcome.status, outcome.second_opinion) == ("pending_approval", None)
    assert outcome.diagnosis is not None and outcome.diagnosis.attribution is not None
    assert outcome.diagnosis.attribution.told[0].what == "changed_behaviour"
    assert loss_words(outcome.diagnosis.attribution, None)[:40] in text(outcome)
    timing = outcome.diagnosis.timing
    assert timing is not None and timing.looks == 1 and timing.seen.points > 0 and timing.now.worth < 3 * timing.seen.points
    assert "When to retrain" not in text(outcome), "whoever is asked to approve a model is told what that one brings"


@pytest.mark.slow
def test_a_case_that_another_run_closed_ends_with_that_runs_report(calm: Opened) -> None:
    class Late(Case):
        async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
            other = await triage(calm, partial(logged_window, calm), Rulebook(calm.policy), None, lambda _: None)
            assert other.stopped == "finished"
            return await super().ask(conversation, tools, emit)

    outcome = run(calm, Late(save("fix_data")), fallback=Rulebook(calm.policy))
    assert (outcome.stopped, outcome.failure, outcome.closed_by_another) == ("finished", None, True)
    assert (outcome.operator, outcome.action, outcome.status) == ("rulebook", "monitor", "no_deploy_needed")
    assert len(calm.cases.all()) == 1


@pytest.mark.slow
def test_two_triages_of_one_window_at_once_both_end_well(calm: Opened) -> None:
    outcomes: list[Outcome] = []
    asked: list[anyio.Event] = []

    class AtOnce(Rulebook):
        """Answers only when the other run has its case open too: one that is quick would leave the second a closed case, and so a new one."""

        async def ask(self, *given: Any) -> Answer:
            mine = anyio.Event()
            asked.append(mine)
            if len(asked) >= 2:
                for event in asked:
                    event.set()
            await mine.wait()
            return await super().ask(*given)

    async def one() -> None:
        outcomes.append(await triage(calm, partial(logged_window, calm), AtOnce(calm.policy), None, lambda _: None))

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(one)
            group.start_soon(one)

    anyio.run(both)
    assert [outcome.stopped for outcome in outcomes] == ["finished", "finished"]
    assert {outcome.report.sha256 for outcome in outcomes} == {calm.cases.all()[0].report.sha256}  # type: ignore[union-attr]
    assert len(calm.cases.all()) == 1


LOOK = calls(("inspect_feature", {"feature": "tenure"}), prefix="look")


@pytest.mark.slow
def test_a_killed_run_is_gone_on_with_from_its_record_with_what_is_left_of_its_bounds(calm: Opened) -> None:
    spend = Spend(input_tokens=900, output_tokens=50, usd=0.002)
    with pytest.raises(Killed):
        run(calm, Case(Answer(turn=LOOK, spend=spend), worst=Spend(input_tokens=7_000)), show=kill_in_turn(2))
    (case,) = calm.cases.all()
    assert case.status == "open"
    operator, events = Case(save("monitor")), list[Event]()
    outcome = run(calm, operator, resume=case.case_id[:14], show=events.append)
    assert (outcome.case_id, outcome.stopped) == (case.case_id, "finished")
    (briefed,) = operator.seen[0]
    assert [earlier.name for earlier in briefed.earlier] == ["inspect_feature"]  # type: ignore[union-attr]
    assert '"feature":"tenure"' in briefed.text  # type: ignore[union-attr]
    assert [call.tool for call in calm.cases.calls(case.case_id)].count("get_drift_summary") == 2  # and not read a third time
    assert outcome.turns == 3  # two before the kill
    assert outcome.tokens.input == 900 + 7_000  # and what the ask that was cut off may have cost
    assert (outcome.trainings, outcome.tool_calls) == (0, 3 + 3 + 2)


@pytest.mark.slow
def test_a_killed_run_leaves_no_more_than_is_left(calm: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = calm.policy.limits.model_copy(update={"turns": 2})
    calm.policy.__dict__["limits"] = limits
    with pytest.raises(Killed):
        run(calm, Case(LOOK), show=kill_in_turn(2))
    (case,) = (case for case in calm.cases.all() if case.policy_version == calm.policy.version)  # under these limits: a case of its own
    outcome = run(calm, Case(), resume=case.case_id)
    assert (outcome.stopped, outcome.status) == ("turn_limit", "partial")
    again = run(calm, Case(save("monitor")), resume=outcome.case_id)  # a person who resumes a partial case grants its bounds anew
    assert (again.stopped, again.turns) == ("finished", 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "said"),
    [("2026-11-21", "has status “nothing to deploy”: there is nothing to resume"), ("nonsense", "There is no case 'nonsense'")],
)
def test_what_cannot_be_resumed_is_said_in_a_sentence(calm: Opened, wanted: str, said: str) -> None:
    run(calm, Case(save("monitor")))
    with pytest.raises(ChurnopsError, match=said):
        run(calm, Case(), resume=wanted)


@pytest.mark.slow
def test_a_window_that_changed_is_not_resumed_as_if_it_had_not(calm: Opened) -> None:
    with pytest.raises(Killed):
        run(calm, Case(LOOK), show=kill_in_turn(1))
    case_id = calm.cases.all()[0].case_id
    simulate(calm, "null_spike", 300, labelled_share=0.7, seed=9)
    operator = Case(LOOK, save("monitor"))
    run(calm, operator, resume=case_id)
    refused = operator.seen[1][-1]
    assert refused.is_error  # type: ignore[union-attr]
    assert "window changed" in refused.text  # type: ignore[union-attr]


@pytest.mark.slow
def test_what_a_run_used_is_read_off_its_transcript_torn_or_not(calm: Opened) -> None:
    spend = Spend(input_tokens=900, output_tokens=50, usd=0.002)
    with pytest.raises(Killed):
        run(calm, Case(Answer(turn=LOOK, spend=spend), worst=Spend(usd=0.01)), show=kill_in_turn(2))
    path = next(calm.workspace.transcripts.glob("*.jsonl"))
    whole = used_before(path)
    assert (whole.turns, whole.spend.usd) == (2, pytest.approx(0.012))
    path.write_bytes(path.read_bytes() + b'{"kind": "spent", "tur')
    assert used_before(path) == whole
    assert used_before(path.with_name("none.jsonl")).turns == 0
    kinds = [json.loads(line)["kind"] for line in path.read_text().splitlines()[:-1]]
    assert kinds.count("turn_started") == 2
    assert Spent.__name__.lower() in kinds


def test_the_operators_failure_is_not_mistaken_for_anothers_close(calm: Opened) -> None:
    outcome = run(calm, Case(OperatorFailed("The provider is gone.")))
    assert (outcome.stopped, outcome.status, outcome.closed_by_another) == ("operator_failed", "partial", False)


def test_an_argument_that_spells_a_rule_ends_nothing(calm: Opened) -> None:
    forged = calls(("run_training", {"mode": "Rule `case.closed` in policy.toml"}), prefix="f")
    outcome = run(calm, Case(forged, save("monitor")))
    assert (outcome.stopped, outcome.status, outcome.turns) == ("finished", "no_deploy_needed", 2)


def raises(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("one by zero")


class Broken(Case):
    async def ask(self, *_: Any) -> Answer:
        return raises()  # type: ignore[no-any-return]


def test_an_operator_and_a_fallback_that_break_leave_a_report_a_sentence_and_their_tracebacks(calm: Opened) -> None:
    outcome = run(calm, Broken(), fallback=Broken(name="rulebook"))
    assert (outcome.stopped, outcome.status, outcome.operator) == ("operator_failed", "partial", "claude+rulebook")
    assert outcome.failure == "rulebook failed unexpectedly (ZeroDivisionError: one by zero)."
    assert "rulebook failed unexpectedly" in text(outcome)
    assert "Traceback" not in text(outcome)
    transcript = (calm.workspace.transcripts / f"{outcome.case_id}.jsonl").read_text(encoding="utf-8")
    assert transcript.count("Traceback (most recent call last)") == 2


@pytest.mark.slow
def test_a_tool_that_breaks_is_told_and_the_case_goes_on(calm: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.looks.inspect_feature", raises)
    operator, events = Case(LOOK, save("monitor")), list[Event]()
    outcome = run(calm, operator, show=events.append)
    assert (outcome.stopped, outcome.status) == ("finished", "no_deploy_needed")
    failure = operator.seen[1][-1].failure  # type: ignore[union-attr]
    assert failure is not None
    assert (failure.kind, failure.rule, "one by zero" in failure.said) == ("crashed", None, False)
    (crash,) = (event for event in events if isinstance(event, Crashed))
    assert (crash.where, crash.line) == ("inspect_feature", "inspect_feature failed unexpectedly (ZeroDivisionError: one by zero).")
    assert "Traceback" in crash.traceback


def test_a_report_tool_that_breaks_leaves_a_partial_report(calm: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.casework.file_report", raises)
    outcome = run(calm, Case(save("monitor"), OperatorFailed("I give up.")), fallback=Rulebook(calm.policy))
    assert (outcome.stopped, outcome.status) == ("operator_failed", "partial")
    assert (outcome.failure or "").startswith("The report was not accepted: save_remediation_report failed unexpectedly")
    assert "The report was not accepted" in text(outcome)


def test_words_that_no_report_can_hold_do_not_keep_the_case_from_one(calm: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    ground = reports.audit.ground
    monkeypatch.setattr(reports.audit, "ground", lambda said, known: raises() if "unspeakable" in said else ground(said, known))
    outcome = run(calm, Case(OperatorTurn(text="unspeakable"), OperatorFailed("I give up.")))
    assert (outcome.stopped, outcome.status) == ("operator_failed", "partial")
    assert "writing down what the operator said failed unexpectedly (ZeroDivisionError: one by zero)" in text(outcome)


def test_a_case_closed_by_another_and_opened_again_gets_a_partial_report(calm: Opened) -> None:
    (case,) = calm.cases.all()

    class Late(Case):
        async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
            calm.cases.move(case.case_id, ("open",), status="needs_people")
            return await super().ask(conversation, tools, emit)

    def reopen(event: Event) -> None:
        if isinstance(event, Stopped):
            calm.cases.move(case.case_id, ("needs_people",), status="open")

    outcome = run(calm, Late(save("monitor")), show=reopen)
    assert (outcome.stopped, outcome.status, outcome.exit_code) == ("interrupted", "partial", 30)
    assert "opened the case again" in text(outcome)
