"""Offers added to the log from files and tables, under a team's own names; and campaigns planned with hold-outs."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.intake.offer_plan import Chosen, plan_offers
from pipeline.intake.offers import AddedOffers, add_offers, pull_offers
from pipeline.record.opened_workspace import Opened
from pipeline.state.offers import read_offers
from pipeline.state.predictions import log_predictions
from pipeline.workspace.offer_settings import OfferSettings
from pipeline.workspace.value_settings import CustomerValueSettings
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import DAY, NEWEST, small_opened


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """A workspace that scored C00000 to C00002."""
    opened = small_opened(tmp_path)
    ids = ["C00000", "C00001", "C00002"]
    log_predictions(opened.state, small_table(3, 1), COLUMNS, ids=ids, times=[NEWEST] * 3, scores=[0.5] * 3, version="1")
    return opened


def under(opened: Opened, **named: Any) -> Opened:
    return replace(opened, settings=opened.settings.model_copy(update={"offers": OfferSettings(**named)}))


def add(opened: Opened, *lines: str, header: str = "customer,offered_at,accepted,held_out") -> AddedOffers:
    file = opened.workspace.root / "offers.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return add_offers(opened, file)


def logged(opened: Opened) -> list[tuple[str, bool]]:
    found = read_offers(opened.state, NEWEST - DAY, NEWEST + 99 * DAY)
    return list(zip(found["_id"], found["held_out"], strict=True))


def test_a_file_is_added_once_and_says_who_was_held_out_and_who_is_a_stranger(opened: Opened) -> None:
    lines = [f"C00000,{NEWEST.isoformat()},yes,", f"C00001,{NEWEST.isoformat()},,1", f"X,{NEWEST.isoformat()},no,no", ",,,"]
    assert add(opened, *lines) == AddedOffers(added=3, corrected=0, held_out=1, known=0, strangers=1)
    assert add(opened, *lines) == AddedOffers(added=0, corrected=0, held_out=0, known=3, strangers=0)
    assert logged(opened) == [("C00000", False), ("C00001", True), ("X", False)]


def test_id_and_time_are_enough(opened: Opened) -> None:
    assert add(opened, "C00000,2026-11-22", header="customer,offered_at").added == 1
    assert logged(opened) == [("C00000", False)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("C00000,,yes,", "`offered_at` is empty in 1 rows, the first in data row 1"),
        ("C00000,soon,yes,", "`offered_at` are not dates or times"),
        (f"C00000,{NEWEST},perhaps,", "`accepted` is neither a yes nor a no in 1 rows, the first in data row 1"),
    ],
)
def test_a_cell_that_says_nothing_certain_refuses_the_file(opened: Opened, line: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        add(opened, line)
    assert logged(opened) == []


def test_a_column_that_is_missing_names_the_one_that_is_meant(opened: Opened) -> None:
    with pytest.raises(DataError, match=r"lacks `offered_at`.*Perhaps `offered_on` is meant"):
        add(opened, f"C00000,{NEWEST}", header="customer,offered_on")
    with pytest.raises(DataError, match=r"lacks `gruppe`"):
        add(under(opened, held_out="gruppe"), f"C00000,{NEWEST},,")


def test_offers_are_pulled_from_a_table_under_the_teams_names_and_words(opened: Opened) -> None:
    rows = {"kunde": ["C00000", "C00001"], "am": [str(NEWEST)] * 2, "gruppe": ["Kontrolle", "Brief"], "mehr": [1, 2]}
    with sqlite3.connect(opened.workspace.root / "crm.db") as connection:
        pd.DataFrame(rows).to_sql("kontakte", connection, index=False)
    words = {"held_out": "gruppe", "yes": ("kontrolle",), "no": ("brief",)}
    named = under(opened, table="kontakte", url="sqlite:///crm.db", id="kunde", time="am", **words)
    assert pull_offers(named) == AddedOffers(added=2, corrected=0, held_out=1, known=0, strangers=0)
    assert pull_offers(named).known == 2
    assert sorted(logged(opened)) == [("C00000", True), ("C00001", False)]
    with pytest.raises(DataError, match="does not say where offers lie"):
        pull_offers(opened)


def scored(opened: Opened, rows: int = 200) -> Path:
    file = opened.workspace.root / "scored.csv"
    pd.DataFrame({"customer": [f"C{row:05}" for row in range(rows)], "score": [row / rows for row in range(rows)]}).to_csv(
        file, index=False
    )
    return file


def test_a_plan_holds_out_of_those_it_would_contact_and_its_file_can_be_added(opened: Opened) -> None:
    named, out = under(opened, holdout=0.1), opened.workspace.root / "campaign.csv"
    planned = plan_offers(named, scored(opened), out, Chosen("score", "letter", from_score=0.5))
    assert (planned.to_contact, planned.held_out, [tier.tier for tier in planned.tiers]) == (90, 10, ["high", "medium"])
    assert len(logged(opened)) == 10
    assert all(held for _, held in logged(opened))
    assert add_offers(named, out) == AddedOffers(added=90, corrected=0, held_out=0, known=10, strangers=90)
    again = plan_offers(named, scored(opened), out, Chosen("score", "letter", from_score=0.5))
    assert again == planned
    assert len(logged(opened)) == 100


def test_a_list_of_churnops_own_is_planned_and_added_as_it_is(opened: Opened) -> None:
    named, file, out = under(opened, holdout=0.5), opened.workspace.root / "list.csv", opened.workspace.root / "campaign.csv"
    file.write_text("id,score,tier\nC00000,0.9,high\nC00001,0.8,high\nC00002,0.1,low\n", encoding="utf-8")
    assert plan_offers(named, file, out, Chosen("score", "")).to_contact == 1
    assert add_offers(named, out) == AddedOffers(added=1, corrected=0, held_out=0, known=1, strangers=0)


def test_by_default_everybody_is_contacted_for_whom_an_offer_pays_and_nobody_held_out(opened: Opened) -> None:
    planned = plan_offers(opened, scored(opened), opened.workspace.root / "out.csv", Chosen("score", ""))
    assert (planned.to_contact, planned.held_out) == (133, 0)
    assert plan_offers(opened, scored(opened), opened.workspace.root / "out.csv", Chosen("score", "", top=7)).to_contact == 7


def test_where_customers_differ_in_value_the_list_says_whom_to_contact(opened: Opened) -> None:
    out, file = opened.workspace.root / "out.csv", opened.workspace.root / "scored.csv"
    value = CustomerValueSettings.model_validate({"margin": "charges * 3"})
    differing = replace(opened, settings=opened.settings.model_copy(update={"value": value}))
    with pytest.raises(DataError, match="churnops score --out"):
        plan_offers(differing, scored(opened), out, Chosen("score", ""))
    file.write_text("id,score,action\nC00000,0.2,contact\nC00001,0.9,leave\nC00002,0.5,hold out\n")
    assert plan_offers(differing, file, out, Chosen("score", "")).to_contact == 2
    assert list(pd.read_csv(out)["id"]) == ["C00000", "C00002"]


def test_a_list_that_repeats_a_customer_or_has_no_probabilities_plans_nothing(opened: Opened) -> None:
    file, out = opened.workspace.root / "list.csv", opened.workspace.root / "out.csv"
    for lines, said in (("C1,0.9\nC1,0.8", "repeats a customer in 1 rows, the first in data row 2"), ("C1,90", "no probability in 1 rows")):
        file.write_text(f"customer,score\n{lines}\n", encoding="utf-8")
        with pytest.raises(DataError, match=said):
            plan_offers(under(opened, holdout=0.5), file, out, Chosen("score", ""))
    with pytest.raises(DataError, match="is the list itself"):
        plan_offers(opened, file, file, Chosen("score", ""))
    assert not out.exists()
    assert logged(opened) == []
