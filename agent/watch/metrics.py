"""How the watched workspaces stand, for Prometheus: read from their state at each scrape, so that whoever checked, it is the same."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from agent.watch.rounds import closing
from pipeline.errors import ChurnopsError
from pipeline.record.opened_workspace import Opened
from pipeline.state.alerts import standing_in
from pipeline.state.check_figures import CheckFigures
from pipeline.state.checks import check_history
from pipeline.state.database import cases
from pipeline.state.outbox import unsent
from reports.deploys import BAD

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

_GAUGES = {
    "up": ("Whether the workspace and its state can be read", ()),
    "last_check_timestamp_seconds": ("When the newest check that came to its end began", ()),
    "failed_checks": ("Checks that failed since then", ()),
    "newest_prediction_timestamp_seconds": ("The newest prediction that this check read", ()),
    "drift_share": ("Share of the features that drifted, in this check (0-1)", ()),
    "measured_roc_auc": ("ROC-AUC of the champion on known outcomes, in this check", ()),
    "expected_roc_auc": ("ROC-AUC that is expected without outcomes, in this check", ()),
    "churn_rate": ("Share of the customers with a known outcome that churned, in this check (0-1)", ()),
    "feature_drift": ("Drift score of a feature over its threshold, in this check: 1 and more has drifted", ("feature",)),
    "feature_missing": ("Share of the rows in which a feature is missing, in this check (0-1)", ("feature",)),
    "deploy_ok": (
        "0 where the newest deploy does worse than the model it replaced, or misses its promise; 1 otherwise",
        ("version", "verdict"),
    ),
    "cases": ("Cases by status", ("status",)),
    "alerts": ("Alerts that stand, by kind and by whether somebody took them on", ("kind", "severity", "taken_on")),
    "unsent_messages": ("Messages in the outbox", ()),
}


class WatchMetrics:
    """A collector of prometheus-client over some workspaces."""

    def __init__(self, workspaces: Sequence[Path], opened: Callable[[Path], Opened]) -> None:
        self._workspaces, self._opened = workspaces, opened

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        """All gauges as they are now, each with the workspace's folder."""
        from prometheus_client.core import GaugeMetricFamily

        families = {
            name: GaugeMetricFamily(f"churnops_watch_{name}", said, labels=("workspace", *labels))
            for name, (said, labels) in _GAUGES.items()
        }
        for workspace in self._workspaces:
            try:
                with closing(self._opened(workspace)) as opened:
                    for name, labels, value in _figures(opened):
                        families[name].add_metric((str(workspace), *labels), value)
                up = 1
            except (ChurnopsError, OSError):
                up = 0
            families["up"].add_metric((str(workspace),), up)
        yield from families.values()


def listen(collector: WatchMetrics, host: str, port: int) -> int:
    """Answer Prometheus at /metrics in a thread; returns the port, which 0 leaves to the system.

    Raises:
        ChurnopsError: the port cannot be listened on.
    """
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry()
    registry.register(collector)
    try:
        server, _ = start_http_server(port, host, registry)
    except OSError as error:
        raise ChurnopsError(f"{host}, port {port} cannot be listened on: {error.strerror}.", "Choose another --metrics.") from error
    return int(server.server_port)


def _figures(opened: Opened) -> Iterator[tuple[str, tuple[str, ...], float]]:
    history = check_history(opened.state)
    if (done := history.done) is not None:
        yield "last_check_timestamp_seconds", (), done.started_at.timestamp()
        if done.newest_prediction is not None:
            yield "newest_prediction_timestamp_seconds", (), done.newest_prediction.timestamp()
        for name, figure in (("drift_share", done.drift_share), ("measured_roc_auc", done.roc_auc)):
            if figure is not None:
                yield name, (), figure
        yield from _measured(done.figures)
    yield "failed_checks", (), sum(check.status == "failed" for check in history.undone)
    with opened.state.read() as connection:
        for status, number in connection.execute(select(cases.c.status, func.count()).group_by(cases.c.status)):
            yield "cases", (status,), number
        standing = standing_in(connection)
    alerts = Counter((alert.condition.kind, alert.condition.severity, "no" if alert.waits else "yes") for alert in standing)
    for labels, number in alerts.items():
        yield "alerts", labels, number
    yield "unsent_messages", (), len(unsent(opened.state))


def _measured(figures: CheckFigures | None) -> Iterator[tuple[str, tuple[str, ...], float]]:
    if figures is None:
        return
    if figures.expected is not None:
        yield "expected_roc_auc", (), figures.expected.value
    if figures.churn_rate is not None:
        yield "churn_rate", (), figures.churn_rate
    for feature, ratio in figures.drift.items():
        yield "feature_drift", (feature,), ratio
    for feature, share in figures.missing.items():
        yield "feature_missing", (feature,), share
    if figures.deploy is not None:
        yield "deploy_ok", (figures.deploy.version, figures.deploy.verdict), figures.deploy.verdict not in {*BAD, "not_reached"}
