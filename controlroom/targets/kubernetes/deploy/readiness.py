"""Waiting for what was applied, and saying why something is not ready."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controlroom.targets.abilities import TargetError
from controlroom.targets.kubernetes import pods as of_pod
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.deploy.rendering import Object
from controlroom.targets.kubernetes.mirror import Mirror
from controlroom.targets.kubernetes.reading import events, trouble
from controlroom.targets.kubernetes.resources import (
    DAEMON_SETS,
    DEPLOYMENTS,
    EVENTS,
    JOBS,
    PODS,
    STATEFUL_SETS,
    Json,
    Resource,
)
from wire.ending import end

WORKLOADS = {one.kind: one for one in (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS)}
LAST_EVENTS = 3
LAST_LINES = 5
Key = tuple[str, str, str]
"""Kind, namespace, name."""


@dataclass(frozen=True, slots=True)
class UnreadyWorkload:
    """One workload that is not ready, with what the cluster says about it."""

    kind: str
    namespace: str
    name: str
    state: str
    reasons: tuple[str, ...]
    images: tuple[str, ...] = ()
    """Images that its pods wait for and their nodes cannot get."""


class Rollout:
    """Follows the workloads of an overlay by watches."""

    def __init__(self, api: Api, objects: Sequence[Object]) -> None:
        self._api = api
        self._wanted: list[Key] = [
            (one["kind"], one["metadata"]["namespace"], one["metadata"]["name"])
            for one in objects
            if one["kind"] in WORKLOADS
        ]
        self._changed = asyncio.Event()
        places = sorted({(kind, space) for kind, space, _ in self._wanted})
        self._mirrors = {
            (kind, space): Mirror(api, WORKLOADS[kind], space, self._changed.set)
            for kind, space in places
        }

    async def wait(self, timeout: float, say: Callable[[str], None]) -> list[UnreadyWorkload]:
        """Until all are ready; answers what was not after `timeout` seconds, with reasons."""
        tasks = [asyncio.create_task(mirror.run()) for mirror in self._mirrors.values()]
        try:
            async with asyncio.timeout(timeout):
                await self._follow(say)
            return []
        except TimeoutError:
            return [await self._explained(key, state) for key, state in self._waiting()]
        finally:
            await end(tasks)

    async def _follow(self, say: Callable[[str], None]) -> None:
        said = ""
        while True:
            self._changed.clear()
            waiting = self._waiting()
            done = len(self._wanted) - len(waiting)
            line = f"{done}/{len(self._wanted)} ready"
            if waiting:
                (_, _, name), state = waiting[0]
                line += f"; {name} {state}"
            if line != said:
                say(line)
                said = line
            if not waiting:
                return
            await self._changed.wait()

    def _waiting(self) -> list[tuple[Key, str]]:
        found = []
        for key in self._wanted:
            kind, space, name = key
            mirror = self._mirrors[kind, space]
            one = next((o for o in mirror.objects if o["metadata"]["name"] == name), None)
            state = "is not there yet" if one is None else unready(kind, one)
            if one is None and mirror.error is not None:
                state = str(mirror.error)
            if state:
                found.append((key, state))
        return found

    async def _explained(self, key: Key, state: str) -> UnreadyWorkload:
        kind, space, name = key
        try:
            reasons, images = await why(self._api, WORKLOADS[kind], space, name)
        except TargetError as error:
            reasons, images = [str(error)], []
        return UnreadyWorkload(kind, space, name, state, tuple(reasons), tuple(images))


def unready(kind: str, one: Json) -> str:
    """How far it is; empty where it is ready, in the sense of `kubectl rollout status`."""
    meta, spec, status = one["metadata"], one["spec"], one.get("status") or {}
    if kind == "Job":
        done = any(
            c["type"] == "Complete" and c["status"] == "True" for c in status.get("conditions", ())
        )
        return "" if done else "has not completed"
    if int(status.get("observedGeneration") or 0) < int(meta.get("generation") or 0):
        return "has not been looked at"
    if kind == "DaemonSet":
        wanted = int(status.get("desiredNumberScheduled") or 0)
        updated = int(status.get("updatedNumberScheduled") or 0)
        there = int(status.get("numberAvailable") or 0)
    else:
        wanted = int(spec.get("replicas", 1))
        updated = int(status.get("updatedReplicas") or 0)
        there = int(status.get("availableReplicas") or 0)
    if updated < wanted:
        return f"{updated}/{wanted} updated"
    old = int(status.get("replicas") or 0) - updated
    if old > 0 and kind == "Deployment":
        return f"{old} old pods are ending"
    return "" if there >= wanted else f"{there}/{wanted} ready"


async def why(
    api: Api, resource: Resource, namespace: str, name: str
) -> tuple[list[str], list[str]]:
    """Conditions, pods with their last lines, and the newest events about both; then the images
    that no node could get, each named once however many pods wait for it."""
    one = await api.get(resource.path(namespace, name))
    reasons = [trouble(one)] if trouble(one) else []
    words = ",".join(f"{k}={v}" for k, v in (one["spec"]["selector"]["matchLabels"]).items())
    found = (await api.get(PODS.path(namespace), labelSelector=words))["items"]
    names, images = {name}, set[str]()
    for pod in found:
        names.add(pod["metadata"]["name"])
        missing = of_pod.missing_images(pod)
        if not of_pod.ready(pod) and not (missing and missing <= images):
            said = of_pod.message(pod)
            reasons += await _of_pod(api, namespace, pod, _cause(said) if missing else said)
        images |= missing
    told = (await api.get(EVENTS.path(namespace)))["items"]
    about = [e for e in told if _about(e, names) and not (images and _of_image(e))]
    for event in events(about)[-LAST_EVENTS:]:
        ago = max(0.0, time.time() - event.at)
        reasons.append(f"{ago:.0f} s ago {event.object}: {event.reason}: {event.message}")
    return reasons, sorted(images)


def _about(event: Json, names: set[str]) -> bool:
    subject = str((event.get("involvedObject") or {}).get("name", ""))
    return event.get("type") != "Normal" and any(
        subject == name or subject.startswith(f"{name}-") for name in names
    )


def _of_image(event: Json) -> bool:
    """What the pod's own status says already, at greater length."""
    said = str(event.get("message", ""))
    return any(word in said for word in ("pull image", "pulling image", "ImagePull"))


async def _of_pod(api: Api, namespace: str, pod: Json, said: str) -> list[str]:
    name = pod["metadata"]["name"]
    reasons = [f"{name}: {said or of_pod.phase(pod)}"]
    for status in of_pod.container_statuses(pod):
        if status.get("ready") or not (status.get("restartCount") or status.get("started")):
            continue
        path = PODS.path(namespace, name, "log")
        before = {"previous": "true"} if status.get("restartCount") else {}
        try:
            lines = await api.text(
                path, container=status["name"], tailLines=str(LAST_LINES), **before
            )
        except TargetError:
            continue
        reasons += [f"{name}/{status['name']} said: {line}" for line in lines.splitlines()]
    return reasons


def _cause(message: str) -> str:
    """Why an image cannot be had, without the layers around it: each names in quotes what it was
    about, and then the next one."""
    head, found, cause = message.rpartition('": ')
    return f"{head.partition(': ')[0]}: {cause}" if found else message
