"""A list asked for, answered and weighed: what stands in the file, what is on record, and what hostile or unasked rows do to it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.asking.asked_list import AskedList
from pipeline.diagnosis.asking.settled import Settled
from pipeline.diagnosis.conclusion import conclude
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.setting import Setting
from pipeline.errors import DataError
from pipeline.intake.asked_rows import with_design_weights, with_newest_list
from pipeline.intake.asking import WrittenList, ask_outcomes
from pipeline.intake.outcomes import add_outcomes
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import ALL_ROWS, Frame
from pipeline.state.asked_outcomes import newest_list, read_asked
from pipeline.state.erasure import erase_in
from pipeline.state.outcomes import log_outcomes
from pipeline.windows.window import Labelled, Window
from tests.pipeline.known_windows import POLICY, days_before, known_window
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, small_opened

ROWS = 1_000
TABLE = small_table(ROWS, 3)
FOUND = conclude((), Setting(ROWS, 0, 0, customers=ROWS), POLICY)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    here = small_opened(tmp_path)
    yield here
    here.state.close()


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a list settles has tests of its own."""
    monkeypatch.setattr("pipeline.intake.asking.settles", lambda *_: Settled("concept_drift", 0.7, 0.95))


def window(ids: "pd.Series[str] | None" = None) -> Observed:
    unknown = known_window(TABLE, known=np.zeros(ROWS, dtype=bool))
    return unknown if ids is None else replace(unknown, ids=ids)


def asked(
    opened: Opened, length: int = 200, observed: Observed | None = None, found: Diagnosis = FOUND, name: str = "calls.csv"
) -> WrittenList:
    return ask_outcomes(opened, observed or window(), found, opened.workspace.root / name, length)


def known_of(ids: "pd.Series[str]") -> Window:
    rows = TABLE.set_index("customer").loc[ids].reset_index()
    known = Labelled(rows[list(COLUMNS.features)], rows["churned"].astype("int64"), rows["customer"], None)
    return Window("the log", Frame(rows), COLUMNS, ALL_ROWS, BASELINE.profile, known)


def test_the_list_is_a_table_to_fill_in_without_any_feature(opened: Opened) -> None:
    written = asked(opened)
    table = pd.read_csv(written.path)
    assert list(table.columns) == ["customer", "predicted_at", "churned", "stratum", "probability", "weight", "why"]
    assert len(table) == 200 and table["churned"].isna().all()
    assert table["weight"].to_numpy() == pytest.approx(1 / table["probability"].to_numpy(), rel=1e-2)
    assert written.asked.said == "Ask these 200 customers: it settles changed behaviour against none with probability 0.70."


def test_it_is_on_record_with_its_digest_and_in_the_ledger(opened: Opened) -> None:
    written, last = asked(opened), newest_list(opened.state)
    assert last is not None and last.digest == written.digest and AskedList.model_validate(last.body) == written.asked
    (entry,) = opened.ledger.of_kind("outcomes_asked")
    assert entry.body["digest"] == written.digest and entry.body["customers"] == 200


def test_filled_in_it_is_added_as_it_is(opened: Opened) -> None:
    written = asked(opened)
    table = pd.read_csv(written.path, dtype=str)
    table["churned"] = ["yes", "no", *[None] * 198]
    table.to_csv(written.path, index=False)
    assert add_outcomes(opened, Path(written.path)).added == 2


def test_a_list_asked_for_twice_asks_others(opened: Opened) -> None:
    first, second = (pd.read_csv(asked(opened, name=name).path) for name in ("one.csv", "two.csv"))
    assert not {*first["customer"]} & {*second["customer"]}
    assert read_asked(opened.state)["list"].unique().tolist() == [2]  # the newest list says how both stand for the others


def test_a_file_with_answers_is_never_overwritten(opened: Opened) -> None:
    path = Path(asked(opened).path)
    path.write_text("customer,churned\nC1,yes\n", encoding="utf-8")
    with pytest.raises(DataError, match="is there already"):
        asked(opened)
    assert path.read_text("utf-8") == "customer,churned\nC1,yes\n" and len(opened.ledger.of_kind("outcomes_asked")) == 1


def test_of_two_who_ask_at_once_one_asks_again(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(*_: object) -> Settled:
        monkeypatch.setattr("pipeline.intake.asking.settles", lambda *_: Settled("concept_drift", 0.7, 0.95))
        asked(opened, name="theirs.csv")
        return Settled("concept_drift", 0.7, 0.95)

    monkeypatch.setattr("pipeline.intake.asking.settles", meanwhile)
    with pytest.raises(DataError, match="made meanwhile"):
        asked(opened, name="ours.csv")
    assert not (opened.workspace.root / "ours.csv").exists() and len(opened.ledger.of_kind("outcomes_asked")) == 1


def test_ids_that_a_spreadsheet_would_run_are_left_out(opened: Opened) -> None:
    ids = TABLE["customer"].copy()
    ids[:4] = ["=HYPERLINK(1)", "+1+cmd|' /C calc'!A0", "@SUM(1)", " \t-2+3"]
    ids[4] = "-17"
    written = asked(opened, ROWS, window(ids))
    lines = Path(written.path).read_text("utf-8").splitlines()
    assert written.asked.left_out == 4 and len(lines) == 1 + ROWS - 4
    assert not any(line.lstrip(' "\t')[:1] in "=+@" for line in lines)
    assert any(line.startswith("-17,") for line in lines)


def test_answers_stand_for_their_strata_and_others_for_themselves(opened: Opened) -> None:
    list_ = pd.read_csv(asked(opened).path)
    unasked = TABLE["customer"][~TABLE["customer"].isin(list_["customer"])][:50]
    found = with_design_weights(opened, known_of(pd.concat([list_["customer"], unasked]))).labelled
    assert found.design_weights is not None and found.ids is not None
    assert found.design_weights[found.ids.isin(unasked)].tolist() == [1.0] * 50
    # Everybody once: those asked for speak for whoever is left.
    assert found.design_weights.sum() == pytest.approx(ROWS, rel=0.01)
    assert found.weights is not None and found.weights.tolist() == found.design_weights.tolist()


def test_what_was_known_outside_the_sample_is_known_beforehand(opened: Opened) -> None:
    """The window holds 3,000 customers, every third of them in the sample; 300 of the sample and 600 of the others have an outcome."""
    seen = known_window(TABLE, known=np.arange(ROWS) < 300)
    others = pd.concat([seen.labelled.features] * 2, ignore_index=True)
    before = Labelled(
        pd.concat([seen.labelled.features, others], ignore_index=True),
        pd.concat([seen.labelled.churned] * 3, ignore_index=True),
        pd.concat([seen.labelled.ids, pd.Series([f"X{number}" for number in range(600)])], ignore_index=True),
        pd.concat([seen.labelled.times] * 3, ignore_index=True),
    )
    observed = replace(seen, labelled=before, labelled_scores=np.tile(seen.labelled_scores, 3), rows=3 * ROWS, customers=3 * ROWS)
    list_ = pd.read_csv(asked(opened, observed=observed).path)
    answers = known_of(list_["customer"]).labelled
    known = Labelled(
        pd.concat([before.features, answers.features], ignore_index=True),
        pd.concat([before.churned, answers.churned], ignore_index=True),
        pd.concat([before.ids, answers.ids], ignore_index=True),
        None,
    )
    found = with_design_weights(opened, replace(known_of(list_["customer"]), known=known)).labelled
    assert found.design_weights is not None and found.ids is not None
    assert found.design_weights[found.ids.isin(list_["customer"])].sum() == pytest.approx(2_100, rel=0.01)


def test_who_does_not_answer_is_spoken_for_by_the_others_of_the_stratum(opened: Opened) -> None:
    list_ = pd.read_csv(asked(opened).path)
    answered = list_["customer"][list_["stratum"] != list_["stratum"].iloc[0]]
    half = list_["customer"][list_["stratum"] == list_["stratum"].iloc[0]].iloc[::2]
    found = with_design_weights(opened, known_of(pd.concat([answered, half]))).labelled
    assert found.design_weights is not None and found.design_weights.sum() == pytest.approx(ROWS, rel=0.01)


def test_the_weighted_rate_is_that_of_all_and_the_plain_one_is_not(opened: Opened) -> None:
    rates, plain = [], []
    for number in range(6):
        list_ = pd.read_csv(asked(opened, 150, name=f"{number}.csv").path)
        everybody = read_asked(opened.state)["_id"]
        known = with_design_weights(opened, known_of(everybody)).labelled
        assert known.design_weights is not None and len(list_) == 150
        rates.append(float(np.average(known.churned, weights=known.design_weights)))
        plain.append(float(known.churned.mean()))
    assert rates[-1] == pytest.approx(TABLE["churned"].mean(), abs=0.01)
    assert plain[0] > TABLE["churned"].mean()  # more of the high scores are asked


def test_ids_that_nobody_scored_change_nothing(opened: Opened) -> None:
    list_ = pd.read_csv(asked(opened).path)
    outcomes = opened.workspace.root / "outcomes.csv"
    outcomes.write_text("customer,churned\nNOBODY,yes\n", encoding="utf-8")
    assert add_outcomes(opened, outcomes).strangers == 1
    assert with_design_weights(opened, known_of(list_["customer"])).labelled.ids is not None
    assert "NOBODY" not in {*read_asked(opened.state)["_id"]}


def test_fewer_than_a_verdict_takes_speak_for_nobody_else(opened: Opened) -> None:
    list_ = pd.read_csv(asked(opened, 50).path)
    assert with_design_weights(opened, known_of(list_["customer"])).labelled.design_weights is None


@pytest.mark.parametrize(
    ("found", "out", "said"),
    [
        (FOUND.model_copy(update={"action": "fix_data"}), "calls.csv", "look broken"),
        (FOUND, "calls.txt", "no CSV"),
        (FOUND, "c.csv/calls.csv", "cannot be written"),
    ],
)
def test_what_cannot_be_asked_leaves_no_trace(opened: Opened, found: Diagnosis, out: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        asked(opened, found=found, name=out)
    assert newest_list(opened.state) is None and not opened.ledger.of_kind("outcomes_asked")


def test_the_diagnosis_says_which_list_is_out_while_evidence_is_short(opened: Opened) -> None:
    written, until = asked(opened), window().profile.until
    short = FOUND.model_copy(update={"without_outcomes": True})
    assert written.asked.said in with_newest_list(opened, short, until).blind_spots[0]
    log_outcomes(
        opened.state, ids=list(read_asked(opened.state)["_id"][:7]), predicted=[None] * 7, observed=[opened.clock()] * 7, churned=[1] * 7
    )
    assert with_newest_list(opened, short, until).blind_spots[0].endswith("7 of them have answered.")
    assert with_newest_list(opened, short, days_before(1, 1)[0].to_pydatetime()) == short  # of another window
    assert with_newest_list(opened, FOUND.model_copy(update={"without_outcomes": False}), until).blind_spots == FOUND.blind_spots


def test_a_list_that_all_have_answered_is_not_out_any_more(opened: Opened) -> None:
    ids = list(pd.read_csv(asked(opened, 70).path)["customer"])
    log_outcomes(opened.state, ids=ids, predicted=[None] * 70, observed=[opened.clock()] * 70, churned=[0] * 70)
    short = FOUND.model_copy(update={"without_outcomes": True})
    assert with_newest_list(opened, short, window().profile.until) == short


def test_a_forgotten_customer_is_on_no_list(opened: Opened) -> None:
    one = str(pd.read_csv(asked(opened).path)["customer"].iloc[0])
    with opened.state.write() as connection:
        assert erase_in(connection, one)["asked_outcomes"] == 1
    assert one not in {*read_asked(opened.state)["_id"]}
