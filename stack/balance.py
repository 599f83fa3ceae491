"""Services and ingress by haproxy: each request goes to a ready pod."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from host.ports import Ports
from stack.engines.engine import NotReady
from stack.engines.haproxy import Haproxy
from stack.manifests.model import Manifests, Route, Service, ServicePort
from stack.pods.pod import Pod
from stack.refusals import grpc_lines, ingress_lines
from stack.requests import FILES, GLOBAL, request_lines
from stack.splits import FILES as SPLIT_FILES
from stack.splits import TABLES, split_lines

INGRESS = "ingress"
_STREAM_TIMEOUT = "300s"
_RETRY = 1.0

Server = tuple[str, str]
"""Backend and pod."""


class Balancer:
    """One frontend for each Service port, and the ingress, on ports that stay the same."""

    def __init__(
        self,
        haproxy: Haproxy,
        ports: Ports,
        manifests: Manifests,
        pods: Callable[[], Iterable[Pod]],
        trouble: Callable[[str], None],
    ) -> None:
        self._haproxy = haproxy
        self._manifests = manifests
        self._pods = pods
        self._trouble = trouble
        self._ports = {
            (service.name, port.name): ports.choose(f"service.{service.name}.{port.name}")
            for service in manifests.services.values()
            for port in service.ports
        }
        self.ingress_port = ports.choose(INGRESS)
        self._known: dict[Server, int] = {}
        self._leaving: set[Server] = set()
        self._lock = asyncio.Lock()
        self._retry: asyncio.TimerHandle | None = None
        self._asked = False
        self._task: asyncio.Task[None] | None = None
        text = configuration(manifests, self._ports, self.ingress_port)
        haproxy.configure(text, FILES | SPLIT_FILES)

    def port(self, service: str, port: str) -> int:
        """The local port of a Service's port."""
        return self._ports[service, port]

    def services(self) -> dict[str, str]:
        """`NAME:PORT` of every Service -> where it is here."""
        return {
            f"{service.name}:{port.number}": f"127.0.0.1:{self._ports[service.name, port.name]}"
            for service in self._manifests.services.values()
            for port in service.ports
        }

    @property
    def idle(self) -> bool:
        """Whether nothing that was asked for by `soon` is still to be done."""
        return self._task is None or self._task.done()

    async def started(self) -> None:
        """Forgets what the haproxy before knew; a new one has no server yet."""
        async with self._lock:
            self._known.clear()
            self._leaving.clear()
        await self.sync()

    def soon(self) -> None:
        """Asks for `sync`; several requests become one, and a request during one brings another."""
        self._asked = True
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._soon())

    async def _soon(self) -> None:
        while self._asked:
            self._asked = False
            await self.sync()

    async def sync(self) -> None:
        """Gives haproxy the ready pods and no others; returns when it has them."""
        async with self._lock:
            try:
                await self._take_out()
                await self._put_in()
                await self._forget()
            except NotReady:
                # Its next start asks again.
                return

    def _wanted(self) -> dict[Server, int]:
        wanted: dict[Server, int] = {}
        for pod in self._pods():
            if not pod.ready:
                continue
            for service in self._manifests.services.values():
                if _selects(service, pod.labels):
                    for port in service.ports:
                        number = pod.port(port.target)
                        if number is not None:
                            wanted[backend_name(service.name, port.name), pod.name] = number
        return wanted

    async def _take_out(self) -> None:
        for server in self._known.keys() - self._wanted().keys():
            await self._ask(f"set server {_path(server)} state maint")
            del self._known[server]
            self._leaving.add(server)

    async def _put_in(self) -> None:
        for server, number in self._wanted().items():
            if server in self._known:
                continue
            if server not in self._leaving:
                protocol = " proto h2" if self._h2c(server[0]) else ""
                await self._ask(f"add server {_path(server)} 127.0.0.1:{number}{protocol}")
            await self._ask(f"set server {_path(server)} state ready")
            self._leaving.discard(server)
            self._known[server] = number

    async def _forget(self) -> None:
        """Deletes servers that have left; one with open connections has to wait."""
        for server in list(self._leaving):
            answer = await self._haproxy.ask(f"del server {_path(server)}")
            if "deleted" in answer or "No such server" in answer:
                self._leaving.discard(server)
        if self._leaving and (self._retry is None or self._retry.when() < _now()):
            self._retry = asyncio.get_running_loop().call_later(_RETRY, self.soon)

    async def _ask(self, command: str) -> None:
        answer = (await self._haproxy.ask(command)).strip()
        if answer and "New server registered" not in answer:
            self._trouble(f"{command}: {answer}")

    def _h2c(self, backend: str) -> bool:
        return any(
            port.h2c and backend_name(service.name, port.name) == backend
            for service in self._manifests.services.values()
            for port in service.ports
        )


def configuration(manifests: Manifests, ports: Mapping[tuple[str, str], int], ingress: int) -> str:
    """The part of haproxy's configuration that the manifests ask for."""
    parts = [GLOBAL, TABLES, _ingress(manifests, ingress)]
    for service in manifests.services.values():
        for port in service.ports:
            parts.append(_frontend(service, port, ports[service.name, port.name]))
            parts.append(_backend(service, port))
    return "\n".join(parts)


def backend_name(service: str, port: str) -> str:
    """The backend of a Service's port."""
    return f"{service}.{port}"


def _ingress(manifests: Manifests, port: int) -> str:
    lines = [f"frontend {INGRESS}", f"  bind 127.0.0.1:{port}", *_STREAMING_CLIENT]
    lines += [f"  {line}" for line in ingress_lines()]
    grpc = _first_h2c(manifests)
    if grpc:
        lines.append(f"  use_backend {grpc} if {{ {_GRPC} }}")
    routes = sorted(manifests.routes, key=_precedence)
    own = [route for route in routes if route.host or route.exact]
    lines += use_lines(manifests.services, own)
    matched = [*([_GRPC] if grpc else []), *(_own_route(route) for route in own)]
    lines += [f"  {line}" for line in split_lines(matched)]
    lines += use_lines(manifests.services, [route for route in routes if route not in own])
    return "\n".join(lines) + "\n"


_GRPC = "req.hdr(content-type) -m beg application/grpc"


def use_lines(services: Mapping[str, Service], routes: Iterable[Route]) -> list[str]:
    """Where each path leads, the most exact ones first."""
    return [_use(services[route.service], route) for route in sorted(routes, key=_precedence)]


def _use(service: Service, route: Route) -> str:
    name = next(p.name for p in service.ports if route.port in (p.name, p.number))
    return f"  use_backend {backend_name(service.name, name)} if {_condition(route)}"


def _own_route(route: Route) -> str:
    """A host with a route of its own has no split, an exact path has none either."""
    return f"req.hdr(host),host_only -i {route.host}" if route.host else f"path {route.path}"


_STREAMING_CLIENT = (f"  timeout client {_STREAM_TIMEOUT}", "  option http-ignore-probes")


def _precedence(route: Route) -> tuple[bool, bool, int]:
    """Named hosts, exact paths and longer paths come first (kubernetes.io, Ingress)."""
    return (not route.host, not route.exact, -len(route.path))


def _condition(route: Route) -> str:
    host = f"{{ req.hdr(host),host_only -i {route.host} }} " if route.host else ""
    path = route.path.rstrip("/")
    if route.exact:
        return f"{host}{{ path {route.path} }}"
    if not path:
        return f"{host}{{ path_beg / }}"
    return f"{host}{{ path {path} }} or {host}{{ path_beg {path}/ }}"


def _first_h2c(manifests: Manifests) -> str:
    """gRPC needs no path of its own: its content type distinguishes it from all else."""
    for service in manifests.services.values():
        for port in service.ports:
            if port.h2c:
                return backend_name(service.name, port.name)
    return ""


def _frontend(service: Service, port: ServicePort, local: int) -> str:
    name = backend_name(service.name, port.name)
    lines = [f"frontend service.{name}", f"  bind 127.0.0.1:{local}"]
    if port.h2c:
        lines += [f"  {line}" for line in grpc_lines()]
    return "\n".join([*lines, *_STREAMING_CLIENT, f"  default_backend {name}"]) + "\n"


def _backend(service: Service, port: ServicePort) -> str:
    """A request is sent again only where it never reached a pod."""
    lines = [
        f"backend {backend_name(service.name, port.name)}",
        "  balance roundrobin",
        "  option redispatch 1",
        "  retries 2",
        "  retry-on conn-failure",
        *(f"  {line}" for line in request_lines()),
    ]
    if port.h2c:
        lines.append(f"  timeout server {_STREAM_TIMEOUT}")
    return "\n".join(lines) + "\n"


def _selects(service: Service, labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in service.selector.items())


def _path(server: Server) -> str:
    return f"{server[0]}/{server[1]}"


def _now() -> float:
    return asyncio.get_running_loop().time()
