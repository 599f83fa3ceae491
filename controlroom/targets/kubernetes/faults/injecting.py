"""Faults of a cluster: the preview, the choice of who carries them out, and their list."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from controlroom.targets.abilities import FaultStatus, Preview, Refused, TargetError
from controlroom.targets.kubernetes import pods as of_pod
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.faults.mesh import KINDS, ChaosMesh
from controlroom.targets.kubernetes.faults.native import NativeFaults
from controlroom.targets.kubernetes.faults.selecting import (
    amount,
    matching,
    placed,
    stays,
    title,
)
from controlroom.targets.kubernetes.faults.splits import RouteSplits
from controlroom.targets.kubernetes.resources import PODS, Json
from host.durations import format_duration
from stack.faults.preview import NOBODY_STAYS, OVER_AT_ONCE
from stack.faults.preview import amount as amount_of
from stack.faults.registry import kind_of
from stack.faults.splitting import NAME as SPLIT

NATIVE = {
    "pod-kill": "deleted through the Kubernetes API and replaced by their owners",
    "container-kill": "get SIGTERM to the first process of the named container, which restarts",
    "pod-failure": "lose the images of all their containers and stay down",
}
REMARKS = {
    "pod-kill": "Chaos Mesh is not installed: the room deletes the pods itself.",
    "container-kill": "Chaos Mesh is not installed: the room sends SIGTERM from inside the "
    "container; only the node could send SIGKILL.",
    "pod-failure": "Chaos Mesh is not installed: the room takes the images away, and a Job in the "
    "cluster puts them back at the end, also if the room is dead.",
}


HOLDERS = {
    "Schedule": (
        "Chaos Mesh knows no end of a Schedule: the run ends it, or else the next room or "
        "command that looks at this cluster's faults.",
    ),
}


class ClusterFaults:
    """Carries out faults on the pods of the pipeline's namespaces, the services' one first."""

    def __init__(self, api: Api, namespaces: Sequence[str]) -> None:
        self._api = api
        self._namespaces = tuple(namespaces)
        self.mesh = ChaosMesh(api, namespaces[0])
        self.native = NativeFaults(api, namespaces)
        self.splits = RouteSplits(api, namespaces[0])

    async def preview(self, manifest: Mapping[str, Any]) -> Preview:
        """What would be hit now. Raises Refused where it cannot be done here."""
        if manifest["kind"] == SPLIT:
            return await self.splits.preview(manifest)
        one = await self._checked(manifest)
        if not kind_of(one["kind"]).selects:
            return await self._foretell(one)
        spec = one["spec"]
        matched = await matching(self._api, spec)
        everyone = await self._everyone(spec)
        hits = amount(spec, len(matched))
        left = stays(matched, everyone, hits)
        by_mesh = await self.mesh.installed()
        return Preview(
            matched=len(matched),
            hits=tuple(title(pod) for pod in matched),
            hit_count=hits,
            stays=left,
            effect=_effect(one, hits, by_mesh),
            ends=_end(one),
            remarks=_remarks(one, matched, left, by_mesh),
        )

    async def _foretell(self, one: Json) -> Preview:
        """Whom the parts of an object would hit, each as it would be now."""
        kind, told = kind_of(one["kind"]), []
        names: dict[str, None] = {}
        count, least = 0, []
        for part, spec in kind.parts(one["spec"]):
            matched = await matching(self._api, spec)
            hits = amount(spec, len(matched))
            names |= dict.fromkeys(title(pod) for pod in matched)
            least.append(stays(matched, await self._everyone(spec), hits))
            count += hits
            pods = ", ".join(map(title, matched)) or "nothing"
            told.append(f"{kind_of(part).title(spec)}: {hits} of {pods}")
        lasts = format_duration(kind.lasts(one) or 0.0)
        return Preview(
            matched=len(names),
            hits=tuple(names),
            hit_count=min(count, len(names)),
            stays=min(least, default=0),
            effect=f"Chaos Mesh carries the {kind.name} out: {amount_of(len(names))} at most.",
            ends=f"It ends after {lasts}.",
            remarks=(*told, *HOLDERS.get(kind.name, ())),
        )

    async def inject(self, manifest: Mapping[str, Any], run: str) -> FaultStatus:
        """Starts it; the cluster holds its end."""
        if manifest["kind"] == SPLIT:
            return await self.splits.inject(manifest, run)
        one = await self._checked(manifest)
        if await self.mesh.installed():
            return await self.mesh.inject(one, run)
        return await self.native.inject(one, run)

    async def faults(self) -> list[FaultStatus]:
        """All that the room has made here, whoever carries it out."""
        found = [*await self.native.faults(), *await self.splits.faults()]
        if await self.mesh.installed():
            objects = await self.mesh.faults()
            found += objects
            await self.mesh.sweep(objects, time.time())
        return found

    async def recover(self, fault: str) -> FaultStatus:
        """Ends it. What its finalizer still holds is answered as `deleting`."""
        before = next((one for one in await self.faults() if one.id == fault), None)
        if before is None:
            raise TargetError(f"No fault is called {fault}.", "See `controlroom chaos status`.")
        if "/" in fault:
            await self.mesh.recover(fault)
        elif before.kind == SPLIT:
            await self.splits.recover(fault)
        else:
            await self.native.recover(fault)
        after = next((one for one in await self.faults() if one.id == fault), None)
        if after is not None:
            return after
        return FaultStatus(
            **{name: getattr(before, name) for name in _KEPT}, phase="finished",
            recovered=time.time(),
        )  # fmt: skip

    async def check_pause(self, fault: str) -> None:
        """Raises Refused where it cannot be paused, as where only the room holds it."""
        if "/" not in fault:
            raise Refused(
                "Only Chaos Mesh pauses a fault, and it does not hold this one.",
                f"End it: `controlroom chaos stop {fault}`.",
            )
        one = next((one for one in await self.mesh.faults() if one.id == fault), None)
        if one is None:
            raise TargetError(f"No fault is called {fault}.", "See `controlroom chaos status`.")
        if one.kind == "Workflow":
            raise Refused("Chaos Mesh does not pause a workflow.", f"End it: `chaos stop {fault}`.")
        if one.action in kind_of(one.kind).at_once or one.phase in ("finished", "deleting"):
            raise Refused(f"{fault} is over, so there is nothing to pause.", "")

    async def pause(self, fault: str, on: bool) -> None:
        """Lifts it for a while, or puts it back. Raises Refused where that cannot be."""
        await self.check_pause(fault)
        await self.mesh.pause(fault, on)

    async def _checked(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        one = placed(manifest, self._namespaces)
        if not await self.mesh.installed():
            await self.native.check(one)
        elif one["kind"] not in KINDS:
            raise Refused(
                f"{one['kind']} has no end of its own, so it is not injected from here.",
                f"Use one of {', '.join(KINDS)}.",
            )
        return one

    async def _everyone(self, spec: Json) -> list[Json]:
        spaces = spec["selector"].get("namespaces") or list(spec["selector"].get("pods") or ())
        return [pod for s in spaces for pod in (await self._api.get(PODS.path(s)))["items"]]


_KEPT = ("id", "run", "kind", "action", "name", "targets", "created", "injected", "ends", "message")


def _effect(one: Json, hits: int, by_mesh: bool) -> str:
    kind, pods = kind_of(one["kind"]), amount_of(hits)
    if by_mesh:
        return f"Chaos Mesh does {kind.title(one['spec'])} to {pods}."
    return f"{pods}: {NATIVE[kind.action(one['spec'])]}."


def _end(one: Json) -> str:
    spec = one["spec"]
    if kind_of(one["kind"]).one_shot(spec):
        return OVER_AT_ONCE
    return f"It ends by itself after {spec.get('duration')}; the cluster holds that end."


def _remarks(one: Json, matched: Sequence[Json], left: int, by_mesh: bool) -> tuple[str, ...]:
    remarks = [] if by_mesh else [REMARKS[one["spec"]["action"]]]
    spaces = sorted({pod["metadata"]["namespace"] for pod in matched})
    if len(spaces) > 1:
        remarks.append(f"Pods of {len(spaces)} namespaces match: {', '.join(spaces)}.")
    if matched and left == 0:
        remarks.append(NOBODY_STAYS)
    if any(pod["spec"].get("hostNetwork") for pod in matched) and one["kind"] == "NetworkChaos":
        remarks.append("A pod is on the node's own network: Chaos Mesh refuses it or gets stuck.")
    waiting = sum(not of_pod.ready(pod) for pod in matched)
    if waiting:
        remarks.append(f"{waiting} of the matched pods are not ready already.")
    return tuple(remarks)
