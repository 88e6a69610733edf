"""A person overrules, acknowledges, notes and excludes from the command line, and triage goes by it."""

import shutil
from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened
from tests.conftest import Simulated
from tests.end_to_end.command_line import CommandLine


@pytest.fixture
def shifted(churnops: CommandLine, simulated: Simulated) -> CommandLine:
    """A workspace with a champion and a logged week of customers who moved without harm."""
    return in_week(churnops, simulated("category_mix", 1200, 0.0, 1))


@pytest.fixture
def calm(churnops: CommandLine, simulated: Simulated) -> CommandLine:
    """A workspace with a champion and a logged week like the reference."""
    return in_week(churnops, simulated("none", 400, 0.5, 1))


def in_week(churnops: CommandLine, folder: Path) -> CommandLine:
    """The command line in a copy of `folder`."""
    churnops.folder = churnops.folder.with_name("week")
    shutil.copytree(folder, churnops.folder)
    return churnops


@pytest.mark.slow
def test_an_acknowledged_shift_opens_no_case_until_it_grows(shifted: CommandLine) -> None:
    first = shifted("triage", "--operator", "rulebook", "--json").json
    assert first["action"] != "retrain"
    said = shifted("case", "acknowledge", first["case_id"], "--reason", "The campaign in May.", "--until", "2099-12-31", "--json")
    assert said.code == 0, said.err
    assert said.json["until"].startswith("2100-01-01")

    again = shifted("triage", "--operator", "rulebook", "--json", "--detailed-exit-code")
    assert (again.code, again.json["status"], again.json["turns"]) == (0, "no_deploy_needed", 0)
    assert (again.json["case_id"], again.json["report"]) == (first["case_id"], first["report"])
    assert again.json["acknowledgement"]["reason"] == "The campaign in May."
    assert "rests on acknowledgement 1" in again.err
    assert [case["ruled"] for case in shifted("case", "list", "--json").json["cases"]] == [["acknowledged"]]

    assert shifted("simulate", "--scenario", "numeric_shift", "--rows", "1200", "--labels", "0").code == 0
    grown = shifted("triage", "--operator", "rulebook", "--json").json
    assert grown["case_id"] != first["case_id"]
    assert grown["acknowledgement"] is None


@pytest.mark.slow
def test_a_persons_word_lets_a_closed_case_go_on_and_is_in_its_report(calm: CommandLine) -> None:
    first = calm("triage", "--operator", "rulebook", "--json").json
    said = calm("case", "override", first["case_id"], "--cause", "label_fault", "--reason", "Billing froze in May.", "--json")
    assert said.code == 0, said.err
    assert said.json["override"]["by"]
    again = calm("triage", "--operator", "rulebook", "--json").json
    assert (again["case_id"], again["action"]) == (first["case_id"], "collect_labels")
    assert (again["diagnosis"]["cause"], again["diagnosis"]["rule"]) == ("label_fault", "overruled")
    shown = calm("reports", "show", first["case_id"]).out
    assert "What a person ruled" in shown
    assert "Billing froze in May." in shown
    record = calm("case", "show", first["case_id"], "--json").json
    assert record["case"]["override"]["cause"] == "label_fault"
    assert "overruled by" in calm("case", "show", first["case_id"]).out


@pytest.mark.slow
def test_events_are_quoted_in_later_cases(calm: CommandLine) -> None:
    said = calm("event", "add", "price list, 1 October", "--from", "2000-01-01", "--to", "2099-12-31", "--json")
    assert said.code == 0, said.err
    assert calm("event", "list", "--json").json["events"][0]["name"] == "price list, 1 October"
    case = calm("triage", "--operator", "rulebook", "--json").json
    noted = [finding for finding in case["diagnosis"]["findings"] if finding["name"] == "known_event"]
    assert [finding["said"].split('"')[1] for finding in noted] == ["price list, 1 October"]


@pytest.mark.slow
def test_excluded_rows_leave_the_window_and_come_back(shifted: CommandLine) -> None:
    rows = shifted("drift", "--json").json["current_rows"]
    said = shifted(
        "window", "exclude", "--since", "2000-01-01", "--until", "2099-12-31", "--where", "Contract=Two year", "--reason", "r", "--json"
    )
    assert said.code == 0, said.err
    assert shifted("drift", "--json").json["current_rows"] < rows
    assert [one["value"] for one in shifted("window", "list", "--json").json["exclusions"]] == ["Two year"]
    assert shifted("window", "include", "1").code == 0
    assert shifted("drift", "--json").json["current_rows"] == rows
    refused = shifted("window", "include", "1")
    assert (refused.code, "No exclusion 1 is in force" in refused.err) == (1, True)


def test_outcomes_are_added_to_the_log(shifted: CommandLine) -> None:
    (shifted.folder / "said.csv").write_text("customerID,Churn\nnobody,Yes\n")
    added = shifted("outcomes", "add", "said.csv", "--json").json
    assert added == {
        "added": 1,
        "corrected": 0,
        "known": 0,
        "strangers": 1,
        "repeated": 0,
        "unused_dates": [],
        "labels_every_scoring": False,
    }
    assert shifted("outcomes", "add", "said.csv", "--json").json["known"] == 1


def test_outcomes_are_taken_back_by_whoever_says_so(shifted: CommandLine) -> None:
    (shifted.folder / "said.csv").write_text("customerID,Churn,closed_on\nnobody,Yes,2026-01-31\nnobody,Yes,2026-01-31\n")
    said = shifted("outcomes", "add", "said.csv").out
    assert "`closed_on` looks like a date and is not used; name it as observed_at under [outcomes]" in said
    assert "1 row repeats a customer without another scoring time: the latest word on each counts" in said
    asked = shifted("outcomes", "undo")
    assert (asked.code, "1 outcome from said.csv" in asked.err, "--yes" in asked.err) == (1, True, True)
    undone = shifted("outcomes", "undo", "--yes", "--json").json
    assert (undone["number"], undone["rows"], undone["source"]) == (1, 1, "said.csv")
    assert shifted("outcomes", "undo", "--yes").code == 1
    assert shifted("reports", "verify").code == 0
    assert shifted("outcomes", "add", "said.csv", "--json").json["added"] == 1


def test_training_the_same_once_more_is_refused_and_costs_no_cooldown(churnops: CommandLine, trained: Opened) -> None:
    churnops.folder = trained.workspace.root
    said = churnops("train")
    assert said.code == 1
    assert "the same model would come out" in said.err
    assert trained.cases.all() == ()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("case", "override", "x", "--cause", "unsure", "--reason", "r"), 2, "Invalid value"),
        (("case", "override", "x", "--cause", "none"), 2, "Missing option"),
        (("case", "acknowledge", "x", "--reason", "r"), 1, "no case"),
        (("window", "exclude", "--since", "2026-01-02", "--until", "2026-01-01", "--reason", "r"), 1, "not after its start"),
        (
            ("window", "exclude", "--since", "2026-01-01", "--until", "2026-01-01", "--where", "Contract", "--reason", "r"),
            2,
            "contract=yearly",
        ),
        (("window", "exclude", "--since", "soon", "--until", "2026-01-01", "--reason", "r"), 1, "no date"),
        (("event", "add", "x" * 121, "--from", "2026-01-01", "--to", "2026-01-01"), 1, "121 characters"),
        (("outcomes", "add", "missing.csv"), 1, "no file"),
        (("outcomes", "pull"), 1, "does not say where outcomes lie"),
        (("outcomes", "undo", "--yes"), 1, "No intake of outcomes can be taken back"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(churnops: CommandLine, trained: Opened, words: tuple[str, ...], code: int, said: str) -> None:
    churnops.folder = trained.workspace.root
    answer = churnops(*words)
    assert (answer.code, said in answer.err) == (code, True), answer.err
    assert "Traceback" not in answer.err
