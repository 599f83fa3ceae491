"""Waiting until the haproxy of a lab has found the pods behind its routes.

It looks for them in DNS, which names a pod a moment after the pod is ready.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

import httpx

from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.deploy import doors
from controlroom.targets.kubernetes.deploy.contents import config_with, name_of
from controlroom.targets.kubernetes.deploy.readiness import UnreadyWorkload
from controlroom.targets.kubernetes.deploy.rendering import Object, pod_specs
from controlroom.targets.kubernetes.forward import PortForward
from controlroom.targets.kubernetes.services import Host, place_of
from stack.balance import backend_name

EXPORTER = "ingress-metrics"
"""The Service of haproxy's own figures, in the namespace of its file."""
PORT = 9090
EVERY = 0.5
ANSWER_TIME = 5.0
ACTIVE = re.compile(r'^haproxy_backend_active_servers\{proxy="([^"]+)"\} [1-9]', re.M)
Ask = Callable[[], Awaitable[str]]
"""haproxy's figures as its exporter writes them; empty where they cannot be had just now."""


class Routes:
    """Follows how many servers haproxy has in its backends."""

    def __init__(self, wanted: Mapping[str, Object], ask: Ask) -> None:
        """`wanted`: each backend that is to have a server, with its Service."""
        self._wanted = wanted
        self._ask = ask

    async def wait(self, timeout: float, say: Callable[[str], None]) -> list[UnreadyWorkload]:
        """Until there is one in each; answers the Services without one after `timeout` seconds."""
        missing, said = set(self._wanted), ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while missing := self._wanted.keys() - await self._found():
                    line = f"the ingress has not found {', '.join(sorted(missing))} yet"
                    if line != said:
                        say(line)
                        said = line
                    await asyncio.sleep(EVERY)
        return [_unready(name, self._wanted[name]) for name in sorted(missing)]

    async def _found(self) -> set[str]:
        return set(ACTIVE.findall(await self._ask()))


def _unready(backend: str, service: Object) -> UnreadyWorkload:
    state = f"the ingress has found none of its pods by DNS (backend {backend})"
    namespace = service["metadata"]["namespace"]
    return UnreadyWorkload("Service", namespace, name_of(service), state, ())


def backends_with_pods(objects: Sequence[Object]) -> dict[str, Object]:
    """The backends in the file of the haproxy among the objects, each with its Service, but for
    those of Services without pods."""
    config = config_with(objects, doors.FILE, doors.MARK)
    if config is None:
        return {}
    known = set(re.findall(r"^backend (\S+)$", config["data"][doors.FILE], re.M))
    pods = list(_labels(objects))
    found: dict[str, Object] = {}
    for one in objects:
        if one["kind"] == "Service":
            chosen = (one["spec"].get("selector") or {}).items()
            if chosen and any(chosen <= labels.items() for labels in pods):
                names = {
                    backend_name(name_of(one), p.get("name", "")) for p in one["spec"]["ports"]
                }
                found |= dict.fromkeys(names & known, one)
    return found


def _labels(objects: Sequence[Object]) -> Iterator[dict[str, str]]:
    """Of the pods of every workload that is to have any."""
    for one, _ in pod_specs(objects):
        spec = one["spec"]
        if "template" in spec and spec.get("replicas", 1):
            yield (spec["template"].get("metadata") or {}).get("labels") or {}


@contextlib.asynccontextmanager
async def exporter(api: Api, objects: Sequence[Object]) -> AsyncIterator[Ask]:
    """Asks the haproxy among the objects, through the API server."""
    config = config_with(objects, doors.FILE, doors.MARK)
    namespace = config["metadata"]["namespace"] if config is not None else ""
    forward = PortForward(api, lambda: place_of(api, Host(namespace, EXPORTER), PORT))
    url = f"http://{await forward.start()}/metrics"
    async with httpx.AsyncClient(trust_env=False, timeout=ANSWER_TIME) as client:

        async def ask() -> str:
            try:
                return (await client.get(url, params={"scope": "backend"})).text
            except httpx.HTTPError:
                return ""

        try:
            yield ask
        finally:
            await forward.close()
