"""Splits of traffic in a cluster, by HTTPRoutes. A Job removes each at its end, also if the room is
dead, and so does whoever looks at the faults after that."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Sequence

from controlroom.targets.abilities import FaultStatus, Preview, Refused, TargetError
from controlroom.targets.kubernetes import pods as of_pod
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.faults import holder
from controlroom.targets.kubernetes.faults.holder import ENDS, FAULT
from controlroom.targets.kubernetes.faults.holders import HOLDER_TIME, Holders
from controlroom.targets.kubernetes.faults.mesh import MANAGED_BY, RUN
from controlroom.targets.kubernetes.faults.routes import (
    ROUTES,
    SCRIPT,
    Parent,
    behind_gateway,
    behind_ingress,
    port_of,
    route,
)
from controlroom.targets.kubernetes.pods import moment
from controlroom.targets.kubernetes.resources import INGRESSES, JOBS, PODS, SERVICES, Json
from host.durations import format_duration
from stack.faults.splitting import (
    NAME,
    Split,
    SplitError,
    effect_of,
    lasting,
    split_of,
    told_branches,
    told_shares,
)

PREFIX = "split-"
"""Begin of the ids of splits."""
SHARES = "controlroom/shares"
SPLIT = "controlroom/split"
"""Annotations of a route: the shares for people, and the name of the split."""
LINKERD = "/apis/policy.linkerd.io"
VERIFY = 10.0


class RouteSplits:
    """The splits of one pipeline; routes and Jobs lie in the services' namespace."""

    def __init__(self, api: Api, home: str) -> None:
        self._api = api
        self._home = home
        self._holders = Holders(api, home)

    async def preview(self, manifest: Json) -> Preview:
        """What would go where. Raises Refused where it cannot be done here."""
        split, seconds = _read(manifest)
        await self._holders.check()
        parent = await self._parent(split)
        await self._ports(split)
        ready = {one.service: await self._ready(one.service) for one in split.branches}
        none = [name for name, count in ready.items() if not count]
        return Preview(
            matched=len(split.branches),
            hits=told_shares(split),
            hit_count=sum(1 for one in split.branches if one.weight),
            stays=sum(ready.values()),
            effect=effect_of(split),
            ends=f"It ends by itself after {format_duration(seconds)}; a Job in the cluster holds "
            "that end.",
            remarks=(
                f"An HTTPRoute on {parent.title} takes the place of {parent.service} meanwhile.",
                *(f"No pod of {name} is ready: its share fails." for name in none),
            ),
            branches=told_branches(split, ready),
        )

    async def inject(self, manifest: Json, run: str) -> FaultStatus:
        """Creates the route once the Job that removes it runs."""
        split, seconds = _read(manifest)
        await self._holders.check()
        parent, ports = await self._parent(split), await self._ports(split)
        name = f"{PREFIX}{run or 'none'}-{secrets.token_hex(2)}"
        labels = {MANAGED_BY: "controlroom", RUN: run, FAULT: name}
        latest = time.time() + HOLDER_TIME + seconds
        image = await self._holders.image()
        job = holder.job(name, self._home, [self._home], image, latest, labels)
        job["spec"]["template"]["spec"]["containers"][0]["command"] = ["python", "-c", SCRIPT]
        try:
            await self._api.create(JOBS.path(self._home), job)
            await self._holders.runs(name)
            notes = {
                ENDS: f"{time.time() + seconds:.1f}",
                SHARES: ", ".join(told_shares(split)),
                SPLIT: manifest["metadata"]["name"],
            }
            made = route(name, split, parent, ports, labels, notes)
            return _status(await self._api.create(ROUTES.path(self._home), made))
        except TargetError:
            with contextlib.suppress(TargetError):
                await self.recover(name)
            raise

    async def faults(self) -> list[FaultStatus]:
        """All that are on; one that is past its end is removed by whoever looks."""
        try:
            listed = await self._routes(labelSelector=f"{FAULT},{MANAGED_BY}=controlroom")
        except TargetError as error:
            # who may not look at routes sees all other faults
            if isinstance(error, Refused):
                return []
            raise
        found = []
        for one in map(_status, listed):
            if one.ends is not None and time.time() > one.ends:
                with contextlib.suppress(TargetError):
                    await self.recover(one.id)
                    continue
            found.append(one)
        return found

    async def recover(self, fault: str) -> None:
        """Removes it now, and verifies that it is gone."""
        path = ROUTES.path(self._home, fault)
        try:
            await self._api.delete(path)
        except ApiError as error:
            if error.status != 404:
                raise
        limit = time.monotonic() + VERIFY
        while await self._api.exists(path):
            if time.monotonic() > limit:
                raise TargetError(f"The HTTPRoute {fault} is still there.", "Ask once more.")
            await asyncio.sleep(0.2)
        await self._holders.end(fault)

    async def _parent(self, split: Split) -> Parent:
        """What the route is put on, the same for all paths. Raises Refused."""
        routes = [one for one in await self._routes() if FAULT not in _labels(one)]
        mine = await self._routes(labelSelector=FAULT)
        self._check_free(split, mine)
        found = [behind_gateway(routes, path) for path in split.paths]
        if all(one is None for one in found):
            return await self._mesh_parent(split)
        parents = [one for one in found if one is not None]
        if len(parents) < len(found) or len({str((p.references, p.hosts)) for p in parents}) > 1:
            raise Refused(
                f"The paths {', '.join(split.paths)} do not come by the same Gateway.",
                "Make a split for each.",
            )
        return parents[0]

    async def _mesh_parent(self, split: Split) -> Parent:
        if not await self._api.exists(ROUTES.path(self._home)):
            raise Refused(
                "This cluster does not serve HTTPRoute, so nothing here could split traffic.",
                "Install the Gateway API, and a controller of it or Linkerd.",
            )
        if not await self._api.exists(LINKERD):
            raise Refused(
                "No HTTPRoute leads these paths to a Gateway, and there is no mesh.",
                "Deploy the component k8s/components/gateway-api, or Linkerd.",
            )
        ingresses = (await self._api.get(INGRESSES.path(self._home)))["items"]
        targets = {behind_ingress(ingresses, path) for path in split.paths}
        target = targets.pop()
        if targets or target is None:
            raise Refused(
                f"The paths {', '.join(split.paths)} do not lead to one Service.",
                "Make a split for each.",
            )
        if any(one.path for one in split.branches):
            raise Refused("Linkerd does not ask a branch for another path.", "Leave path out.")
        name, port = target[0], await self._port(*target)
        reference = {"group": "", "kind": "Service", "name": name, "port": port}
        return Parent((reference,), (), name, mesh=True, port=port)

    def _check_free(self, split: Split, mine: Sequence[Json]) -> None:
        for one in mine:
            for rule in one["spec"]["rules"][:1]:
                taken = {match["path"]["value"] for match in rule["matches"]}
                if taken & set(split.paths):
                    raise Refused(
                        f"Another split has the requests for {', '.join(sorted(taken))}.",
                        "End that one first: `controlroom split stop`.",
                    )

    async def _routes(self, **params: str) -> list[Json]:
        """None where the cluster does not serve them."""
        try:
            found: list[Json] = (await self._api.get(ROUTES.path(self._home), **params))["items"]
        except ApiError as error:
            if error.status == 404:
                return []
            raise
        return found

    async def _ports(self, split: Split) -> dict[str, int]:
        return {one.title: await self._port(one.service, one.port) for one in split.branches}

    async def _port(self, service: str, port: str | int) -> int:
        """Raises Refused where the Service or its port is not there."""
        try:
            found = await self._api.get(SERVICES.path(self._home, service))
        except ApiError as error:
            if error.status != 404:
                raise
            raise Refused(
                f"There is no Service {service} in {self._home}.", "See `controlroom status`."
            ) from None
        number = port_of(found, port)
        if number is None:
            known = ", ".join(f"{p.get('name')} ({p['port']})" for p in found["spec"]["ports"])
            raise Refused(f"{service} has no port {port}.", f"Its ports are {known}.")
        return number

    async def _ready(self, service: str) -> int:
        selector = (await self._api.get(SERVICES.path(self._home, service)))["spec"]["selector"]
        chosen = ",".join(f"{key}={value}" for key, value in selector.items())
        found = (await self._api.get(PODS.path(self._home), labelSelector=chosen))["items"]
        return sum(of_pod.ready(pod) for pod in found)


def _read(manifest: Json) -> tuple[Split, float]:
    """Raises Refused that names the field."""
    try:
        split = split_of(manifest.get("spec"))
        return split, lasting(split)
    except SplitError as error:
        raise Refused(f"{error.field}: {error}", error.fix) from None


def _status(one: Json) -> FaultStatus:
    meta, notes = one["metadata"], one["metadata"].get("annotations") or {}
    created = moment(meta.get("creationTimestamp")) or time.time()
    leaving = meta.get("deletionTimestamp") is not None
    ends = notes.get(ENDS)
    return FaultStatus(
        id=meta["name"],
        run=_labels(one).get(RUN, ""),
        kind=NAME,
        action="split",
        name=notes.get(SPLIT, meta["name"]),
        targets=tuple(notes.get(SHARES, "").split(", ")),
        phase="deleting" if leaving else "running",
        created=created,
        injected=created,
        ends=float(ends) if ends else None,
    )


def _labels(one: Json) -> Json:
    found: Json = one["metadata"].get("labels") or {}
    return found
