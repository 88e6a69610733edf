"""How often one caller may come: at most so many requests in any stretch of so many seconds."""

import math
from collections import defaultdict, deque
from collections.abc import Callable

_ROUNDING = 1e-6  # seconds that sums of times may be off: whoever waited as told is let in


class RateLimit:
    """A sliding window per caller. `seconds_now` is a clock that never goes back."""

    def __init__(self, requests: int, seconds: float, seconds_now: Callable[[], float]) -> None:
        self._requests = requests
        self._seconds = seconds
        self._now = seconds_now
        self._came: defaultdict[str, deque[float]] = defaultdict(deque)

    def wait(self, caller: str) -> int:
        """0, and the request counts; or the whole seconds to wait, and it does not."""
        now, came = self._now(), self._came[caller]
        while came and now - came[0] >= self._seconds - _ROUNDING:
            came.popleft()
        if len(came) < self._requests:
            came.append(now)
            return 0
        return max(1, math.ceil(came[0] + self._seconds - now))
