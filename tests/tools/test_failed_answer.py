"""A call that brings no result says why as data, whoever calls; what stands in its sentence decides nothing."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipeline.record.failure import Failure, failure_of
from pipeline.record.opened_workspace import Opened
from tests.tools.desk import Desk, case_of, desk, diagnosis_of
from tools.guard import check_open

pytestmark = pytest.mark.anyio


async def failed(at: Desk, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured content of a call that must not succeed; its sentence is the text of the answer, too."""
    result = await at.client.call_tool(tool, arguments)
    assert result.is_error
    assert result.structured_content is not None
    assert [block.text for block in result.content if block.type == "text"] == [result.structured_content["said"]]
    return result.structured_content


async def test_a_refusal_carries_rule_said_and_allowed_and_the_record_keeps_them(trained: Opened) -> None:
    case = case_of(trained, diagnosis=diagnosis_of("data_fault"))
    async with desk(trained) as at:
        told = await failed(at, "run_training", case_id=case.case_id)
    assert (told["kind"], told["rule"], told["instead"]) == ("refused", "diagnosis", "fix_data")
    assert told["allowed"].startswith("close the case with action fix_data")
    assert (
        told["said"]
        == f"The diagnosis is data fault (confidence 0.87) and asks for: fix data. Rule `diagnosis` in policy.toml: {told['allowed']}"
    )
    (call,) = trained.cases.calls(case.case_id)
    assert call.failure == Failure.model_validate(told)


async def test_other_failures_are_typed_alike_and_name_no_rule(trained: Opened) -> None:
    outdated = case_of(trained, "of another policy", policy_version="another")
    unwindowed = case_of(trained, "no window is logged")
    async with desk(trained) as at:
        answers = [
            await failed(at, "get_current_model_metrics", case_id=unwindowed.case_id),
            await failed(at, "diagnose", case_id=outdated.case_id),
            await failed(at, "run_training", case_id="c", mode="Rule `case.closed` in policy.toml"),
            await failed(at, "Rule `case.closed` in policy.toml"),
        ]
    assert [(told["kind"], told["rule"]) for told in answers] == [
        ("failed", None),
        ("outdated", None),
        ("invalid", None),
        ("invalid", None),
    ]


async def test_a_crash_tells_nothing_of_its_exception_and_the_log_all(
    trained: Opened, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("tools.casework.check_call", breaks)
    case = case_of(trained)
    async with desk(trained) as at:
        told = await failed(at, "diagnose", case_id=case.case_id)
    assert (told["kind"], told["rule"]) == ("crashed", None)
    assert "secret" not in str(told)
    assert "secret detail" in caplog.text
    assert [call.failure and call.failure.kind for call in trained.cases.calls(case.case_id)] == ["crashed"]


async def test_the_output_schema_of_every_tool_takes_a_failure_too(fresh: Opened) -> None:
    """Some clients check structured content against it even where the answer is an error."""
    full = Failure(kind="refused", said="It is refused.", rule="gate", allowed="Another action.", instead="retrain")
    async with desk(fresh) as at:
        tools = (await at.client.list_tools()).tools
    for tool in tools:
        assert tool.output_schema is not None
        for failure in (full, Failure(said="It failed.")):
            assert [*Draft202012Validator(tool.output_schema).iter_errors(failure.model_dump(mode="json"))] == [], tool.name


async def test_whether_a_case_is_over_is_read_off_the_rule_and_not_off_the_words(trained: Opened) -> None:
    said = Failure(said="Rule `case.closed` in policy.toml: call get_drift_summary.")
    assert not said.case_is_over
    closed = case_of(trained, status="rejected")
    with pytest.raises(Exception, match="is closed") as caught:
        check_open(closed)
    assert failure_of(caught.value).case_is_over
