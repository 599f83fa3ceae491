"""The mirrors of one cluster, and the fleet that is made of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from dataclasses import replace

from controlroom.model.fleet import Fleet
from controlroom.targets.abilities import Denied, TargetError, Unreachable
from controlroom.targets.kubernetes import reading
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.errors import stranger
from controlroom.targets.kubernetes.links import LinkWatch
from controlroom.targets.kubernetes.mirror import Mirror
from controlroom.targets.kubernetes.resources import (
    AUTOSCALERS,
    DEPLOYMENTS,
    EVENTS,
    POD_METRICS,
    PODS,
    SCALED_OBJECTS,
    STATEFUL_SETS,
    Json,
    Resource,
)
from wire.ending import end

HERE = (DEPLOYMENTS, PODS, EVENTS, AUTOSCALERS, SCALED_OBJECTS, STATEFUL_SETS)
ELSEWHERE = (DEPLOYMENTS, PODS, STATEFUL_SETS)
NEEDED = (DEPLOYMENTS, PODS)
"""Without these of the services' namespace there is no fleet to show."""
OPTIONAL = (SCALED_OBJECTS,)
"""Not every cluster serves them, and nobody misses them."""
USE_EVERY = 10.0
"""Seconds between two readings of what pods use; metrics-server measures no oftener."""
FIRST_LOOK = 8.0
"""Seconds that the first lists may take."""


class ClusterWatch:
    """Watches the services' namespace, and the stores' ones for their engines."""

    def __init__(self, api: Api, namespace: str, others: Iterable[str] = ()) -> None:
        self.namespace = namespace
        self._api = api
        self.mirrors: dict[tuple[Resource, str], Mirror] = {}
        self._dirty = True
        self._fleet: Fleet | None = None
        self._use: dict[str, tuple[float, int]] = {}
        self._measured = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._links = LinkWatch(api, namespace, self._touch)
        for resource in HERE:
            self._add(resource, namespace)
        for other in sorted(set(others) - {namespace}):
            for resource in ELSEWHERE:
                self._add(resource, other)

    def start(self) -> None:
        """Starts all watches; they go on until `close`."""
        for mirror in self.mirrors.values():
            self._tasks.append(asyncio.create_task(mirror.run()))
        self._tasks.append(asyncio.create_task(self._links.run()))
        self._tasks.append(asyncio.create_task(self._measure()))

    async def close(self) -> None:
        """Ends all watches."""
        await end(self._tasks)
        self._tasks.clear()

    async def fleet(self) -> Fleet:
        """As it is known now. Raises what keeps the needed resources from being watched."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK):
                for mirror in self.mirrors.values():
                    await mirror.settled.wait()
                await self._measured.wait()
        for resource in NEEDED:
            mirror = self.mirrors[resource, self.namespace]
            if mirror.state == "starting":
                server = f"The API server of {self._api.context}"
                raise Unreachable(
                    f"{server} has not answered in {FIRST_LOOK:.0f} s.",
                    "It is asked again by itself; see that the cluster is up.",
                )
            if mirror.state == "absent":
                raise stranger(
                    (await self._api.access()).server, f"404 to a list of {resource.plural}"
                )
            if mirror.state in ("away", "denied") and mirror.error is not None:
                if mirror.state == "away":
                    # asked again by the panel: then the watch is tried again too
                    mirror.hurry()
                raise mirror.error
        if self._dirty or self._fleet is None:
            self._dirty = False
            self._fleet = self._read()
        return self._fleet

    def objects(self, resource: Resource, namespace: str = "") -> list[Json]:
        """What the mirror of a resource holds now."""
        mirror = self.mirrors.get((resource, namespace or self.namespace))
        return list(mirror.objects) if mirror is not None else []

    def pods(self) -> list[Json]:
        """All pods of all namespaces that are watched."""
        return [
            pod
            for (resource, _), mirror in self.mirrors.items()
            if resource is PODS
            for pod in mirror.objects
        ]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not shown and why."""
        found = []
        for (resource, _), mirror in self.mirrors.items():
            if isinstance(mirror.error, Denied):
                found.append(str(mirror.error))
            elif mirror.error is not None and resource not in OPTIONAL:
                found.append(f"{resource.title}: {mirror.error}")
        return tuple(dict.fromkeys([*found, *self._links.notes]))

    def _add(self, resource: Resource, namespace: str) -> None:
        self.mirrors[resource, namespace] = Mirror(self._api, resource, namespace, self._touch)

    def _touch(self) -> None:
        self._dirty = True

    def _read(self) -> Fleet:
        others = [space for resource, space in self.mirrors if resource is DEPLOYMENTS]
        seen = reading.Objects(
            deployments=self.objects(DEPLOYMENTS),
            pods=self.pods(),
            autoscalers=self.objects(AUTOSCALERS),
            scaled=self.objects(SCALED_OBJECTS),
            stateful=[one for space in others for one in self.objects(STATEFUL_SETS, space)],
            elsewhere=[
                one
                for space in others
                if space != self.namespace
                for one in self.objects(DEPLOYMENTS, space)
            ],
            events=self.objects(EVENTS),
            use=self._use,
            started=self._started(),
        )
        told = reading.fleet(seen, self.namespace, time.time(), self.notes)
        return replace(told, links=self._links.now())

    def _started(self) -> float | None:
        from controlroom.targets.kubernetes.pods import moment

        made = [
            moment(one["metadata"].get("creationTimestamp")) for one in self.objects(DEPLOYMENTS)
        ]
        return min((at for at in made if at is not None), default=None)

    async def _measure(self) -> None:
        """Reads what pods use; where nothing measures it, it stays unknown."""
        while True:
            use: dict[str, tuple[float, int]] = {}
            for resource, space in list(self.mirrors):
                if resource is PODS:
                    with contextlib.suppress(TargetError):
                        found = await self._api.get(POD_METRICS.path(space))
                        use |= reading.use_of(found["items"])
            if use != self._use:
                self._use, self._dirty = use, True
            self._measured.set()
            await asyncio.sleep(USE_EVERY)
