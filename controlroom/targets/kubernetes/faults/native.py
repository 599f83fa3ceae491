"""Pod faults through the Kubernetes API alone, for clusters without Chaos Mesh.

Each fault leaves a ConfigMap as its record. What lasts (pod-failure) is ended by a Job in the
cluster, so it ends even if room and runner are dead.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from controlroom.targets.abilities import FaultStatus, Refused, TargetError
from controlroom.targets.kubernetes import pods as of_pod
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.commands import execute, missing
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.faults import holder
from controlroom.targets.kubernetes.faults.holder import ENDS, FAULT
from controlroom.targets.kubernetes.faults.holders import HOLDER_TIME, Holders
from controlroom.targets.kubernetes.faults.mesh import MANAGED_BY, RUN
from controlroom.targets.kubernetes.faults.selecting import draw, matching, title
from controlroom.targets.kubernetes.resources import (
    CONFIG_MAPS,
    JOBS,
    PODS,
    Json,
)
from host.durations import parse_duration
from stack.faults.registry import kind_of

ACTIONS = ("pod-kill", "container-kill", "pod-failure")
STRATEGIC = "application/strategic-merge-patch+json"
NO_IMAGE = "controlroom.invalid/held-down:1"
"""An image that no registry has: a container that asks for it is ended and cannot start."""
KEPT = 600.0
"""Seconds that the record of a fault that is over stays."""
TERMINATE = (
    ("python", "-c", "import os; os.kill(1, 15)"),
    ("sh", "-c", "kill -TERM 1"),
    ("kill", "-TERM", "1"),
)
"""Ways to end the first process from inside; the kernel keeps SIGKILL from it there."""


class NativeFaults:
    """The pod faults of one pipeline; records and Jobs lie in the services' namespace."""

    def __init__(self, api: Api, namespaces: Sequence[str]) -> None:
        self._api = api
        self._namespaces = tuple(namespaces)
        self._home = namespaces[0]
        self._holders = Holders(api, namespaces[0])

    async def check(self, manifest: Json) -> None:
        """Raises Refused where this cannot be done without Chaos Mesh, with the reason."""
        kind, action = manifest["kind"], manifest["spec"].get("action")
        if kind != "PodChaos" or action not in ACTIONS:
            raise Refused(
                f"{kind_of(kind).title(manifest['spec'])} needs Chaos Mesh, which this cluster "
                "does not serve.",
                f"Install Chaos Mesh, or use PodChaos with {', '.join(ACTIONS)}.",
            )
        if action == "pod-failure":
            await self._holders.check()

    async def inject(self, manifest: Json, run: str) -> FaultStatus:
        """Does it; what lasts is done only once the Job that ends it is running."""
        await self.check(manifest)
        spec = manifest["spec"]
        victims = draw(spec, await matching(self._api, spec))
        if not victims:
            raise Refused("It would hit nothing.", "See `controlroom status` for what runs.")
        now = time.time()
        lasts = spec["action"] == "pod-failure"
        status = FaultStatus(
            id=f"fault-{run}-{secrets.token_hex(2)}",
            run=run,
            kind="PodChaos",
            action=spec["action"],
            name=manifest["metadata"]["name"],
            targets=tuple(title(pod) for pod in victims),
            phase="injecting",
            created=now,
        )
        await self._record(status)
        if lasts:
            status = await self._hold(status, victims, parse_duration(spec["duration"]))
        else:
            await asyncio.gather(*(self._strike(spec, pod) for pod in victims))
        return await self._settled(status, "running" if lasts else "finished")

    async def faults(self) -> list[FaultStatus]:
        """All that have a record, as the pods say they are; old records are removed."""
        listed = await self._api.get(
            CONFIG_MAPS.path(self._home), labelSelector=f"{FAULT},{MANAGED_BY}=controlroom"
        )
        held = await self._held()
        found = []
        for one in listed["items"]:
            status = _read(one)
            if status.action == "pod-failure":
                status = self._seen(status, status.id in held)
            if status.phase == "finished" and time.time() > (status.ends or status.created) + KEPT:
                with contextlib.suppress(TargetError):
                    await self._api.delete(CONFIG_MAPS.path(self._home, status.id))
                continue
            found.append(status)
        known = {status.id for status in found}
        return found + [
            _leftover(fault, pods) for fault, pods in held.items() if fault not in known
        ]

    async def recover(self, fault: str) -> None:
        """Puts everything back now, and verifies that no pod is held down any more."""
        for pod in (await self._held()).get(fault, ()):
            path = PODS.path(pod["metadata"]["namespace"], pod["metadata"]["name"])
            try:
                await self._api.patch(path, holder.released(pod), STRATEGIC)
            except ApiError as error:
                if error.status != 404:
                    raise
        if (await self._held()).get(fault):
            raise TargetError(f"Pods are still held down by {fault}.", "Ask once more.")
        await self._holders.end(fault)

    async def _strike(self, spec: Json, pod: Json) -> None:
        meta = pod["metadata"]
        space, name = meta["namespace"], meta["name"]
        if spec["action"] == "pod-kill":
            grace = int(spec.get("gracePeriod", 0))
            # the pod that was chosen, and not one of the same name that came after it
            body = {
                "apiVersion": "v1",
                "kind": "DeleteOptions",
                "gracePeriodSeconds": grace,
                "preconditions": {"uid": meta["uid"]},
            }
            await self._api.delete(PODS.path(space, name), body)
            return
        for container in spec.get("containerNames") or of_pod.containers(pod)[:1]:
            await self._terminate(space, name, container)

    async def _terminate(self, namespace: str, pod: str, container: str) -> None:
        said = ""
        for words in TERMINATE:
            good, said = await execute(self._api, namespace, pod, container, words)
            if good:
                return
        raise missing(f"{pod}/{container}", said)

    async def _hold(
        self, status: FaultStatus, victims: Sequence[Json], duration: float
    ) -> FaultStatus:
        """Holds them down for `duration` seconds from now; answers with the exact end."""
        latest = status.created + HOLDER_TIME + duration
        labels = {MANAGED_BY: "controlroom", RUN: status.run, FAULT: status.id}
        image = await self._holders.image()
        spaces = sorted({pod["metadata"]["namespace"] for pod in victims})
        made = holder.job(status.id, self._home, spaces, image, latest, labels)
        try:
            await self._api.create(JOBS.path(self._home), made)
            await self._holders.runs(status.id)
            ends = time.time() + duration
            for pod in victims:
                path = PODS.path(pod["metadata"]["namespace"], pod["metadata"]["name"])
                await self._api.patch(path, holder.held(pod, status.id, NO_IMAGE, ends), STRATEGIC)
        except TargetError:
            with contextlib.suppress(TargetError):
                await self.recover(status.id)
                await self._api.delete(CONFIG_MAPS.path(self._home, status.id))
            raise
        return _with(status, ends=ends)

    async def _held(self) -> dict[str, list[Json]]:
        """Fault -> pods that carry its label; the truth about what is injected."""
        found: dict[str, list[Json]] = {}
        for space in self._namespaces:
            for pod in (await self._api.get(PODS.path(space), labelSelector=FAULT))["items"]:
                found.setdefault(pod["metadata"]["labels"][FAULT], []).append(pod)
        return found

    def _seen(self, status: FaultStatus, held: bool) -> FaultStatus:
        """What is injected is what pods carry, whatever the record says."""
        if held:
            late = status.ends is not None and time.time() > status.ends
            return _with(status, phase="deleting" if late else "running")
        if status.phase == "injecting" and time.time() < status.created + HOLDER_TIME:
            return status
        return _with(status, phase="finished", recovered=status.recovered or status.ends)

    async def _record(self, status: FaultStatus) -> None:
        labels = {MANAGED_BY: "controlroom", RUN: status.run, FAULT: status.id}
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": status.id, "namespace": self._home, "labels": labels},
            "data": {"status": json.dumps(asdict(status))},
        }
        await self._api.create(CONFIG_MAPS.path(self._home), body)

    async def _settled(self, status: FaultStatus, phase: str) -> FaultStatus:
        done = _with(status, phase=phase, injected=time.time())
        body = {"data": {"status": json.dumps(asdict(done))}}
        await self._api.patch(CONFIG_MAPS.path(self._home, status.id), body)
        return done


def _read(one: Json) -> FaultStatus:
    data = json.loads(one["data"]["status"])
    data["targets"] = tuple(data["targets"])
    return FaultStatus(**data)


def _with(status: FaultStatus, **changes: Any) -> FaultStatus:
    return FaultStatus(**{**asdict(status), **changes})


def _leftover(fault: str, pods: Sequence[Json]) -> FaultStatus:
    """A fault whose record is gone while pods are held down by it; they know its end."""
    notes = [pod["metadata"].get("annotations") or {} for pod in pods]
    ends = max((float(note[ENDS]) for note in notes if ENDS in note), default=None)
    return FaultStatus(
        fault, "", "PodChaos", "pod-failure", fault, tuple(map(title, pods)), "running", 0.0,
        ends=ends, message="Its record is gone.",
    )  # fmt: skip
