"""The tool `query`: one measure by group, aggregates of ten customers or more, with intervals, over the real tools."""

import pytest

from pipeline.record.opened_workspace import Opened
from tests.tools.desk import Desk, desk

pytestmark = pytest.mark.anyio


async def ask(client: Desk, case_id: str, measure: str, **arguments: object) -> list[dict[str, object]]:
    found = (await client.ok("query", case_id=case_id, measure=measure, **arguments))["found"]
    assert all(group["customers"] >= 10 for group in found["groups"])
    groups: list[dict[str, object]] = found["groups"]
    return groups


@pytest.mark.slow
async def test_measures_agree_with_what_other_tools_say_and_bounds_hold(drifted: Opened) -> None:
    async with desk(drifted) as client:
        opened = await client.ok("get_drift_summary")
        case_id = opened["case_id"]
        (whole,) = await ask(client, case_id, "churn_rate")
        assert whole["customers"] == opened["labelled_rows"]
        assert whole["value"] == pytest.approx(opened["labelled_churners"] / opened["labelled_rows"], abs=1e-3)
        assert whole["low"] < whole["value"] < whole["high"]  # type: ignore[operator]

        metrics = await client.ok("get_current_model_metrics", case_id=case_id)
        (ranked,) = await ask(client, case_id, "roc_auc")
        assert ranked["value"] == pytest.approx(metrics["window"]["roc_auc"]["value"], abs=1e-3)

        days = await ask(client, case_id, "count", rows="window", bucket="day")
        assert [group["cut"] for group in days] == sorted(group["cut"] for group in days)  # type: ignore[type-var]
        assert sum(group["customers"] for group in days) <= opened["drift"]["current_rows"]  # type: ignore[misc]
        first = str(days[1]["cut"][0])  # type: ignore[index]
        later = await ask(client, case_id, "count", rows="window", since=first)
        assert later[0]["customers"] < sum(group["customers"] for group in days)  # type: ignore[misc,operator]

        pairs = await ask(client, case_id, "mean", rows="window", column="tenure", by=["Contract", "tenure"])
        assert all(len(group["cut"]) == 2 for group in pairs)  # type: ignore[arg-type]
        (looked,) = await ask(client, case_id, "missing", rows="reference", column="tenure")
        assert looked["value"] == 0.0

        (middle,) = await ask(client, case_id, "median", rows="window", column="tenure")
        (half,) = await ask(client, case_id, "quantile", rows="window", column="tenure")
        (upper,) = await ask(client, case_id, "quantile", rows="window", column="tenure", level=0.9)
        assert middle == half
        assert half["low"] <= half["value"] <= half["high"] < upper["value"]  # type: ignore[operator]
        (earned,) = await ask(client, case_id, "profit")
        assert earned["low"] < earned["value"] < earned["high"] <= 110  # type: ignore[operator]

        for arguments, said in (
            ({"measure": "quantile", "column": "tenure", "level": 1.0}, "level"),
            ({"measure": "profit", "rows": "window"}, "outcomes"),
            ({"measure": "mean"}, "column"),
            ({"measure": "mean", "column": "Contract"}, "categorical"),
            ({"measure": "mean", "column": "no such"}, "no feature"),
            ({"measure": "churn_rate", "rows": "window"}, "outcomes"),
            ({"measure": "churn_rate", "rows": "reference", "bucket": "week"}, "no times"),
            ({"measure": "count", "by": ["Contract", "tenure", "gender"]}, "by"),
        ):
            assert said in await client.refused("query", case_id=case_id, **arguments)
        assert max(call.number for call in drifted.cases.calls(case_id)) == len(drifted.cases.calls(case_id))
