"""Stores and broker as the consumer meets them: asked again and again until they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TypeVar

from services.shared import logline
from services.shared.busy import Busy
from services.shared.golden import Traffic
from services.shared.lifecycle import Liveness, ReadinessGate

T = TypeVar("T")

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


class AbandonedError(Exception):
    """The work in hand is no longer ours to finish."""


class Dependency:
    """One store. While it does not answer the process is alive and not ready."""

    def __init__(
        self,
        gate: ReadinessGate,
        liveness: Liveness,
        errors: tuple[type[Exception], ...],
        busy: Busy,
        traffic: Traffic | None = None,
        final: Callable[[Exception], bool] = lambda _: False,
    ) -> None:
        """`final` tells the errors, of those `errors`, after which asking again is of no use."""
        self._gate = gate
        self._liveness = liveness
        self._errors = errors
        self._busy = busy
        self._traffic = traffic
        self._final = final
        self._away = False

    async def ask(self, question: Callable[[], Awaitable[T]], abandoned: Callable[[], bool]) -> T:
        """The answer, however long it takes.

        Raises AbandonedError once `abandoned` says so, and an error that is final.
        """
        with self._busy.waiting():
            return await self._insist(question, abandoned)

    async def _insist(
        self, question: Callable[[], Awaitable[T]], abandoned: Callable[[], bool]
    ) -> T:
        pause = _FIRST_PAUSE
        while True:
            try:
                with self._traffic.call() if self._traffic else nullcontext():
                    answer = await question()
            except self._errors as error:
                if self._final(error):
                    raise
                self._lost(error)
                if abandoned():
                    raise AbandonedError from error
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                self._found()
                return answer

    def _lost(self, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        self._liveness.beat()
        self._gate.shut(reason)
        if not self._away:
            self._away = True
            logline.warning(f"{self._gate.name} does not answer", reason=reason)

    def _found(self) -> None:
        self._gate.open()
        if self._away:
            self._away = False
            logline.info(f"{self._gate.name} answers again")
