"""One unfinished case per key, moved only from where it is expected to be, with calls and trainings numbered and dated."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import ChurnopsError
from pipeline.measures.measure import CalibrationTrial, GateResult, Measure, Metrics
from pipeline.record.case_store import CaseFile
from pipeline.record.cases import Case, ModelRef, TrainingResult
from pipeline.state.database import State, open_state

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
LATER = AT + timedelta(hours=3)
MEASURES = ("roc_auc", "pr_auc", "accuracy", "f1", "precision", "recall", "log_loss", "brier", "calibration_error")


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state.db", create=True)


@pytest.fixture
def cases(state: State) -> CaseFile:
    return CaseFile(state)


def draft(case_id: str = "2026-11-21-abc123", key: str = "key", at: datetime = AT) -> Case:
    return Case(
        case_id=case_id,
        key=key,
        kind="triage",
        opened_at=at,
        started_by="test",
        policy_version="1",
        champion=ModelRef(version="1", digest="d"),
    )


def result() -> TrainingResult:
    metrics = Metrics(n=50, churners=20, threshold=0.5, **{name: Measure(value=1 / 3, n=50) for name in MEASURES})
    return TrainingResult(
        mode="combined",
        estimator="random_forest",
        hyperparameters={"n_estimators": 200, "max_depth": 10},
        digest=None,
        version=None,
        metrics=metrics,
        champion_metrics=None,
        comparison=None,
        gate=GateResult(passed=False, checks=()),
        calibration=CalibrationTrial(method="sigmoid", log_loss_raw=0.4, log_loss_calibrated=0.4, z=0.0, n=200, kept=False),
        train_rows=200,
        gate_rows=50,
        seconds=1.5,
    )


def test_asking_twice_continues_the_same_case(cases: CaseFile) -> None:
    first = cases.open(draft())
    again = cases.open(draft(case_id="2026-11-22-abc123", at=LATER))
    assert again == first == cases.of_key("key")
    assert cases.all() == (first,)


def test_a_partial_case_is_continued_too(cases: CaseFile) -> None:
    cases.move(cases.open(draft()).case_id, ("open",), status="partial")
    assert cases.open(draft()).status == "partial"
    assert len(cases.all()) == 1


@pytest.mark.parametrize(
    "status", ["no_deploy_needed", "not_enough_data", "needs_people", "pending_approval", "approving", "approved", "rejected"]
)
def test_a_closed_triage_stays_the_one_of_its_window_and_work_by_hand_begins_anew(cases: CaseFile, status: str) -> None:
    closed = cases.move(cases.open(draft()).case_id, ("open",), status=status)
    assert cases.open(draft(at=LATER)) == cases.of_key("key") == closed
    by_hand = cases.open(draft(at=LATER).model_copy(update={"kind": "manual"}))
    assert (by_hand.case_id, by_hand.status) == ("2026-11-21-abc123-2", "open")
    assert [case.status for case in cases.all()] == ["open", status]


def test_ids_are_unique_whatever_the_keys(cases: CaseFile) -> None:
    ids = [cases.open(draft(key=str(number))).case_id for number in range(4)]
    assert ids == ["2026-11-21-abc123", *(f"2026-11-21-abc123-{number}" for number in (2, 3, 4))]


def test_two_that_open_at_once_get_one_case(cases: CaseFile, state: State) -> None:
    together = threading.Barrier(2)

    key = ""

    def ask(number: int) -> str:
        own = CaseFile(open_state(state.place))
        together.wait()
        return own.open(draft(case_id=f"asked-by-{number}", key=key)).case_id

    for count in range(5):
        key = f"window {count}"
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(ask, (1, 2))
        assert first == second
        assert len(cases.all()) == count + 1
        cases.move(first, ("open",), status="rejected")


def test_a_case_is_found_by_its_beginning(cases: CaseFile) -> None:
    one, two = cases.open(draft("2026-11-21-abc123", "1")), cases.open(draft("2026-11-22-def456", "2"))
    assert cases.find("2026-11-22") == two
    assert cases.find(one.case_id) == one


def test_a_whole_id_is_meant_even_where_another_begins_with_it(cases: CaseFile) -> None:
    one, _ = cases.open(draft(key="1")), cases.open(draft(key="2"))
    assert cases.find(one.case_id) == one


@pytest.mark.parametrize(
    ("beginning", "said"),
    [("2026-11-21", "2 cases begin with '2026-11-21'"), ("2027", "There is no case '2027'"), ("%", "There is no case '%'")],
)
def test_a_beginning_that_names_none_or_several_is_an_error(cases: CaseFile, beginning: str, said: str) -> None:
    for key in "12":
        cases.open(draft(key=key))
    with pytest.raises(ChurnopsError, match=said):
        cases.find(beginning)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_an_empty_beginning_means_no_case_even_where_there_is_but_one(cases: CaseFile, count: int) -> None:
    for key in range(count):
        cases.open(draft(key=str(key)))
    with pytest.raises(ChurnopsError, match="There is no case ''"):
        cases.find("")


def test_a_case_that_does_not_exist_is_an_error_with_a_next_step(cases: CaseFile) -> None:
    for use in (lambda: cases.get("none"), lambda: cases.move("none", ("open",), status="approved")):
        with pytest.raises(ChurnopsError, match="There is no case 'none'") as missing:
            use()
        assert "churnops reports list" in missing.value.next_step


def test_a_case_moves_only_from_where_it_is_expected(cases: CaseFile) -> None:
    case_id = cases.open(draft()).case_id
    moved = cases.move(case_id, ("open", "partial"), status="pending_approval", action="retrain")
    assert moved == cases.get(case_id)
    with pytest.raises(ChurnopsError, match=f"Case {case_id} has status “waits for approval”") as refused:
        cases.move(case_id, ("open", "partial"), status="rejected")
    assert refused.value.next_step == "This needs it to be open or partial."
    assert cases.get(case_id) == moved


def test_of_two_decisions_at_once_one_is_made(cases: CaseFile, state: State) -> None:
    case_id = cases.open(draft()).case_id
    together = threading.Barrier(2)

    def decide(status: str) -> bool:
        own = CaseFile(open_state(state.place))
        together.wait()
        try:
            own.move(case_id, ("open",), status=status)
        except ChurnopsError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(decide, ("approving", "rejected")))
    assert sorted(made) == [False, True]
    assert cases.get(case_id).status == ("approving" if made[0] else "rejected")


def test_cases_are_listed_newest_first(cases: CaseFile) -> None:
    old, new = cases.open(draft("old", "1", AT)), cases.open(draft("new", "2", LATER))
    assert cases.all() == (new, old)


def test_calls_are_numbered_in_their_case_and_carry_their_number(cases: CaseFile) -> None:
    numbers = [cases.record_call(case_id, AT, "diagnose", {"n": 1}, "ok", 0.5, {"share": 0.25}) for case_id in ("a", "a", "b", "a")]
    assert numbers == [1, 2, 1, 3]
    assert [call.number for call in cases.calls("a")] == [1, 2, 3]
    call = cases.calls("b")[0]
    assert (call.tool, call.at, call.arguments, call.outcome, call.seconds) == ("diagnose", AT, {"n": 1}, "ok", 0.5)
    assert call.result == {"share": 0.25, "call": 1}


def test_a_training_is_on_record_from_its_start(cases: CaseFile, state: State) -> None:
    assert [cases.begin_training("a", AT, {"estimator": "random_forest"}) for _ in range(2)] == [1, 2]
    with state.write() as connection:
        cases.finish_training(connection, "a", 2, result())
    cut_off, finished = cases.trainings("a")
    assert (cut_off.number, cut_off.started_at, cut_off.arguments, cut_off.result) == (1, AT, {"estimator": "random_forest"}, None)
    assert finished.result == result()
    assert cases.trainings("b") == ()


def test_the_cooldown_counts_from_the_latest_training_of_another_case(cases: CaseFile) -> None:
    cases.begin_training("mine", LATER, {})
    assert cases.last_training_elsewhere("mine") is None
    cases.begin_training("other", AT, {})
    cases.begin_training("other", AT + timedelta(minutes=5), {})
    assert cases.last_training_elsewhere("mine") == AT + timedelta(minutes=5)
    assert cases.last_training_elsewhere("new") == LATER
