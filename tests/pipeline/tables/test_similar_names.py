"""Names that are one name in another writing are alike, and different ones are not."""

import pytest

from pipeline.tables.similar_names import likeness, most_alike, near_misses, words_in

TELCO = ("tenure", "MonthlyCharges", "TotalCharges", "PhoneService", "InternetService", "OnlineSecurity", "OnlineBackup", "StreamingTV")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("MonthlyCharges", ("monthly", "charges")),
        ("HTTPCode2", ("http", "code", "2")),
        ("LängeInCm", ("länge", "in", "cm")),
        ("p(churn)", ("p", "churn")),
    ],
)
def test_the_words_of_a_name(name: str, words: tuple[str, ...]) -> None:
    assert words_in(name) == words


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("monthly_charges", "MonthlyCharges"),
        ("MONTHLYCHARGES", "MonthlyCharges"),
        ("mon_charge", "MonthlyCharges"),
        ("total charges", "TotalCharges"),
        ("phoneservice", "PhoneService"),
        ("internet_svc", "InternetService"),
        ("online_bkp", "OnlineBackup"),
        ("tenur", "tenure"),
        ("region", None),
        ("charges", None),  # may be two
        ("score", None),
    ],
)
def test_the_nearest_name_is_found_and_no_other(name: str, meant: str | None) -> None:
    assert most_alike(name, TELCO) == meant


def test_likeness_is_symmetric_and_one_only_for_the_same_words() -> None:
    for one in TELCO:
        for other in TELCO:
            assert likeness(one, other) == pytest.approx(likeness(other, one))
            assert (likeness(one, other) == 1) == (one == other)


def test_a_near_miss_may_be_near_to_the_name_looked_for_or_to_the_feature() -> None:
    found = near_misses({"MonthlyCharges": "mthly_amount", "tenure": "months"}, ["mthly_amnt", "Tenure", "region"])
    assert found == {"MonthlyCharges": "mthly_amnt", "tenure": "Tenure"}
