"""What deployments and engines took and did while somebody looked, from the fleet of each look."""

from __future__ import annotations

from collections.abc import Mapping

from controlroom.model.fleet import Deployment, Engine, Fleet

MIB = 1 << 20


class ServicesSeen:
    """CPU and memory of a stretch of time. A service of which nothing is known is not in it."""

    def __init__(self) -> None:
        self._cpu: dict[str, list[float]] = {}
        self._memory: dict[str, int] = {}

    def see(self, fleet: Fleet) -> None:
        """One look."""
        every: tuple[Deployment | Engine, ...] = (*fleet.deployments, *fleet.engines)
        for one in every:
            if one.cpu is not None:
                self._cpu.setdefault(one.name, []).append(one.cpu)
            if one.memory is not None:
                self._memory[one.name] = max(one.memory, self._memory.get(one.name, 0))

    def told(self) -> dict[str, dict[str, float]]:
        """Service -> `cpu`, the mean of all looks in cores, and `memory`, the highest in MiB."""
        found: dict[str, dict[str, float]] = {}
        for name, seen in self._cpu.items():
            found.setdefault(name, {})["cpu"] = round(sum(seen) / len(seen), 4)
        for name, size in self._memory.items():
            found.setdefault(name, {})["memory"] = round(size / MIB, 1)
        return found


def together(services: Mapping[str, Mapping[str, float]], what: str) -> float | None:
    """`cpu` or `memory` of all services; None where none is known."""
    known = [one[what] for one in services.values() if what in one]
    return round(sum(known), 4) if known else None


class FleetSeen:
    """Restarts and replicas of a block."""

    def __init__(self) -> None:
        self._restarts: dict[str, int] | None = None
        """Pod or engine -> how often it was restarted, ever."""
        self._again = 0
        self._replicas: dict[str, list[int]] = {}
        self._wanted: dict[str, int] = {}
        self._pods: dict[str, set[str]] = {}
        """Deployment -> all pods that it ever had."""
        self._due: dict[str, int] = {}
        """Deployment -> pods that it had to have, each time that more were wanted."""

    def see(self, fleet: Fleet) -> None:
        """One look."""
        for one in fleet.deployments:
            name, now = one.name, one.replicas
            least, most = self._replicas.get(name, (now, now))
            self._replicas[name] = [min(least, now), max(most, now)]
            more = max(0, now - self._wanted.get(name, 0))
            self._due[name] = self._due.get(name, 0) + more
            self._wanted[name] = now
        for pod in fleet.pods:
            self._pods.setdefault(pod.deployment, set()).add(pod.name)
        has = {one.name: one.restarts for one in fleet.pods}
        has.update((one.name, one.restarts) for one in fleet.engines)
        had = has if self._restarts is None else self._restarts
        self._again += sum(max(0, many - had.get(name, many)) for name, many in has.items())
        self._restarts = {**had, **has}

    @property
    def restarts(self) -> int | None:
        """Containers and engines that were started again, and pods that took another's place; None
        where nobody looked."""
        if self._restarts is None:
            return None
        due = self._due
        others = sum(max(0, len(had) - due.get(name, 0)) for name, had in self._pods.items())
        return self._again + others

    @property
    def replicas(self) -> dict[str, list[int]]:
        """Deployment -> the least and the most that were wanted; an autoscaler changes that."""
        return {name: list(bounds) for name, bounds in self._replicas.items()}
