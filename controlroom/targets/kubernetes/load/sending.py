"""Starts, follows and ends loads that Jobs of the cluster send."""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from controlroom.targets.abilities import LoadRequest, LoadStatus, Refused, TargetError
from controlroom.targets.kubernetes import pods as of_pod
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.endpoints import ENDPOINTS
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.faults.mesh import MANAGED_BY, RUN
from controlroom.targets.kubernetes.load import jobs
from controlroom.targets.kubernetes.load.jobs import LOAD, MASTER
from controlroom.targets.kubernetes.resources import CONFIG_MAPS, DEPLOYMENTS, JOBS, PODS, Json

START_TIME = 60.0
"""Seconds that the master's pod gets to run."""
POLL = 0.5
OVERLAP = 5.0
"""Seconds that are told again after a lost connection; lines carry numbers."""
SERVICES, LOADS = "services", "load"
"""Names of the images: that of the pipeline, and beside it that of the load process."""


class ClusterLoad:
    """The loads of one namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    async def start(self, request: LoadRequest) -> str:
        """The master, then the workers that find it. Raises Refused where its pod does not run;
        nothing is left behind then."""
        load = f"load-{request.run}-{secrets.token_hex(2)}"
        labels = {MANAGED_BY: "controlroom", RUN: request.run, LOAD: load}
        image = await self._image()
        ends = time.time() + request.seconds
        master = jobs.master_job(load, labels, request, image, ends)
        made = await self._api.create(JOBS.path(self._namespace), master)
        try:
            owners = jobs.owned_by(made)
            await self._create(CONFIG_MAPS, jobs.request_map(load, labels, request), owners)
            address = await self._address(load)
            workers = jobs.workers_job(load, labels, request, image, address)
            await self._create(JOBS, workers, owners)
        except BaseException:
            with contextlib.suppress(TargetError):
                await self.end(load)
            raise
        return load

    async def lines(self, load: str, heard: float | None) -> AsyncIterator[bytes]:
        """What the master tells; how long ago a line was heard is measured here and told to the
        node, so that two clocks need not agree."""
        pod = await self._master(load)
        if pod is None:
            return
        params = {"follow": "true", "container": MASTER}
        if heard is not None:
            params["sinceSeconds"] = str(math.ceil(time.monotonic() - heard + OVERLAP))
        path = PODS.path(self._namespace, pod["metadata"]["name"], "log")
        async for line in self._api.lines(path, params):
            yield line

    async def drain(self, load: str) -> None:
        """Asks the master to end, which drains the workers first."""
        pod = await self._master(load)
        if pod is not None:
            with _gone():
                await self._api.delete(PODS.path(self._namespace, pod["metadata"]["name"]))

    async def end(self, load: str) -> None:
        """Deletes the Jobs with their pods, and what they were given."""
        for name in (load, f"{load}-workers"):
            with _gone():
                await self._api.delete(
                    JOBS.path(self._namespace, name), propagationPolicy="Background"
                )
        with _gone():
            await self._api.delete(CONFIG_MAPS.path(self._namespace, load))

    async def loads(self) -> list[LoadStatus]:
        """One for each master."""
        listed = await self._api.get(
            JOBS.path(self._namespace), labelSelector=f"{LOAD},{MANAGED_BY}=controlroom"
        )
        found: list[Json] = listed["items"]
        return [
            read(one) for one in found if jobs.ENDS in (one["metadata"].get("annotations") or {})
        ]

    async def _create(self, resource: Any, body: dict[str, Any], owners: Any) -> None:
        body["metadata"]["ownerReferences"] = owners
        await self._api.create(resource.path(self._namespace), body)

    async def _address(self, load: str) -> str:
        """Where the master waits, once it runs."""
        said = "it has no pod"
        try:
            async with asyncio.timeout(START_TIME):
                while True:
                    pod = await self._master(load)
                    if pod is not None:
                        if of_pod.ready(pod) and pod["status"].get("podIP"):
                            return str(pod["status"]["podIP"])
                        said = of_pod.message(pod) or of_pod.phase(pod)
                    await asyncio.sleep(POLL)
        except TimeoutError:
            raise Refused(
                f"The load's pod does not run: {said}. Nothing was sent.",
                "See `controlroom status`; its image is made by `controlroom lab images`.",
            ) from None

    async def _master(self, load: str) -> Json | None:
        chosen = f"{LOAD}={load},app.kubernetes.io/component={MASTER}"
        found: list[Json] = (await self._api.get(PODS.path(self._namespace), labelSelector=chosen))[
            "items"
        ]
        return found[0] if found else None

    async def _image(self) -> str:
        """The load's image: as `endpoints` names it, else where that of the services lies, with
        the same tag."""
        config = await self._api.get(CONFIG_MAPS.path(self._namespace, ENDPOINTS))
        named = (config.get("data") or {}).get("LOAD_IMAGE")
        if named:
            return str(named)
        for one in (await self._api.get(DEPLOYMENTS.path(self._namespace)))["items"]:
            for container in one["spec"]["template"]["spec"]["containers"]:
                place, slash, name = str(container["image"]).rpartition("/")
                tagged, _, digest = name.partition("@")
                what, _, tag = tagged.partition(":")
                if what == SERVICES and (tag or not digest):
                    return f"{place}{slash}{LOADS}:{tag}".rstrip(":")
                if what == SERVICES:
                    raise Refused(
                        f"The image {SERVICES} is named by its digest, so that of {LOADS} is not "
                        "known.",
                        "Name it, by its own digest, as LOAD_IMAGE in the ConfigMap endpoints.",
                    )
        raise Refused(
            f"No deployment in {self._namespace} has the image {SERVICES}, beside which the "
            f"image {LOADS} would be.",
            "Deploy the services first, or leave --in-cluster out.",
        )


def read(one: Json) -> LoadStatus:
    """A master's Job in the words of the room."""
    meta, status = one["metadata"], one.get("status", {})
    conditions = {c["type"]: c for c in status.get("conditions") or () if c["status"] == "True"}
    over = {"Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"} & set(conditions)
    failed = conditions.get("Failed") or conditions.get("FailureTarget")
    return LoadStatus(
        id=meta["name"],
        run=str(meta["labels"].get(RUN, "")),
        active=not over and not meta.get("deletionTimestamp"),
        created=of_pod.moment(meta["creationTimestamp"]) or 0.0,
        ends=float(meta["annotations"][jobs.ENDS]),
        message=str(failed.get("message", "")) if failed else "",
    )


@contextlib.contextmanager
def _gone() -> Any:
    """What is to go may be gone already."""
    try:
        yield
    except ApiError as error:
        if error.status != 404:
            raise
