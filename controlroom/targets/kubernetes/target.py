"""A cluster as a target: its API server's answers in the words of the abilities."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from controlroom.model.fleet import Fleet
from controlroom.targets.abilities import (
    Configured,
    Endpoints,
    FaultStatus,
    LoadRequest,
    LoadStatus,
    Preview,
    TargetError,
    TargetInfo,
)
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.endpoints import ClusterEndpoints
from controlroom.targets.kubernetes.faults.injecting import ClusterFaults
from controlroom.targets.kubernetes.load.sending import ClusterLoad
from controlroom.targets.kubernetes.resources import (
    PODS,
)
from controlroom.targets.kubernetes.services import host_of
from controlroom.targets.kubernetes.watching import ClusterWatch
from controlroom.targets.kubernetes.workloads import Workloads

NAMESPACE = "controlroom"
"""Where the services are when neither the user nor the context says."""


class KubernetesTarget:
    """The pipeline in one namespace of one context. Connects at first use."""

    def __init__(self, context: str, namespace: str = "", insist: float = 0.0) -> None:
        """`insist`: see Api."""
        self.context = context
        self.api = Api(context, insist)
        self._wanted = namespace
        self._watch: ClusterWatch | None = None
        self._endpoints: ClusterEndpoints | None = None
        self._faults: ClusterFaults | None = None
        self._starting = asyncio.Lock()

    async def namespace(self) -> str:
        """The services' namespace: asked for, the context's own, or the usual one."""
        return self._wanted or (await self.api.access()).namespace or NAMESPACE

    async def info(self) -> TargetInfo:
        """Which scenario it runs. Raises Unreachable where nothing is deployed."""
        config = await (await self._open_endpoints()).config()
        details = {"namespace": await self.namespace(), "context": self.context}
        return TargetInfo(self.context, config.get("SCENARIO", ""), None, details)

    async def fleet(self) -> Fleet:
        """Everything that runs, from watches that stay open."""
        return await (await self._open_watch()).fleet()

    async def endpoints(self) -> Endpoints:
        """The endpoints, by forwarded ports where they are inside."""
        return await (await self._open_endpoints()).endpoints()

    async def scale(self, deployment: str, replicas: int) -> None:
        """Another number of replicas. Raises Refused outside an autoscaler's bounds."""
        await (await self._workloads()).scale(deployment, replicas)

    async def configured(self, deployment: str, names: Sequence[str]) -> Configured:
        """These variables of its containers, as its Deployment says them."""
        return await (await self._workloads()).configured(deployment, names)

    async def configure(
        self, deployment: str, values: Mapping[str, Mapping[str, str | None]]
    ) -> None:
        """Other variables in its Deployment, which replaces the pods."""
        await (await self._workloads()).configure(deployment, values)

    async def preview_restart(self, deployment: str) -> Preview:
        """Which pods a restart would replace."""
        return await (await self._workloads()).preview_restart(deployment)

    async def restart(self, deployment: str) -> None:
        """Replaces all pods, as the deployment's strategy has it."""
        await (await self._workloads()).restart(deployment)

    async def pod_log(self, pod: str, lines: int = 100, previous: bool = False) -> Sequence[str]:
        """The last lines of a pod's containers, each with the container's name where it has more
        than one."""
        place = PODS.path(await self.namespace(), pod)
        found = await self.api.get(place)
        names = [one["name"] for one in found["spec"]["containers"]]
        told: list[str] = []
        wanted = {"tailLines": str(lines)} | ({"previous": "true"} if previous else {})
        for name in names:
            said = await self.api.text(f"{place}/log", container=name, **wanted)
            mark = f"{name}: " if len(names) > 1 else ""
            told += [mark + line for line in said.splitlines()]
        return told[-lines * len(names) :]

    async def preview(self, manifest: Mapping[str, Any]) -> Preview:
        """What a fault would hit now."""
        return await (await self.injector()).preview(manifest)

    async def inject(self, manifest: Mapping[str, Any], run: str) -> FaultStatus:
        """Starts a fault; the cluster holds its end."""
        return await (await self.injector()).inject(manifest, run)

    async def faults(self) -> Sequence[FaultStatus]:
        """All faults that carry the room's labels."""
        return await (await self.injector()).faults()

    async def recover(self, fault: str) -> FaultStatus:
        """Ends one fault and answers when that is verified."""
        return await (await self.injector()).recover(fault)

    async def check_pause(self, fault: str) -> None:
        """Raises Refused for what Chaos Mesh does not pause."""
        await (await self.injector()).check_pause(fault)

    async def pause(self, fault: str, on: bool) -> None:
        """By the annotation of Chaos Mesh. Raises Refused for what only the room carries out."""
        await (await self.injector()).pause(fault, on)

    async def inner_ingress(self) -> str:
        """The ingress by its name inside the cluster."""
        return await (await self._open_endpoints()).inner_ingress()

    async def start_load(self, request: LoadRequest) -> str:
        """Jobs of the services' namespace send it."""
        return await (await self._load()).start(request)

    async def load_lines(self, load: str, heard: float | None) -> AsyncIterator[bytes]:
        """The log of the load's master."""
        async for line in (await self._load()).lines(load, heard):
            yield line

    async def drain_load(self, load: str) -> None:
        """No new requests; answers are waited for."""
        await (await self._load()).drain(load)

    async def end_load(self, load: str) -> None:
        """Its Jobs are deleted."""
        await (await self._load()).end(load)

    async def loads(self) -> Sequence[LoadStatus]:
        """All loads that Jobs send, whoever started them."""
        return await (await self._load()).loads()

    async def _load(self) -> ClusterLoad:
        return ClusterLoad(self.api, await self.namespace())

    async def injector(self) -> ClusterFaults:
        """Who carries out faults here."""
        if self._faults is None:
            namespace = await self.namespace()
            others = await self._others(await self._open_endpoints(), namespace)
            self._faults = ClusterFaults(self.api, (namespace, *sorted(others)))
        return self._faults

    async def close(self) -> None:
        """Ends watches, forwards and connections."""
        watch, self._watch = self._watch, None
        endpoints, self._endpoints = self._endpoints, None
        self._faults = None
        if watch is not None:
            await watch.close()
        if endpoints is not None:
            await endpoints.close()
        await self.api.close()

    async def _workloads(self) -> Workloads:
        return Workloads(self.api, await self.namespace())

    async def _open_endpoints(self) -> ClusterEndpoints:
        async with self._starting:
            if self._endpoints is None:
                self._endpoints = ClusterEndpoints(self.api, await self.namespace())
            return self._endpoints

    async def _open_watch(self) -> ClusterWatch:
        endpoints = await self._open_endpoints()
        async with self._starting:
            if self._watch is None:
                namespace = await self.namespace()
                watch = ClusterWatch(self.api, namespace, await self._others(endpoints, namespace))
                watch.start()
                self._watch = watch
            return self._watch

    async def _others(self, endpoints: ClusterEndpoints, namespace: str) -> set[str]:
        """Namespaces of the stores, as the services' addresses name them."""
        from urllib.parse import urlsplit

        try:
            config = await endpoints.config()
        except TargetError:
            # who may not read it still sees the services' own namespace
            return set()
        found = set()
        for key in ("KAFKA_BOOTSTRAP", "REDIS_URL", "MONGO_URL", "PROMETHEUS_URL"):
            value = config.get(key, "")
            name = urlsplit(value if "://" in value else f"//{value}").hostname or ""
            host = host_of(name, namespace)
            if host is not None:
                found.add(host.namespace)
        return found - {namespace}
