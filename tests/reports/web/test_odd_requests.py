"""Requests at the edge of what numbers and times can be are refused in words, never by a failure of the server."""

import pytest
from fastapi.testclient import TestClient

from pipeline.record.opened_workspace import Opened
from tests.reports.web.test_prediction_api import api, customer

__all__ = ["api"]  # a fixture

BEFORE_ALL, AFTER_ALL = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"  # in UTC there is no such year


@pytest.mark.parametrize("at", [BEFORE_ALL, AFTER_ALL])
@pytest.mark.parametrize(("path", "field"), [("outcomes", "observed_at"), ("outcomes", "predicted_at"), ("offers", "offered_at")])
def test_a_time_that_utc_does_not_have(trained: Opened, api: TestClient, path: str, field: str, at: str) -> None:
    assert api.post("/predict", json=customer(trained, customerID="C-1")).status_code == 200
    told = {"id": "C-1", field: at, **({"churned": True} if path == "outcomes" else {})}
    refused = api.post(f"/{path}", json={path: [told]})
    assert (refused.status_code, [wrong["field"] for wrong in refused.json()["detail"]]) == (422, [field])


def test_a_length_of_thousands_of_digits(api: TestClient) -> None:
    headers = {"content-type": "application/json", "content-length": "9" * 5_000}
    assert api.post("/predict", content=b"{}", headers=headers).status_code == 413
