"""One autoscaler at work: looks at its signals, decides, and says why."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from stack.autoscaler import YOUNG, PodLoad, Scaling, for_lag, highest, recommended
from stack.lag import TopicBacklog
from stack.pods.controller import Controller
from stack.pods.pod import Pod
from stack.pods.usage import Usage
from stack.supervisor.events import Events


class Scaler:
    """Scales one deployment. `lag` answers None where it is not known; `keep` remembers."""

    def __init__(
        self,
        controller: Controller,
        scaling: Scaling,
        usage: Usage,
        lag: Callable[[], Awaitable[TopicBacklog | None]],
        keep: Callable[[int], None],
        events: Events,
    ) -> None:
        self._controller = controller
        self._scaling = scaling
        self._usage = usage
        self._lag = lag
        self._keep = keep
        self._events = events
        self._blind = False
        self._narrow = False

    async def run(self) -> None:
        """Looks once in every period."""
        while True:
            await asyncio.sleep(self._scaling.rules.period)
            if self._controller.living:
                await self._look()

    async def _look(self) -> None:
        current = self._controller.replicas
        signals = [await self._by_lag(current), self._by_cpu(current)]
        asked = [signal for signal in signals if signal is not None]
        # somebody may have chosen another number while Kafka was asked
        if not asked or self._controller.replicas != current:
            return
        desired = highest(current, [number for number, _ in asked])
        decision = self._scaling.decide(time.monotonic(), current, desired)
        if decision != current:
            self._keep(decision)
            self._controller.scale(decision, "; ".join(why for _, why in asked))

    async def _by_lag(self, current: int) -> tuple[int | None, str] | None:
        aim = self._scaling.rules.lag
        if aim is None:
            return None
        lag = await self._lag()
        self._tell(lag is None)
        if lag is None:
            return None, "the lag is not known"
        self._compare(lag)
        # more consumers than partitions would have nothing to do; KEDA has the same bound
        desired = min(for_lag(current, lag.events, aim), lag.partitions)
        return desired, f"{lag.events:,} events wait, aim {aim:,} for each"

    def _compare(self, lag: TopicBacklog) -> None:
        """Says so when the topic as it is has no partition for every pod of the maximum."""
        maximum = self._scaling.rules.maximum
        narrow = lag.partitions < maximum
        if narrow == self._narrow:
            return
        self._narrow = narrow
        count = f"{lag.topic} has {lag.partitions} partitions"
        if narrow:
            reason = "TooFewPartitions"
            text = f"{count}, {maximum} pods cannot share them; add partitions to the topic"
        else:
            reason, text = "EnoughPartitions", f"{count}, enough for {maximum} pods"
        self._events.add("deployment", self._controller.name, reason, text)

    def _tell(self, blind: bool) -> None:
        if blind != self._blind:
            self._blind = blind
            text = "the queue does not say it; no pod is taken away" if blind else "known again"
            reason = "LagUnknown" if blind else "LagKnown"
            self._events.add("deployment", self._controller.name, reason, text)

    def _by_cpu(self, current: int) -> tuple[int | None, str] | None:
        aim = self._scaling.rules.utilization
        request = self._controller.deployment.template.cpu_request()
        if aim is None or request is None:
            return None
        loads = [self._load(pod) for pod in self._controller.living]
        known = [load.cores for load in loads if load.cores is not None]
        share = 100 * sum(known) / len(known) / request if known else 0.0
        desired = recommended(current, loads, request, aim)
        return desired, f"CPU {share:.0f} % of the request, aim {aim} %"

    def _load(self, pod: Pod) -> PodLoad:
        if not pod.ready or time.time() - pod.started < YOUNG:
            return PodLoad(None)
        return PodLoad(self._usage.average_cpu(pod.pids))
