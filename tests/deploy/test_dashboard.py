"""The dashboard asks for figures that `serve` and `watch` give, by labels that these have, and lies within Grafana's grid."""

import json
import re
from typing import Any
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from agent.watch.alerting import follow
from agent.watch.metrics import WatchMetrics, listen
from pipeline.record.opened_workspace import Opened
from pipeline.serving.request_counters import Measures
from tests.agent.watch.standing_cases import put_case, put_check
from tests.agent.watch.test_metrics import FIGURES, opened_at
from tests.checkout import ROOT
from tests.conftest import NOON

BOARD = json.loads((ROOT / "deploy" / "grafana" / "churnops.json").read_text(encoding="utf-8"))


def asked() -> list[str]:
    """Every expression of the dashboard."""
    (variable,) = [one["query"] for one in BOARD["templating"]["list"] if one["type"] == "query"]
    return [
        variable,
        *(one["expr"] for one in BOARD["annotations"]["list"]),
        *(target["expr"] for panel in BOARD["panels"] for target in panel["targets"]),
    ]


def samples(text: str) -> dict[str, set[str]]:
    """Labels of each sample by its name."""
    return {sample.name: set(sample.labels) for family in text_string_to_metric_families(text) for sample in family.samples}


def given(opened: Opened) -> dict[str, set[str]]:
    measures = Measures()
    measures.answered("/predict", 200, 0.01)
    measures.predicted("1", "low")
    measures.loaded(3)
    measures.problem(False)
    put_case(opened, "needs_people")
    put_check(opened, "needs_people", newest_prediction=NOON, drift_share=0.25, roc_auc=0.71, figures=FIGURES)
    follow(opened)
    port = listen(WatchMetrics((opened.workspace.root,), opened_at), "127.0.0.1", 0)
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return {**samples(measures.page().decode()), **samples(answer.read().decode())}


def test_every_figure_it_asks_for_is_given_with_the_labels_it_asks_by(fresh: Opened) -> None:
    there = given(fresh)
    names = set()
    for expression in asked():
        for name, labels in re.findall(r"(churnops_\w+)(?:\{([^}]*)\})?", expression):
            assert name in there, f"{name} is given by neither /metrics"
            assert set(re.findall(r"(\w+)=", labels)) <= there[name]
            names.add(name)
        of_all = set().union(*(there[name] for name in names))
        for by in re.findall(r"by \(([^)]*)\)", expression):
            assert {part.strip() for part in by.split(",")} <= of_all
    watched = {name for name in there if name.startswith("churnops_watch_")}
    assert watched - names == {
        "churnops_watch_failed_checks",
        "churnops_watch_newest_prediction_timestamp_seconds",
        "churnops_watch_drift_share",
    }


def test_its_panels_lie_within_the_grid_and_on_no_other() -> None:
    taken: set[tuple[int, int]] = set()
    panels: list[dict[str, Any]] = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert max(x for x, _ in cells) < 24 and not cells & taken
        assert panel["title"] and all(target["datasource"] == {"type": "prometheus", "uid": "${datasource}"} for target in panel["targets"])
        taken |= cells
