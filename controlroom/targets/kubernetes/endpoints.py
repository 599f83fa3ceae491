"""Where a cluster's stores and ingress are, as addresses that work on this machine.

The ConfigMap `endpoints` tells how the services reach them inside the cluster; a name that is
a Service is forwarded, any other is used as it stands. Credentials are those of the Secret
`stores-operator`, or of `stores-viewer` for who may not read that. What is
missing is reported endpoint by endpoint, so that the rest goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from urllib.parse import quote, urlsplit, urlunsplit

from controlroom.targets.abilities import Denied, Endpoints, Refused, TargetError, Unreachable
from controlroom.targets.kubernetes.access import allowed
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.certificates import Certificates
from controlroom.targets.kubernetes.errors import ApiError
from controlroom.targets.kubernetes.forward import PortForward
from controlroom.targets.kubernetes.resources import CONFIG_MAPS, INGRESSES, Json
from controlroom.targets.kubernetes.secret import read_secret
from controlroom.targets.kubernetes.services import (
    Host,
    find_service,
    host_of,
    place_of,
    pods_behind,
)

ENDPOINTS = "endpoints"
"""Name of the ConfigMap that the services are run with."""
STORES = ("stores-operator", "stores-viewer")
"""Secrets with a room's logins; the first that may be read is taken."""
FORWARD = "pods/portforward"
PORTS = {"http": 80, "https": 443, "redis": 6379, "rediss": 6379, "mongodb": 27017}
MONITORING = (("{namespace}-monitoring", "prometheus"), ("linkerd-viz", "prometheus"))
"""Where Prometheus is looked for when the ConfigMap does not tell."""
PROMETHEUS_PORT = 9090
KNOCK = 1.0
"""Seconds in which a node's port has to answer to be used directly."""


class Elsewhere(TargetError):
    """The ConfigMap names none, so this cluster does not claim to have it."""


class ClusterEndpoints:
    """Forwards are opened at first use and kept, so addresses stay what they were."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._forwards: dict[tuple[Host, int], PortForward] = {}
        self._certificates = Certificates(api, namespace)

    async def config(self) -> Mapping[str, str]:
        """The ConfigMap's entries. Raises TargetError where nothing is deployed here."""
        try:
            found = await self._api.get(CONFIG_MAPS.path(self._namespace, ENDPOINTS))
        except ApiError as error:
            if error.status != 404:
                raise
            raise Unreachable(
                f"Nothing is deployed in namespace {self._namespace} of {self._api.context}.",
                f"Deploy it: `controlroom deploy --context {self._api.context} --overlay NAME`, "
                "or give another --namespace.",
            ) from error
        return found.get("data") or {}

    async def endpoints(self) -> Endpoints:
        """All endpoints as they are now. Raises Unreachable, or Denied for the ConfigMap."""
        config = await self.config()
        found: dict[str, str] = {}
        absent: dict[str, str] = {}
        elsewhere: set[str] = set()
        askers: dict[str, Callable[[], Awaitable[str]]] = {
            "ingress": partial(self._ingress, config.get("INGRESS_URL", "")),
            "kafka": partial(self._kafka, config),
            "redis": partial(self._redis, config.get("REDIS_URL", "")),
            "mongo": partial(self._mongo, config.get("MONGO_URL", "")),
            "prometheus": partial(self._prometheus, config.get("PROMETHEUS_URL", "")),
        }
        for name, ask in askers.items():
            try:
                found[name] = await ask()
            except Unreachable:
                raise
            except TargetError as error:
                found[name], absent[name] = "", str(error)
                if isinstance(error, Elsewhere):
                    elsewhere.add(name)
        brokers = await self._brokers(config.get("KAFKA_BOOTSTRAP", "")) if found["kafka"] else {}
        return Endpoints(found, brokers, absent, frozenset(elsewhere))

    async def inner_ingress(self) -> str:
        """The ingress's URL for a pod of the services' namespace. Raises Refused without one."""
        config = await self.config()
        if config.get("INGRESS_URL"):
            return config["INGRESS_URL"]
        host = self._ingress_host
        service = await find_service(self._api, host)
        if service is not None:
            port = service["spec"]["ports"][0]["port"]
            return f"http://{host.service}.{host.namespace}.svc:{port}"
        balanced = await self._balanced()
        if balanced:
            return balanced
        raise Refused(
            "The Ingress has no address yet, so the Jobs would not find it.",
            "Name it as INGRESS_URL in the ConfigMap endpoints, or give --url.",
        )

    async def close(self) -> None:
        """Ends all forwards."""
        forwards, self._forwards = self._forwards, {}
        for forward in forwards.values():
            await forward.close()
        self._certificates.close()

    async def reach(self, name: str, port: int) -> str:
        """`host:port` on this machine for a name that is meant inside the cluster."""
        host = host_of(name, self._namespace)
        if host is None or await find_service(self._api, host) is None:
            return f"{name}:{port}"
        return await self._forwarded(host, port)

    async def _forwarded(self, host: Host, port: int) -> str:
        key = (host, port)
        if key not in self._forwards:
            await self._may_forward(host)
            self._forwards[key] = PortForward(self._api, lambda: place_of(self._api, host, port))
        return await self._forwards[key].start()

    async def _may_forward(self, host: Host) -> None:
        """Raises Denied where no port of a pod behind that name may be forwarded.

        Said here, because a connection that is not forwarded is only closed.
        """
        service = await find_service(self._api, host)
        behind = await pods_behind(self._api, service) if service is not None else []
        names = [pod["metadata"]["name"] for pod in behind]
        if host.pod:
            names = [host.pod]
        for name in names:
            if await allowed(self._api, host.namespace, "create", FORWARD, name=name):
                return
        if names:
            raise Denied(
                f"Your account lacks the verb create on {FORWARD} of {names[0]} in namespace "
                f"{host.namespace}.",
                "Have an administrator bind a role that has it, or give an address of it that "
                "needs no forwarding.",
            )

    async def _url(self, url: str, user: str = "", password: str = "", query: str = "") -> str:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 80)
        address = await self.reach(parts.hostname or "", port)
        options = parts.query.split("&") if parts.query else []
        if query and query not in options and address != f"{parts.hostname}:{port}":
            options.append(query)
        who = f"{quote(user, safe='')}:{quote(password, safe='')}@" if password else ""
        return urlunsplit((parts.scheme, who + address, parts.path, "&".join(options), ""))

    async def _redis(self, url: str) -> str:
        _there(url, "Redis", "REDIS_URL")
        secret = await self._secret()
        user, password = secret.get("REDIS_USERNAME", ""), secret.get("REDIS_PASSWORD", "")
        return await self._url(url, user, password)

    async def _mongo(self, url: str) -> str:
        _there(url, "MongoDB", "MONGO_URL")
        secret = await self._secret()
        user, password = secret.get("MONGO_USERNAME", ""), secret.get("MONGO_PASSWORD", "")
        # members of a replica set answer with names of the cluster, which mean nothing here
        return await self._url(url, user, password, "directConnection=true")

    async def _kafka(self, config: Mapping[str, str]) -> str:
        bootstrap = config.get("KAFKA_BOOTSTRAP", "")
        _there(bootstrap, "Kafka", "KAFKA_BOOTSTRAP")
        name, _, port = bootstrap.split(",")[0].rpartition(":")
        address = await self.reach(name, int(port))
        if config.get("KAFKA_SECURITY_PROTOCOL") != "SSL":
            return address
        return await self._certificates.url(address)

    async def _brokers(self, bootstrap: str) -> dict[str, str]:
        """Every broker by its pod's name, and the Service by its own."""
        name, _, port = bootstrap.split(",")[0].rpartition(":")
        host = host_of(name, self._namespace)
        service = await find_service(self._api, host) if host is not None else None
        if host is None or service is None:
            return {}
        addresses = {host.service: await self._forwarded(host, int(port))}
        for pod in await pods_behind(self._api, service):
            one = Host(host.namespace, host.service, pod["metadata"]["name"])
            addresses[one.pod] = await self._forwarded(one, int(port))
        return addresses

    async def _prometheus(self, url: str) -> str:
        if url:
            return await self._url(url)
        for space, service in MONITORING:
            host = Host(space.format(namespace=self._namespace), service)
            if await find_service(self._api, host) is not None:
                return f"http://{await self._forwarded(host, PROMETHEUS_PORT)}"
        raise TargetError(
            "No Prometheus is known here; name it as PROMETHEUS_URL in the ConfigMap endpoints."
        )

    async def _ingress(self, url: str) -> str:
        if url:
            return await self._url(url)
        balanced = await self._balanced()
        if balanced:
            return balanced
        service = await find_service(self._api, self._ingress_host)
        if service is not None:
            return f"http://{await self._front(self._ingress_host, service)}"
        raise TargetError(
            "The Ingress has no address yet; name it as INGRESS_URL in the ConfigMap endpoints."
        )

    @property
    def _ingress_host(self) -> Host:
        return Host(f"{self._namespace}-ingress", "ingress")

    async def _balanced(self) -> str:
        """What the Ingress says where it is; empty where it has no address."""
        found = await self._api.get(INGRESSES.path(self._namespace))
        for one in found["items"]:
            balancer = one.get("status", {}).get("loadBalancer") or {}
            for place in balancer.get("ingress") or ():
                address = place.get("ip") or place.get("hostname")
                if address:
                    return f"http://{address}"
        return ""

    async def _front(self, host: Host, service: Json) -> str:
        """The node's own port where it answers here, which is faster; else a forwarded one."""
        port = service["spec"]["ports"][0]
        behind = await pods_behind(self._api, service)
        for node in {pod.get("status", {}).get("hostIP") for pod in behind} - {None}:
            if port.get("nodePort") and await _answers(node, int(port["nodePort"])):
                return f"{node}:{port['nodePort']}"
        return await self._forwarded(host, int(port["port"]))

    async def _secret(self) -> Mapping[str, str]:
        for name in STORES[:-1]:
            try:
                return await read_secret(self._api, self._namespace, name)
            except Denied:
                continue
        return await read_secret(self._api, self._namespace, STORES[-1])


async def _answers(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(KNOCK):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def _there(value: str, title: str, key: str) -> None:
    if not value:
        raise Elsewhere(f"This cluster has no {title}: the ConfigMap endpoints names no {key}.")
