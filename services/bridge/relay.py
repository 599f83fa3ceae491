"""Calls across: each with a deadline, tried again a few times, all behind one breaker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import uniform

import grpc
from prometheus_client import Counter, Enum

from services.bridge.breaker import Breaker, State
from services.bridge.messages import METHODS, SERVICE
from services.shared.golden import Traffic

RETRIES = Counter("controlroom_bridge_retries", "Calls across that were tried once more.")
REFUSED = Counter("controlroom_bridge_refused", "Calls that the open breaker did not let through.")
STATE = Enum(
    "controlroom_bridge_breaker", "State of the breaker.", states=[state.value for state in State]
)

_FAILURES = frozenset(
    (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    )
)
"""What speaks against the link or the remote side; any other status is an answer."""
_AGAIN = frozenset((grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED))
"""What may pass within moments. A call that took too long is left to its caller, who may send
less at once."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient a relay is; times in seconds."""

    deadline: float = 5.0
    """Of one attempt."""
    attempts: int = 3
    first_pause: float = 0.05
    longest_pause: float = 1.0


class Relay:
    """Hands requests on as they are, and their answers back."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        breaker: Breaker,
        traffic: Traffic,
        changed: Callable[[str], None],
        policy: RetryPolicy = RetryPolicy(),
        metadata: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`changed` gets the reason when the remote side is away, and "" when it answers.

        `metadata` goes with each call.
        """
        # the bytes go on as they came
        self._calls = {
            name: channel.unary_unary(f"/{SERVICE}/{name}", bytes, bytes) for name in METHODS
        }
        self._breaker = breaker
        self._traffic = traffic
        self._changed = changed
        self._policy = policy
        self._metadata = tuple(metadata)

    async def call(self, method: str, request: bytes, remaining: float | None) -> bytes:
        """The answer. `remaining`: the caller's own patience, seconds.

        Raises OpenError while the breaker is open, AioRpcError with the last attempt's status.
        """
        until = time.monotonic() + (self._policy.deadline if remaining is None else remaining)
        for attempt in range(1, self._policy.attempts + 1):
            self._admit()
            try:
                timeout = min(self._policy.deadline, max(0.0, until - time.monotonic()))
                return await self._attempt(method, request, timeout)
            except grpc.aio.AioRpcError as error:
                pause = self._pause(attempt)
                if error.code() not in _AGAIN or attempt == self._policy.attempts:
                    raise
                if time.monotonic() + pause >= until:
                    raise
                RETRIES.inc()
                await asyncio.sleep(pause)
        raise AssertionError("a policy has at least one attempt")

    def _admit(self) -> None:
        try:
            self._breaker.admit()
        except Exception:
            REFUSED.inc()
            raise
        finally:
            STATE.state(self._breaker.state.value)

    def _pause(self, attempt: int) -> float:
        """Full jitter: M. Brooker, Exponential Backoff and Jitter (AWS Architecture Blog, 2015)."""
        return uniform(0.0, min(self._policy.longest_pause, self._policy.first_pause * 2**attempt))

    async def _attempt(self, method: str, request: bytes, timeout: float) -> bytes:
        started = self._traffic.begin()
        code, reason = grpc.StatusCode.CANCELLED, ""
        try:
            answer: bytes = await self._calls[method](
                request, timeout=timeout, metadata=self._metadata
            )
            code = grpc.StatusCode.OK
            return answer
        except grpc.aio.AioRpcError as error:
            code = error.code()
            reason = error.details() or code.name.lower()
            raise
        finally:
            self._traffic.end(started, 200, str(code.value[0]))
            self._judge(code, reason)

    def _judge(self, code: grpc.StatusCode, reason: str) -> None:
        if code is grpc.StatusCode.CANCELLED:
            self._breaker.abandoned()
        elif code in _FAILURES:
            self._breaker.failed(reason)
        else:
            self._breaker.succeeded()
        state = self._breaker.state
        STATE.state(state.value)
        closed = state is State.CLOSED
        self._changed("" if closed else f"the breaker is open: {self._breaker.reason}")
