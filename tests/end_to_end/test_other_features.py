"""A challenger with other features than the champion: trained, compared, deployed and taken back while a server runs, and no client breaks."""

import json
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import anyio
import numpy as np
import pytest

from agent.training_by_hand import train_by_hand
from pipeline.atomic_files import digest_of_file
from pipeline.errors import SettingsError
from pipeline.intake.windows import logged_window
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.windows.baseline import baseline_of
from prompts import policy_text
from tests.end_to_end.test_serve import Server, served
from tests.reports.waiting import approve_case, roll_back_to
from tests.reports.web.test_prediction_api import customer


async def silent(_stage: object) -> None: ...


def with_support_calls(opened: Opened) -> Opened:
    """The table has a column more, the next model takes it and a derived number, and does without the gender."""
    import pandas as pd

    table, file = opened.reference_file, opened.workspace.settings_file
    rows = pd.read_csv(table, dtype=str, keep_default_na=False)
    random = np.random.default_rng(1)
    rows["SupportCalls"] = random.poisson(np.where(rows["Churn"] == "Yes", 2.0, 1.0)).astype(str)
    before = digest_of_file(table)
    rows.to_csv(table, index=False)
    text = file.read_text("utf-8").replace(before, digest_of_file(table)).replace("numerical = [", 'numerical = ["SupportCalls", ')
    for old, new in (
        ("\n[data.format]", 'calls_per_month = "SupportCalls / (tenure + 1)"\n\n[data.format]'),
        ("without = [", 'without = ["gender",'),
    ):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    return open_workspace(opened.workspace.root, policy_text(), opened.clock)


def asked(server: Server, body: dict[str, Any]) -> tuple[int, str | None, list[str]]:
    """Status, version and the missing fields of an answer."""
    sent = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/predict", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(sent, timeout=30) as answer:
            said = json.loads(answer.read())
            return answer.status, said["model_version"], said.get("missing_fields", [])
    except urllib.error.HTTPError as error:
        return error.code, None, []


def seen(opened: Opened) -> tuple[str, ...]:
    """The features that are watched, in a log that the server wrote by its own clock."""
    champion, artifact = open_champion(opened)
    return logged_window(replace(opened, clock=lambda: datetime(2100, 1, 1, tzinfo=UTC)), champion, baseline_of(artifact)).columns.features


@pytest.mark.slow
def test_no_client_breaks_while_it_waits_serves_and_is_taken_back(trained: Opened) -> None:
    old = customer(trained)
    new = {**{name: value for name, value in old.items() if name != "gender"}, "SupportCalls": 4}
    with served(trained) as server:
        assert asked(server, old) == (200, "1", [])
        assert asked(server, new)[0] == 422
        now = with_support_calls(trained)
        made = anyio.run(train_by_hand, now, None, silent)
        assert made.case is not None
        assert made.case.challenger is not None
        assert asked(server, old) == (200, "1", [])
        assert asked(server, new) == (200, "1", ["gender"])

        trained.clock.advance(hours=2)  # type: ignore[attr-defined]
        assert approve_case(now, made.case.case_id).version == "2"
        assert asked(server, old) == (200, "2", ["SupportCalls"])
        assert asked(server, new) == (200, "2", [])
        columns = open_champion(now)[1].manifest.columns
        assert ("SupportCalls" in columns.numerical, "gender" in columns.categorical, list(columns.derived)) == (
            True,
            False,
            ["calls_per_month"],
        )
        assert seen(now) == columns.features

        roll_back_to(now, "1")
        assert asked(server, old) == (200, "1", [])
        assert asked(server, new) == (200, "1", ["gender"])
    assert "gender" in seen(now)
    assert "SupportCalls" not in seen(now)


@pytest.mark.slow
def test_a_model_is_not_compared_with_a_champion_whose_column_the_table_lacks(trained: Opened) -> None:
    file = trained.workspace.settings_file
    file.write_text(file.read_text("utf-8").replace('  "gender",\n', ""), "utf-8")
    now = open_workspace(trained.workspace.root, policy_text(), trained.clock)
    with pytest.raises(SettingsError, match=r"takes `gender`, which \[data\]"):
        anyio.run(train_by_hand, now, None, silent)
