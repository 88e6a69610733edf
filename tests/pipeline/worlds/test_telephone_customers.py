"""Generated customers: the shares of the public sample, bills that follow from services, and churn that follows its formula."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from pipeline.models.unfitted_model import build
from pipeline.roles.inference import infer
from pipeline.tables.reading import raw_of, typed
from pipeline.worlds.telephone_customers import churn_probability, make_customers
from tests.checkout import TELCO

CUSTOMERS = make_customers(20_000, seed=1)


def test_shares_lie_within_two_points_of_the_public_sample() -> None:
    if not TELCO.exists():
        pytest.skip("the public Telco table is not beside the repository")
    sample = pd.read_csv(TELCO)
    assert list(CUSTOMERS) == list(sample)
    for name in sample.columns.drop(["customerID", "tenure", "MonthlyCharges", "TotalCharges"]):
        shares, ours = sample[name].value_counts(normalize=True), CUSTOMERS[name].value_counts(normalize=True)
        assert set(shares.index) == set(ours.index), name
        assert (shares - ours).abs().max() < 0.02, name
    for name in ("tenure", "MonthlyCharges", "TotalCharges"):
        numbers, ours = (pd.to_numeric(frame[name], errors="coerce") for frame in (sample, CUSTOMERS))
        for quantile in (0.1, 0.25, 0.5, 0.75, 0.9):
            assert abs((ours <= numbers.quantile(quantile)).mean() - (numbers <= numbers.quantile(quantile)).mean()) < 0.03, name


def test_a_seed_makes_the_same_customers() -> None:
    pd.testing.assert_frame_equal(make_customers(50, seed=3), make_customers(50, seed=3))
    assert not make_customers(50, seed=3).equals(make_customers(50, seed=4))


def test_ids_are_unique_and_look_real() -> None:
    assert CUSTOMERS["customerID"].is_unique
    assert CUSTOMERS["customerID"].str.fullmatch(r"\d{4}-[A-Z]{5}").all()


def test_services_hang_together() -> None:
    offline = CUSTOMERS["InternetService"] == "No"
    for name in ("OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport", "StreamingTV", "StreamingMovies"):
        assert ((CUSTOMERS[name] == "No internet service") == offline).all()
    assert ((CUSTOMERS["MultipleLines"] == "No phone service") == (CUSTOMERS["PhoneService"] == "No")).all()
    assert (CUSTOMERS.loc[CUSTOMERS["PhoneService"] == "No", "InternetService"] == "DSL").all()


def test_bills_follow_from_services_and_totals_from_bills() -> None:
    bill = CUSTOMERS.groupby("InternetService")["MonthlyCharges"].mean()
    assert bill["Fiber optic"] > bill["DSL"] + 25 > bill["No"] + 50
    known = CUSTOMERS[CUSTOMERS["tenure"] > 0]
    total, expected = known["TotalCharges"].astype(float), known["tenure"] * known["MonthlyCharges"]
    assert np.corrcoef(total, expected)[0, 1] > 0.99
    assert (CUSTOMERS.loc[CUSTOMERS["tenure"] == 0, "TotalCharges"] == " ").all()
    assert 5 < (CUSTOMERS["tenure"] == 0).sum() < 80


def test_churn_is_drawn_with_the_stated_probability() -> None:
    probability = churn_probability(CUSTOMERS)
    churned = CUSTOMERS["Churn"] == "Yes"
    assert abs(churned.mean() - 0.265) < 0.01
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 1)):
        inside = (probability >= low) & (probability < high)
        assert abs(churned[inside].mean() - probability[inside].mean()) < 4 * np.sqrt(0.25 / inside.sum())


@pytest.mark.slow
def test_the_probability_is_the_same_for_raw_and_typed_customers() -> None:
    raw = raw_of(CUSTOMERS, "customers.csv")
    frame = typed(raw, infer(raw, "Churn").schema, with_target=True)
    np.testing.assert_allclose(churn_probability(frame), churn_probability(CUSTOMERS))


def test_the_probability_of_one_customer_is_the_documented_sum() -> None:
    customer = CUSTOMERS.iloc[[0]].assign(
        Contract="Month-to-month",
        InternetService="Fiber optic",
        PhoneService="Yes",
        tenure=0,
        PaymentMethod="Electronic check",
        PaperlessBilling="Yes",
        TechSupport="No",
        OnlineSecurity="Yes",
        StreamingTV="Yes",
        StreamingMovies="Yes",
        SeniorCitizen=1,
    )
    logit = -1.9 + 2.3 + 0.8 + 0.6 + 0.4 + 0.3 - 0.4 + 2 * 0.3 + 0.3
    assert churn_probability(customer)[0] == pytest.approx(1 / (1 + np.exp(-logit)))


@pytest.mark.slow
def test_a_forest_learns_from_them_about_as_well_as_from_the_sample() -> None:
    raw = raw_of(CUSTOMERS, "customers.csv")
    columns = infer(raw, "Churn").schema
    frame = typed(raw, columns, with_target=True)
    train, test = frame[:4000], frame[4000:]
    model = build("random_forest", {"n_estimators": 100, "max_depth": 10}, 1, columns).fit(train, train["Churn"])
    scores = model.predict_proba(test)[:, 1]
    assert 0.83 < roc_auc_score(test["Churn"], scores) < 0.87
