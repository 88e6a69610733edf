"""Prometheus reads how each workspace stands, whoever checked it; one that cannot be read is down and hides no other."""

from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.watch.alerting import follow
from agent.watch.metrics import WatchMetrics, listen
from pipeline.errors import ChurnopsError
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.alerts import acknowledge
from pipeline.state.check_figures import CheckFigures, DeployFigure, IntervalFigure
from prompts import policy_text
from tests.agent.watch.standing_cases import diagnosis, put_case, put_check
from tests.conftest import NOON, Clock

FIGURES = CheckFigures(
    rows=900,
    expected=IntervalFigure(value=0.8),
    churn_rate=0.25,
    drift={"tenure": 1.5},
    missing={"tenure": 0.02},
    deploy=DeployFigure(version="2", verdict="worse", said="It does worse."),
)


def opened_at(place: Path) -> Opened:
    return open_workspace(place, policy_text(), Clock())


def scraped(port: int) -> Iterator[tuple[tuple[str, ...], float]]:
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        for family in text_string_to_metric_families(answer.read().decode()):
            for sample in family.samples:
                labels = dict(sample.labels)
                of = (labels.pop("workspace"), *(value for _, value in sorted(labels.items())))
                yield (sample.name.removeprefix("churnops_watch_"), *of), sample.value


def test_figures_alerts_and_cases_are_scraped(fresh: Opened, tmp_path: Path) -> None:
    put_case(fresh, "needs_people")
    put_check(fresh, "needs_people", newest_prediction=NOON, drift_share=0.25, roc_auc=0.71, figures=FIGURES)
    follow(fresh)
    acknowledge(fresh.state, 1, "Ada", NOON)
    put_case(fresh, "needs_people", found=diagnosis(column="Contract"), key="another window")
    put_check(fresh, "failed")
    root, gone = fresh.workspace.root, tmp_path / "gone"
    found = dict(scraped(listen(WatchMetrics((gone, root), opened_at), "127.0.0.1", 0)))
    here = str(root)
    assert found[("up", str(gone))] == 0 and found[("up", here)] == 1
    assert found[("drift_share", here)] == 0.25 and found[("measured_roc_auc", here)] == 0.71
    assert found[("expected_roc_auc", here)] == 0.8 and found[("churn_rate", here)] == 0.25
    assert found[("feature_drift", here, "tenure")] == 1.5 and found[("feature_missing", here, "tenure")] == 0.02
    assert found[("deploy_ok", here, "worse", "2")] == 0
    assert found[("newest_prediction_timestamp_seconds", here)] == NOON.timestamp()
    assert NOON.timestamp() - 2 < found[("last_check_timestamp_seconds", here)] <= NOON.timestamp()
    assert found[("failed_checks", here)] == 1
    assert found[("cases", here, "needs_people")] == 2
    assert found[("alerts", here, "people_must_act", "warning", "yes")] == 1
    assert found[("unsent_messages", here)] == 0


def test_a_workspace_that_was_never_checked_has_no_figures_of_a_check(fresh: Opened) -> None:
    found = dict(scraped(listen(WatchMetrics((fresh.workspace.root,), opened_at), "127.0.0.1", 0)))
    assert {name for name, *_ in found} == {"up", "failed_checks", "unsent_messages"}


def test_a_port_that_is_taken_is_said(fresh: Opened) -> None:
    port = listen(WatchMetrics((), opened_at), "127.0.0.1", 0)
    with pytest.raises(ChurnopsError, match=r"cannot be listened on.*Choose another --metrics"):
        listen(WatchMetrics((), opened_at), "127.0.0.1", port)
