"""Faults as objects of Chaos Mesh: its controller carries them out and ends them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from controlroom.targets.abilities import FaultStatus, Refused, TargetError
from controlroom.targets.kubernetes.api import JSON_PATCH, Api
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.pods import moment
from controlroom.targets.kubernetes.resources import Json, Resource
from stack.faults.kind import API
from stack.faults.model import Phase
from stack.faults.registry import kind_of, kinds

GROUP, VERSION = "chaos-mesh.org", "v1alpha1"
ROOT = f"/apis/{GROUP}/{VERSION}"
RUN, MANAGED_BY = "controlroom/run", "app.kubernetes.io/managed-by"
KINDS = {
    name: Resource(GROUP, VERSION, f"{name.lower()}{'' if kind.selects else 's'}", name)
    for name, kind in kinds().items()
    if kind.ends and kind.api == API
}
"""The kinds that can be given an end."""
HOLDERS = ("managed-by", "chaos-mesh.org/workflow")
"""Labels by which Chaos Mesh names the Schedule or Workflow that an object is of."""
_OURS = re.compile(r"-(r-\d+)$")
"""End of the name of each object that a run has made."""
SELECT_TIME = 10.0
"""Seconds after which an object that has selected nothing has failed to start."""
POLL = 0.3
PAUSE = "experiment.chaos-mesh.org/pause"
FORCE = "chaos-mesh.chaos-mesh.org/cleanFinalizer"
KEPT = 60.0
"""Seconds that a finished object of ours is left for others to see before it is removed."""


class ChaosMesh:
    """The objects of one namespace that the room has made."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._served: bool | None = None

    async def installed(self) -> bool:
        """Whether the cluster serves its kinds; a cluster that did not is asked again."""
        if not self._served:
            self._served = await self._api.exists(ROOT)
        return self._served

    async def inject(self, manifest: dict[str, Any], run: str) -> FaultStatus:
        """Creates the object. Raises Refused where it selects nothing in time."""
        kind = KINDS[manifest["kind"]]
        manifest["metadata"]["name"] = f"{manifest['metadata']['name'][:40]}-{run}"
        made = await self._api.create(kind.path(self._namespace), manifest)
        name = made["metadata"]["name"]
        if not kind_of(kind.kind).selects:
            return read(made)
        try:
            async with asyncio.timeout(SELECT_TIME):
                while not _has(made, "Selected"):
                    await asyncio.sleep(POLL)
                    made = await self._api.get(kind.path(self._namespace, name))
        except TimeoutError:
            await self._delete(kind, name)
            raise Refused(
                f"{kind.kind} {name} had selected nothing after {SELECT_TIME:g} s and was removed.",
                "See that Chaos Mesh's controller runs, and what the selector matches.",
            ) from None
        return read(made)

    async def faults(self) -> list[FaultStatus]:
        """All that the room has made, the finished ones of the last minute included."""
        found = []
        for kind in KINDS.values():
            try:
                listed = await self._api.get(kind.path(self._namespace))
            except ApiError as error:
                if error.status == 404:
                    continue
                raise
            ours = [one for one in listed["items"] if _run_of(one) is not None]
            found += [read({**one, "kind": kind.kind}) for one in ours]
        return found

    async def recover(self, fault: str) -> None:
        """Deletes the object; its finalizer holds it until all its pods are recovered."""
        kind, name = _split(fault)
        await self._delete(kind, name)

    async def pause(self, fault: str, on: bool = True) -> None:
        """Lifts the fault for a while, or puts it back. No effect on what is over at once."""
        kind, name = _split(fault)
        note = {"metadata": {"annotations": {PAUSE: "true" if on else None}}}
        await self._api.patch(kind.path(self._namespace, name), note)

    async def sweep(self, faults: Sequence[FaultStatus], now: float) -> None:
        """Removes finished objects that have been seen; expired ones would stay for ever. A
        Schedule is ended so, as Chaos Mesh does not end it."""
        for one in faults:
            over = one.recovered or one.injected or one.created
            late = one.kind == "Schedule" and one.ends is not None and now > one.ends
            if late or (one.phase == "finished" and now > over + KEPT):
                kind, name = _split(one.id)
                await self._delete(kind, name)

    async def stuck(self) -> list[str]:
        """One sentence for each object that should be gone and is not, with what holds it."""
        found = []
        for fault in await self.faults():
            kind, name = _split(fault.id)
            if fault.phase != "deleting":
                continue
            one = await self._api.get(kind.path(self._namespace, name))
            holders = ", ".join(one["metadata"].get("finalizers") or ()) or "nothing"
            records = [r["id"] for r in _records(one) if r.get("phase", "").startswith("Injected")]
            left = f" not recovered: {', '.join(records)}." if records else ""
            found.append(f"{fault.id} is held by {holders};{left or ' no record is injected.'}")
        return found

    async def force(self, fault: str) -> None:
        """Removes the object without recovering: what it did may still be injected."""
        kind, name = _split(fault)
        path = kind.path(self._namespace, name)
        await self._delete(kind, name)
        try:
            await self._api.patch(path, {"metadata": {"annotations": {FORCE: "forced"}}})
            await self._api.patch(
                path, [{"op": "remove", "path": "/metadata/finalizers"}], JSON_PATCH
            )
        except ApiError as error:
            if error.status not in (404, 422):
                raise

    async def _delete(self, kind: Resource, name: str) -> None:
        try:
            await self._api.delete(kind.path(self._namespace, name))
        except ApiError as error:
            if error.status != 404:
                raise


def read(one: Json) -> FaultStatus:
    """An object in the words of the room."""
    meta, spec = one["metadata"], one["spec"]
    kind = kind_of(one["kind"])
    at_once = kind.one_shot(spec)
    created = moment(meta["creationTimestamp"]) or 0.0
    injected = _times(one, "Apply")
    recovered = _times(one, "Recover")
    phase = _phase(one, at_once)
    ends = None
    lasts = None if at_once else kind.lasts(one)
    if lasts is not None:
        # Chaos Mesh counts from the object's creation, not from the injection
        ends = created + lasts
    return FaultStatus(
        id=f"{KINDS[one['kind']].plural}/{meta['name']}",
        run=_run_of(one) or "",
        kind=one["kind"],
        action=kind.action(spec),
        name=meta["name"],
        targets=tuple(record["id"] for record in _records(one)),
        phase=phase,
        created=created,
        injected=max(injected) if injected else None,
        recovered=max(recovered) if recovered and phase == "finished" else None,
        ends=ends,
        message=_trouble(one),
        pausable=not at_once and one["kind"] != "Workflow" and phase in ("running", "paused"),
    )


def _phase(one: Json, at_once: bool) -> Phase:
    """The five words of Chaos Mesh's dashboard."""
    if one["metadata"].get("deletionTimestamp"):
        return "deleting"
    if _has(one, "Paused"):
        return "paused"
    if not kind_of(one["kind"]).selects:
        return _holding(one)
    wanted = _experiment(one).get("desiredPhase")
    records = _records(one)
    done = records and all(str(r.get("phase")) == "Injected" for r in records)
    if at_once and done:
        return "finished"
    if wanted == "Stop":
        # AllRecovered is true before the injection as well, so it means something only here
        return "finished" if _has(one, "AllRecovered") else "running"
    return "running" if _has(one, "Selected") and _has(one, "AllInjected") else "injecting"


def _holding(one: Json) -> Phase:
    """Of a Schedule or a Workflow, whose status has other words."""
    if (one["metadata"].get("annotations") or {}).get(PAUSE) == "true":
        return "paused"
    if _has(one, "Accomplished"):
        return "finished"
    return "running" if one["kind"] == "Schedule" or _has(one, "Scheduled") else "injecting"


def _run_of(one: Json) -> str | None:
    """The run that made it, by itself or by a Schedule or a Workflow; None for others' objects."""
    labels = one["metadata"].get("labels") or {}
    if labels.get(MANAGED_BY) == "controlroom":
        return str(labels.get(RUN, ""))
    ours = (_OURS.search(str(labels.get(label, ""))) for label in HOLDERS)
    return next((found[1] for found in ours if found), None)


def _trouble(one: Json) -> str:
    failed = [
        str(event.get("message", ""))
        for record in _records(one)
        for event in record.get("events") or ()
        if event.get("type") == "Failed"
    ]
    return failed[-1] if failed else ""


def _times(one: Json, operation: str) -> list[float]:
    return [
        at
        for record in _records(one)
        for event in record.get("events") or ()
        if event.get("operation") == operation and event.get("type") == "Succeeded"
        if (at := moment(event.get("timestamp"))) is not None
    ]


def _experiment(one: Json) -> Json:
    found: Json = (one.get("status") or {}).get("experiment") or {}
    return found


def _records(one: Json) -> list[Json]:
    return list(_experiment(one).get("containerRecords") or ())


def _has(one: Json, condition: str) -> bool:
    conditions = (one.get("status") or {}).get("conditions") or ()
    return any(c["type"] == condition and c["status"] == "True" for c in conditions)


def _split(fault: str) -> tuple[Resource, str]:
    plural, _, name = fault.partition("/")
    for kind in KINDS.values():
        if kind.plural == plural and name:
            return kind, name
    raise TargetError(f"No fault is called {fault}.", "See `controlroom chaos status`.")
