"""The windows of the cases at hand: read once, checked against what the case was opened on, looked at from near when asked."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from anyio import to_thread

from pipeline.diagnosis.observed import Observed, observe
from pipeline.errors import OutdatedCase
from pipeline.intake.asked_rows import with_design_weights
from pipeline.intake.expected import with_violations
from pipeline.intake.sound_rows import without_broken_days
from pipeline.intake.untouched_rows import with_untouched_rows
from pipeline.intake.window_choice import WindowReader
from pipeline.models.artifact import Artifact
from pipeline.record.cases import Case
from pipeline.record.champion import Champion, open_champion
from pipeline.record.opened_workspace import Opened
from pipeline.windows.baseline import Baseline, baseline_of
from pipeline.windows.window import Window

T = TypeVar("T")
_LOOKS = 64  # of one case
_KEPT = 4  # cases whose windows stay in memory: a server runs for months


def current_window(opened: Opened, read_window: WindowReader) -> tuple[Champion, Artifact, Baseline, Window]:
    """The serving champion, and the window as it is now beside its reference, without rows of broken days, without matured rows of customers who
    were contacted, with what breaks the declared expectations, and with the weights of outcomes that were asked for.

    Raises:
        ChurnopsError: no champion serves, or the window cannot be read.
    """
    serving, artifact = open_champion(opened)
    baseline = baseline_of(artifact)
    window = with_violations(opened, without_broken_days(read_window(serving, baseline), artifact, baseline, opened.policy))
    return serving, artifact, baseline, with_design_weights(opened, with_untouched_rows(opened, artifact, window))


def rows_behind(opened: Opened, case: Case, read_window: WindowReader) -> Window:
    """The window that a case was opened on, while it still is the current one of the serving champion.

    Raises:
        OutdatedCase: it is another one by now, or another champion serves.
    """
    serving, _, _, window = current_window(opened, read_window)
    if case.champion.digest != serving.digest:
        raise OutdatedCase(
            f"Case {case.case_id} is about another champion than the one that serves.", "Open a case for this one: `churnops triage`."
        )
    if case.window is None or window.fingerprint != case.window.fingerprint:
        raise OutdatedCase(
            f"The window changed since case {case.case_id} was opened.",
            "Name its file with `--current FILE`, or open a case for the window of now: `churnops triage`.",
        )
    return window


class CaseWindows:
    """Windows by case. `read_window` says where the current one lies."""

    def __init__(self, opened: Opened, read_window: WindowReader) -> None:
        self._opened = opened
        self._read_window = read_window
        self._windows: dict[str, Window] = {}
        self._observed: dict[str, Observed] = {}
        self._looks: dict[str, dict[tuple[str | None, ...], Any]] = {}

    def current(self) -> tuple[Champion, Artifact, Baseline, Window]:
        """The serving champion, and the window as it is now beside its reference."""
        return current_window(self._opened, self._read_window)

    def keep(self, case: Case, window: Window) -> None:
        """Remember that this is the case's window."""
        _remember(self._windows, case.case_id, window)

    async def window(self, case: Case) -> Window:
        """The case's window.

        Raises:
            OutdatedCase: it is another one by now.
        """
        if (kept := self._windows.get(case.case_id)) is not None:
            return kept
        _, _, _, window = await to_thread.run_sync(self.current)
        if case.window is None or window.fingerprint != case.window.fingerprint:
            raise OutdatedCase(f"The window changed since case {case.case_id} was opened.", "Call get_drift_summary to open a case for it.")
        self.keep(case, window)
        return window

    async def observed(self, case: Case) -> Observed:
        """The case's window beside the reference, for the findings."""
        observed = self._observed.get(case.case_id)
        if observed is None:
            window = await self.window(case)
            observed = await to_thread.run_sync(self._observe, window)
            _remember(self._observed, case.case_id, observed)
        return observed

    async def once(self, case: Case, key: tuple[str | None, ...], look: Callable[[], T]) -> T:
        """What `look` finds, in a thread. Asked again, it is what was found: a case's window does not change."""
        looks = self._looks.get(case.case_id, {})
        if key not in looks:
            found = await to_thread.run_sync(look)
            _remember(self._looks, case.case_id, {**dict(list(looks.items())[1 - _LOOKS :]), key: found})
            return found
        return cast(T, looks[key])

    def _observe(self, window: Window) -> Observed:
        _, artifact = open_champion(self._opened)
        return observe(artifact, baseline_of(artifact), window)


def _remember(store: dict[str, T], case_id: str, found: T) -> None:
    store.pop(case_id, None)
    store[case_id] = found
    for oldest in list(store)[:-_KEPT]:
        store.pop(oldest, None)
