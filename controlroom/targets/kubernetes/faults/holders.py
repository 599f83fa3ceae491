"""The Jobs that hold the end of what the room has put into a cluster."""

from __future__ import annotations

import asyncio
import contextlib

from controlroom.targets.abilities import Refused
from controlroom.targets.kubernetes import pods as of_pod
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.faults import holder
from controlroom.targets.kubernetes.resources import DEPLOYMENTS, JOBS, PODS, SERVICE_ACCOUNTS

HOLDER_TIME = 60.0
"""Seconds that the Job's pod gets to run before anything is injected."""
POLL = 0.5


class Holders:
    """Those of one namespace, that of the services."""

    def __init__(self, api: Api, home: str) -> None:
        self._api = api
        self._home = home

    async def check(self) -> None:
        """Raises Refused where no Job of theirs could end anything."""
        if await self._api.exists(SERVICE_ACCOUNTS.path(self._home, holder.ACCOUNT)):
            return
        raise Refused(
            f"There is no ServiceAccount {holder.ACCOUNT} in {self._home}, so nothing in the "
            "cluster could end this fault.",
            "Deploy the component k8s/components/rbac, or install Chaos Mesh.",
        )

    async def runs(self, fault: str) -> None:
        """Waits until the Job of a fault runs. Raises Refused where it does not in time."""
        chosen = f"job-name={fault}"
        said = "it has no pod"
        try:
            async with asyncio.timeout(HOLDER_TIME):
                while True:
                    pods = (await self._api.get(PODS.path(self._home), labelSelector=chosen))[
                        "items"
                    ]
                    if any(of_pod.ready(pod) for pod in pods):
                        return
                    said = next((of_pod.message(pod) for pod in pods), said)
                    await asyncio.sleep(POLL)
        except TimeoutError:
            raise Refused(
                f"The Job that would end the fault does not run: {said}. Nothing was injected.",
                "See `controlroom status` for why its pod does not start.",
            ) from None

    async def end(self, fault: str) -> None:
        """The Job of a fault goes; one that is gone is no error."""
        with contextlib.suppress(ApiError):
            await self._api.delete(JOBS.path(self._home, fault), propagationPolicy="Background")

    async def image(self) -> str:
        """An image that has Python and is on the nodes: that of the services."""
        for one in (await self._api.get(DEPLOYMENTS.path(self._home)))["items"]:
            for container in one["spec"]["template"]["spec"]["containers"]:
                if (container.get("command") or [""])[0].startswith("python"):
                    return str(container["image"])
        raise Refused(
            f"No deployment in {self._home} has an image with Python for the Job that ends it.",
            "Deploy the services, or install Chaos Mesh.",
        )
