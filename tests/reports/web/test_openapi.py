"""The prediction API does as /openapi.json says: asked by schemathesis, with what the description allows and with what it does not."""

import json

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from pipeline.record.opened_workspace import Opened
from tests.reports.web.test_hostile_bodies import port, sent
from tests.reports.web.test_prediction_api import customer

__all__ = ["port"]  # a fixture

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis comes with the packages of the slow tests")

pytestmark = pytest.mark.slow

EXAMPLES = 20  # of each address, and as many that break its description
ASKED = {"/predict", "/predict/batch", "/outcomes", "/offers", "/healthz", "/readyz", "/metrics"}


def test_every_answer_is_one_that_the_description_names(trained: Opened, port: int) -> None:
    from schemathesis import GenerationMode
    from schemathesis.checks import (
        content_type_conformance,
        not_a_server_error,
        response_schema_conformance,
        status_code_conformance,
    )

    assert sent(port, "/predict", json.dumps(customer(trained, customerID="0")).encode())[0] == 200
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    operations = [found.ok() for found in schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json").get_all_operations()]
    assert {operation.path for operation in operations} == ASKED
    for operation in operations:
        for mode in GenerationMode if operation.body else [GenerationMode.POSITIVE]:

            @settings(max_examples=EXAMPLES, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
            @given(operation.as_strategy(generation_mode=mode))
            def ask(case: "schemathesis.Case") -> None:
                case.call_and_validate(checks=checks)

            ask()
