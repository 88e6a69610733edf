"""At most so many requests in any stretch of so many seconds, for each caller by itself."""

from hypothesis import example, given
from hypothesis import strategies as st

from tools.rate_limit import RateLimit


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_window_slides() -> None:
    clock = Seconds()
    rate = RateLimit(2, 60, clock)
    assert rate.wait("ann") == 0
    clock.now += 30
    assert rate.wait("ann") == 0
    assert rate.wait("ann") == 30  # until the first of the two is a minute old
    clock.now += 30
    assert rate.wait("ann") == 0
    assert rate.wait("ann") == 30


def test_callers_do_not_use_each_other_up() -> None:
    rate = RateLimit(1, 60, Seconds())
    assert [rate.wait("ann"), rate.wait("ann"), rate.wait("bob")] == [0, 60, 0]


@given(st.lists(st.floats(0, 40), max_size=40))
@example([1.8968546500790406, 1.339354051462057, 1.339354051462057, 0.0, 0.0, 0.0])  # as floats go, 60 s later is a little less
def test_no_stretch_holds_more_than_allowed_and_waiting_as_told_is_enough(gaps: list[float]) -> None:
    clock = Seconds()
    rate = RateLimit(3, 60, clock)
    admitted = []
    for gap in gaps:
        clock.now += gap
        wait = rate.wait("ann")
        if wait:
            clock.now += wait
            assert rate.wait("ann") == 0
        admitted.append(clock.now)
    for first, fourth in zip(admitted, admitted[3:], strict=False):
        assert fourth - first >= 60 - 1e-5
