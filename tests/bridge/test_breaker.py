"""The circuit breaker, by a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from services.bridge.breaker import Breaker, OpenError, State

FIRST, LONGEST, FAILURES = 1.0, 4.0, 3


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(FAILURES, FIRST, LONGEST, clock)


def state(breaker: Breaker) -> State:
    """Its state now; a type checker takes that of before for what it still is."""
    return breaker.state


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.admit()
        breaker.failed("away")


def test_it_opens_after_failures_in_a_row_only(breaker: Breaker) -> None:
    fail(breaker, FAILURES - 1)
    breaker.admit()
    breaker.succeeded()
    fail(breaker, FAILURES - 1)
    assert state(breaker) is State.CLOSED
    fail(breaker)
    assert state(breaker) is State.OPEN
    with pytest.raises(OpenError, match="away"):
        breaker.admit()


def test_after_a_pause_one_call_probes(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, FAILURES)
    clock.now += FIRST
    assert state(breaker) is State.HALF_OPEN
    breaker.admit()
    with pytest.raises(OpenError):
        breaker.admit()
    breaker.succeeded()
    assert state(breaker) is State.CLOSED
    fail(breaker, FAILURES - 1)
    assert state(breaker) is State.CLOSED


def test_a_probe_that_is_given_up_leaves_room_for_another(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, FAILURES)
    clock.now += FIRST
    breaker.admit()
    breaker.abandoned()
    breaker.admit()


def test_each_pause_is_longer_up_to_a_bound(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, FAILURES)
    pause = FIRST
    for _ in range(5):
        clock.now += pause
        fail(breaker)
        pause = min(LONGEST, 2 * pause)
        # shortened by chance, by a half at most
        clock.now += 0.49 * pause
        assert state(breaker) is State.OPEN
        clock.now += 0.51 * pause
        assert state(breaker) is State.HALF_OPEN


def test_late_ends_of_earlier_calls_do_not_prolong_the_pause(
    breaker: Breaker, clock: Clock
) -> None:
    for _ in range(FAILURES + 2):
        breaker.admit()
    for _ in range(FAILURES + 2):
        breaker.failed("away")
    clock.now += FIRST
    assert state(breaker) is State.HALF_OPEN
