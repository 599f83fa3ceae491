"""A circuit breaker: after some failures in a row nothing is tried for a while, then one call.

The three states are those of M. Nygard, Release It! (2nd ed., 2018), chapter 5.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from random import uniform


class State(Enum):
    """What a breaker does with the next call."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class OpenError(Exception):
    """The breaker lets nothing through now."""


class Breaker:
    """Opens after `failures` in a row, for `first` seconds, then twice as long each time.

    A pause is shortened by up to a half at random, so that many clients do not probe together.
    """

    def __init__(
        self,
        failures: int = 5,
        first: float = 0.5,
        longest: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = failures
        self._first = first
        self._longest = longest
        self._clock = clock
        self._failures = 0
        self._openings = 0
        self._until = 0.0
        self._probing = False
        self._reason = ""

    @property
    def reason(self) -> str:
        """Why the last call failed."""
        return self._reason

    @property
    def state(self) -> State:
        """The state as it is now."""
        if not self._openings:
            return State.CLOSED
        return State.OPEN if self._clock() < self._until else State.HALF_OPEN

    def admit(self) -> None:
        """Lets one call begin, whose end has to be told. Raises OpenError."""
        state = self.state
        if state is State.CLOSED:
            return
        if state is State.OPEN or self._probing:
            raise OpenError(f"failed repeatedly and is tried again in a moment: {self._reason}")
        self._probing = True

    def succeeded(self) -> None:
        """A call was answered."""
        self._failures = self._openings = 0
        self._probing = False

    def failed(self, reason: str) -> None:
        """A call was not answered, or the remote side could not do it."""
        self._failures += 1
        self._reason = reason
        # the ends of calls that began before it opened change nothing
        if self._probing or (self.state is State.CLOSED and self._failures >= self._most):
            self._open()

    def abandoned(self) -> None:
        """A call was given up by its caller; that says nothing about the link."""
        self._probing = False

    def _open(self) -> None:
        pause = min(self._longest, self._first * 2**self._openings)
        self._openings += 1
        self._until = self._clock() + uniform(pause / 2, pause)
        self._probing = False
