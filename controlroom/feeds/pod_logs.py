"""Asks several pods for what they say, again and again, and puts it into one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from controlroom.model.pod_lines import PodLines, Said
from controlroom.targets.abilities import HasLogs, TargetError

MOST_PODS = 20
"""Pods that are asked at a time."""


class PodLogs:
    """One question for each pod in a turn, all at once."""

    def __init__(self, target: HasLogs, lines: int) -> None:
        """`lines` are asked of each pod at a time."""
        self.said = PodLines()
        self._target = target
        self._lines = lines
        self._silent: set[str] = set()
        """Pods that did not answer the last time."""

    async def turn(self, pods: Sequence[str]) -> list[Said]:
        """What is new, by its time. That a pod does not answer, or is none of `pods` any more, is
        told once. Raises TargetError where none has ever answered."""
        pods, now = pods[:MOST_PODS], time.time()
        answers = await asyncio.gather(*map(self._ask, pods))
        failed = [one for one in answers if isinstance(one, TargetError)]
        if failed and len(failed) == len(pods) and not self.said.lines:
            raise failed[0]
        fresh = self.said.settle(pods, now)
        self._silent &= set(pods)
        for pod, lines in zip(pods, answers, strict=True):
            if isinstance(lines, TargetError):
                if pod not in self._silent:
                    fresh += self.said.note(pod, f"does not answer: {lines}", now)
                self._silent.add(pod)
            else:
                self._silent.discard(pod)
                fresh += self.said.take(pod, lines, now, len(lines) >= self._lines)
        return sorted(fresh, key=lambda one: one.at)

    async def _ask(self, pod: str) -> Sequence[str] | TargetError:
        try:
            return await self._target.pod_log(pod, self._lines)
        except TargetError as error:
            return error
