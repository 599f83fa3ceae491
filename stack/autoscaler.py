"""The algorithm of the HorizontalPodAutoscaler (autoscaling/v2), on CPU and on the lag.

Source: kubernetes.io, Horizontal Pod Autoscaling: algorithm details, scaling policies,
stabilization window; kubernetes/pkg/controller/podautoscaler. The lag is what KEDA's Kafka
scaler gives that autoscaler: an external metric with an average value as its aim.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from stack.manifests.model import Autoscaler, ScalePolicy, ScalingRules

TOLERANCE = 0.1
YOUNG = 30.0
"""Seconds after its start in which the CPU of a pod says nothing: it is still starting."""


@dataclass(frozen=True, slots=True)
class PodLoad:
    """What one pod uses, in cores; None while that says nothing."""

    cores: float | None


def recommended(current: int, loads: Sequence[PodLoad], request: float, utilization: int) -> int:
    """The number of pods that the load asks for, before bounds and rules.

    A pod without a figure counts as idle when that would scale up, and as using all of its
    request when it would scale down.
    """
    aim = request * utilization / 100
    known = [load.cores for load in loads if load.cores is not None]
    if not known or aim <= 0:
        return current
    ratio = sum(known) / len(known) / aim
    missing = len(loads) - len(known)
    if not missing:
        return current if abs(ratio - 1) <= TOLERANCE else math.ceil(ratio * len(known))
    assumed = 0.0 if ratio > 1 else request
    careful = (sum(known) + assumed * missing) / len(loads) / aim
    if abs(careful - 1) <= TOLERANCE or (careful > 1) != (ratio > 1):
        return current
    number = math.ceil(careful * len(loads))
    return current if (number > current) != (ratio > 1) else number


def for_lag(current: int, lag: int, aim: int) -> int:
    """The number of pods of which each has `aim` records waiting, before bounds and rules."""
    if abs(lag / (aim * max(current, 1)) - 1) <= TOLERANCE:
        return current
    return math.ceil(lag / aim)


def highest(current: int, desired_counts: Sequence[int | None]) -> int:
    """The greatest count that any signal asks for. While one is not known, no pod is removed."""
    known = [desired for desired in desired_counts if desired is not None]
    if not known:
        return current
    desired = max(known)
    return current if desired < current and len(known) < len(desired_counts) else desired


@dataclass(slots=True)
class Scaling:
    """The memory of one autoscaler. Moments are seconds of a monotonic clock."""

    rules: Autoscaler
    _asked: deque[tuple[float, int]] = field(default_factory=deque)
    _changes: deque[tuple[float, int]] = field(default_factory=deque)

    def by_hand(self, now: float, replicas: int) -> None:
        """Somebody chose a number; it holds for the stabilisation windows."""
        self._asked = deque([(now, replicas)])
        self._changes.clear()

    def decide(self, now: float, current: int, desired: int) -> int:
        """The number of pods to have now."""
        bounded = min(max(desired, self.rules.minimum), self.rules.maximum)
        self._asked.append((now, bounded))
        self._forget(now)
        steady = self._steady(now, current, bounded)
        decision = self._limited(now, current, steady)
        if decision != current:
            self._changes.append((now, decision - current))
        return decision

    def _steady(self, now: float, current: int, desired: int) -> int:
        up = min([n for at, n in self._asked if now - at <= self.rules.up.window] + [desired])
        down = max([n for at, n in self._asked if now - at <= self.rules.down.window] + [desired])
        if current < up:
            return up
        return min(current, down)

    def _limited(self, now: float, current: int, desired: int) -> int:
        if desired > current:
            limit = self._limit(now, current, self.rules.up, 1)
            return max(current, min(desired, limit, self.rules.maximum))
        if desired < current:
            limit = self._limit(now, current, self.rules.down, -1)
            return min(current, max(desired, limit, self.rules.minimum))
        return current

    def _limit(self, now: float, current: int, rules: ScalingRules, sign: int) -> int:
        """How far the policies let it go in this direction now."""
        if rules.select == "Disabled":
            return current
        reaches = [self._reach(now, current, policy, sign) for policy in rules.policies]
        furthest = (rules.select == "Max") == (sign > 0)
        return max(reaches) if furthest else min(reaches)

    def _reach(self, now: float, current: int, policy: ScalePolicy, sign: int) -> int:
        since = sum(
            change
            for at, change in self._changes
            if now - at <= policy.period and change * sign > 0
        )
        start = current - since
        if policy.kind == "Pods":
            return start + sign * policy.value
        exact = start * (1 + sign * policy.value / 100)
        return math.ceil(exact) if sign > 0 else int(exact)

    def _forget(self, now: float) -> None:
        window = max(self.rules.up.window, self.rules.down.window)
        while self._asked and now - self._asked[0][0] > window:
            self._asked.popleft()
        periods = [policy.period for policy in (*self.rules.up.policies, *self.rules.down.policies)]
        while self._changes and now - self._changes[0][0] > max(periods):
            self._changes.popleft()
