"""The tools that look closer, over the real server: a fault is undone in memory, outcomes and pairs are told by group, and no value orders anything."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.intake.windows import file_window
from pipeline.record.opened_workspace import Opened
from tests.injections import PAYLOADS
from tests.standing import standing
from tests.tools.desk import Desk, desk
from tests.tools.test_data_is_data import obeyed, shown_safely, wanted

MOST = 12_000  # bytes of an answer

pytestmark = pytest.mark.anyio


async def look(client: Desk, tool: str, **arguments: object) -> dict[str, object]:
    """The answer's own part, within its budget."""
    answer = await client.ok(tool, **arguments)
    assert len(json.dumps(answer).encode()) < MOST
    found: dict[str, object] = answer.get("preview") or answer["view"]
    return found


def sent(opened: Opened, path: Path, **columns: object) -> Path:
    """A file of the workspace's customers, with outcomes, in which columns are other than they were."""
    rows = pd.read_csv(opened.workspace.root / "customers.csv", dtype=str).sample(1200, random_state=1).reset_index(drop=True)
    rows.assign(**columns).to_parquet(path)
    return path


@pytest.mark.slow
async def test_a_fault_is_undone_in_memory_alone_and_the_looks_agree_with_the_record(trained: Opened, tmp_path: Path) -> None:
    rows = pd.read_csv(trained.workspace.root / "customers.csv", dtype=str).sample(1200, random_state=1).reset_index(drop=True)
    path = sent(trained, tmp_path / "week.parquet", MonthlyCharges=(rows["MonthlyCharges"].astype(float) * 100).astype(str))
    before = standing(trained)
    async with desk(trained, lambda champion, baseline: file_window(trained, baseline, path, path)) as client:
        opened = await client.ok("get_drift_summary")
        case = {"case_id": opened["case_id"]}
        found = await look(client, "preview_repair", **case, fault="unit", column="MonthlyCharges")
        assert "divided by 100" in str(found["done"])
        assert found["returns"] is True
        assert found["repaired"]["roc_auc"] > found["as_sent"]["roc_auc"]  # type: ignore[index]
        assert found["repaired"]["misfit"] < 0.1 < found["as_sent"]["misfit"]  # type: ignore[index]
        wrong = await look(client, "preview_repair", **case, fault="swap", column="MonthlyCharges", other="tenure")
        assert wrong["returns"] is False

        outcomes = await look(client, "inspect_outcomes", **case)
        assert outcomes["customers"] == opened["labelled_rows"]
        assert outcomes["hypotheses"][0]["behind"] == 0.0  # type: ignore[index]
        assert all(group["customers"] >= 10 for group in outcomes["groups"])  # type: ignore[attr-defined]
        pair = await look(client, "inspect_pair", **case, first="tenure", second="Contract")
        assert sum(cell["window"] or 0 for cell in pair["cells"]) == pytest.approx(1.0, abs=0.05)  # type: ignore[attr-defined]

        for tool, arguments, said in (
            ("preview_repair", {"fault": "unit", "column": "Contract"}, "categorical"),
            ("preview_repair", {"fault": "melt", "column": "tenure"}, "must be one of"),
            ("inspect_outcomes", {"by": "week"}, "no scoring times"),
            ("inspect_outcomes", {"by": "feature"}, "needs"),
            ("inspect_pair", {"first": "tenure", "second": "tenure"}, "one feature"),
        ):
            assert said in await client.refused(tool, **case, **arguments)
        tools = [call.tool for call in trained.cases.calls(case["case_id"]) if call.outcome == "ok"]
    assert tools == ["get_drift_summary", "preview_repair", "preview_repair", "inspect_outcomes", "inspect_pair"]
    assert standing(trained) == before


@pytest.mark.slow
async def test_values_that_order_something_and_values_without_end_change_nothing(trained: Opened, tmp_path: Path) -> None:
    texts = [payload.text for payload in PAYLOADS[:6]]
    huge = texts[0] + "x" * 10_000_000
    values = np.array([*texts[1:], "Mailed check", "Electronic check"], dtype=object)[np.arange(1200) % 7]
    values[:12] = huge
    path = sent(trained, tmp_path / "week.parquet", PaymentMethod=values)
    window = lambda champion, baseline: file_window(trained, baseline, path, path)  # noqa: E731
    before = standing(trained)
    shown = huge[:79] + "…"
    looks = (
        ("inspect_pair", {"first": "PaymentMethod", "second": "Contract"}),
        ("inspect_outcomes", {"by": "feature", "feature": "PaymentMethod"}),
        ("preview_repair", {"fault": "rename", "column": "PaymentMethod"}),
        ("preview_repair", {"fault": "default", "column": "PaymentMethod", "value": shown}),
        ("query", {"measure": "churn_rate", "by": ["PaymentMethod"]}),
    )
    outcome, operator, _ = await obeyed(trained, before, window, *looks)
    assert {"approve", "reports_approve"} & wanted(operator)
    assert outcome.trainings == 0
    calls = {call.tool: call for call in trained.cases.calls(outcome.case_id) if call.tool in dict(looks) and call.outcome == "ok"}
    assert set(calls) == set(dict(looks))
    for call in calls.values():
        shown_safely(call.result)
        assert len(json.dumps(call.result).encode()) < MOST
    assert standing(trained) == before
