"""Which value of a target means churn: by words in many languages, turned round where the column is about staying, else asked."""

import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.roles.target import Target, open_values, read_target
from pipeline.tables.reading import RawTable, raw_of


def table(*values: str | None, name: str = "churn") -> RawTable:
    return raw_of(pd.DataFrame({name: list(values), "fee": range(len(values))}), "customers.csv")


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ("Exited", "Active"),
        ("True.", "False."),
        ("1", "0"),
        ("Attrited Customer", "Existing Customer"),
        ("Evet", "Hayır"),
        ("Sim", "Não"),
        ("Sí", "No"),
        ("oui", "non"),
        ("Ja", "Nein"),
        ("Да", "Нет"),
        ("是", "否"),
        ("Tak", "Nie"),
        ("churner", "existing customer"),
        ("Quit", "No"),
    ],
)
def test_words_tell_even_where_churners_are_the_more(positive: str, negative: str) -> None:
    found = read_target(table(positive, positive, negative), "churn")
    assert (found.positive, found.negative, found.doubtful) == (positive, (negative,), ())


@pytest.mark.parametrize(
    ("name", "positive"), [("retained", "0"), ("is_active", "0"), ("hasStayed", "0"), ("left", "1"), ("inactive", "1")]
)
def test_a_column_about_staying_is_turned_round(name: str, positive: str) -> None:
    assert read_target(table("1", "1", "0", name=name), name).positive == positive


def test_a_word_for_churn_means_it_in_any_column() -> None:
    assert read_target(table("Exited", "Active", "Active", name="retained"), "retained").positive == "Exited"
    assert read_target(table("stayed", "stayed", "moved", name="retained"), "retained").positive == "moved"


def test_without_a_word_the_rarer_value_is_taken_and_called_doubtful() -> None:
    raw = table("A", "B", "A", "A")
    found = read_target(raw, "churn")
    assert found.positive == "B"
    assert [(value.text, value.rows) for value in found.doubtful] == [("A", 3), ("B", 1)]
    assert open_values(raw, "churn") == found.doubtful
    assert open_values(raw, "churn", "A") == ()


def test_one_value_against_the_rest() -> None:
    raw = table("Churned", "Stayed", "Stayed", "Joined", None)
    assert [value.text for value in open_values(raw, "churn")] == ["Stayed", "Churned", "Joined"]
    assert read_target(raw, "churn", "Churned") == Target("Churned", ("Stayed", "Joined"), (), unknown=1, dropped=0)
    assert read_target(raw, "churn", drop=["Joined"]) == Target("Churned", ("Stayed",), (), unknown=1, dropped=1)


@pytest.mark.parametrize(
    ("values", "positive", "drop", "said"),
    [
        (["yes"], "", [], "one value only"),
        (["red", "green", "blue"], "", [], "holds 3 different values: `red` (1 row)"),
        (["yes", "no"], "ja", [], "No value of `churn` is `ja`"),
        (["yes", "no"], "", ["joined"], "No value of `churn` is `joined`"),
        (["yes", "no"], "", ["no"], "one value only"),
        ([str(number) for number in range(30)], "3", [], "30 different values"),
    ],
)
def test_what_is_no_yes_or_no_is_refused(values: list[str], positive: str, drop: list[str], said: str) -> None:
    with pytest.raises(DataError) as refused:
        read_target(table(*values), "churn", positive, drop)
    assert said in refused.value.problem
