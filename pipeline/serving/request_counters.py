"""What operations people read of a serving process at /metrics; with several workers the sums over all of them."""

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Measures:
    """Counters of one worker. `shared` is the folder in which the workers of one server count together (prometheus-client's multi-process
    mode, which the environment variable PROMETHEUS_MULTIPROC_DIR turns on before it is imported); None: this process alone."""

    def __init__(self, shared: Path | None = None) -> None:
        own = CollectorRegistry()
        self._shared, self._own = shared, own
        self._requests = Counter("churnops_requests", "Requests by route and status.", ("route", "status"), registry=own)
        self._seconds = Histogram(
            "churnops_request_seconds", "From the first byte read to the answer.", ("route",), registry=own, buckets=_SECONDS
        )
        self._predictions = Counter("churnops_predictions", "Answers given, each on the disk.", ("version", "risk"), registry=own)
        self._commits = Counter("churnops_commits", "Transactions of the log of predictions.", registry=own)
        self._rows = Counter("churnops_committed_rows", "Rows that they wrote.", registry=own)
        self._swaps = Counter("churnops_champions_loaded", "Champions loaded, the first included.", registry=own)
        self._ledger_row = Gauge(
            "churnops_champion_ledger_row",
            "Row of the ledger that deployed the champion served.",
            registry=own,
            multiprocess_mode="liveall",
        )
        self._problem = Gauge(
            "churnops_champion_problem",
            "1 while the champion's pointer is not believed, or there is no champion that can be loaded.",
            registry=own,
            multiprocess_mode="livemax",
        )

    def answered(self, route: str, status: int, seconds: float) -> None:
        """One request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def predicted(self, version: str, risk: str) -> None:
        """One answer about a customer."""
        self._predictions.labels(version, risk).inc()

    def committed(self, rows: int) -> None:
        """One transaction."""
        self._commits.inc()
        self._rows.inc(rows)

    def loaded(self, ledger_row: int) -> None:
        """This worker serves another champion now."""
        self._swaps.inc()
        self._ledger_row.set(ledger_row)

    def problem(self, there_is: bool) -> None:
        """Whether the pointer is not believed, or the champion not loaded."""
        self._problem.set(there_is)

    def page(self) -> bytes:
        """All of it in Prometheus's text format."""
        registry = self._own
        if self._shared is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=str(self._shared))  # type: ignore[no-untyped-call]
        return generate_latest(registry)
