"""HTTPChaos: requests are dropped or held at the balancer, before a pod sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from host.errors import StackError
from stack.faults.fields import COMMON, read_seconds
from stack.faults.kind import Kind
from stack.faults.links import check_whole
from stack.faults.model import FaultAct, FaultRequests, Ground, Injection, RequestRule, Victim
from stack.manifests.node import Node

_PATH = re.compile(r"[A-Za-z0-9/_.~*-]+")
_METHOD = re.compile(r"[A-Z]+")
_NOT_HERE = {
    "replace": "requests are dropped or held here, and not changed",
    "patch": "requests are dropped or held here, and not changed",
    "code": "answers are not looked at here",
    "request_headers": "requests are told by port, method and path",
    "response_headers": "answers are not looked at here",
    "tls": "there is no TLS before the pods",
}
_INSTEAD = "Leave it out, or use a cluster with Chaos Mesh."


@dataclass(frozen=True)
class RequestFault(FaultAct):
    """What an HTTPChaos asks for. `delay` in seconds."""

    action: str
    port: int
    path: str = "*"
    method: str = ""
    delay: float = 0.0

    def plan(
        self, key: str, matched: Sequence[Victim], hit: Sequence[Victim], ground: Ground
    ) -> Injection:
        """Raises StackError where no Service leads there, or where pods are spared."""
        check_whole(hit, ground)
        rules: list[RequestRule] = []
        for group in dict.fromkeys(victim.group for victim in hit):
            ports = {} if group not in ground.deployments else ground.requests.ports(group)
            if self.port not in ports:
                known = ", ".join(map(str, sorted(ports))) or "none"
                raise StackError(
                    f"spec.port: no Service leads to port {self.port} of {group}.",
                    f"Ports of {group} that requests come to by a Service: {known}.",
                    "refused",
                )
            rules += [self._rule(key, backend) for backend in ports[self.port]]
        if self.delay and not ground.requests.delays:
            raise StackError(
                "spec.delay: this haproxy is built without Lua, so it cannot hold requests.",
                "Install the package haproxy of the distribution.",
                "refused",
            )
        return _OnRequests(self, ground.requests, rules)

    def remarks(self, stays: int) -> list[str]:
        """How it differs from a proxy within the pod."""
        return [
            "Requests are met at the ingress and the Services, also those of open connections; "
            "probes and metrics go past them."
        ]

    def _rule(self, key: str, backend: str) -> RequestRule:
        parts = (_literal(backend), self.method or "[A-Z]+", _literal(self.path))
        what = f"delay:{round(self.delay * 1000)}" if self.delay else "abort"
        return RequestRule(key, f"^{':'.join(parts)}$", what)


class _OnRequests(Injection):
    def __init__(
        self, what: RequestFault, requests: FaultRequests, rules: Sequence[RequestRule]
    ) -> None:
        self._what = what
        self._requests = requests
        self._rules = rules

    def effect(self, amount: str) -> str:
        what = self._what
        asked = f"{what.method or 'All'} requests for {what.path} to port {what.port}"
        how = f"wait {what.delay:g} s" if what.delay else "are cut off without an answer"
        return f"{asked} of {amount} {how}."

    async def inject(self) -> None:
        await self._requests.add(self._rules)

    async def recover(self) -> None:
        await self._requests.remove(self._rules)


class HTTPChaos(Kind):
    """Drops or holds requests."""

    name = "HTTPChaos"

    def action(self, spec: Mapping[str, Any]) -> str:
        """Which of abort, delay, replace and patch it asks for."""
        words = [word for word in ("abort", "delay", "replace", "patch") if spec.get(word)]
        return "+".join(words)

    def read(self, spec: Node, namespace: str) -> FaultAct:
        """Raises StackError that names the field."""
        for field, why in _NOT_HERE.items():
            if spec.has(field):
                raise spec.at(field).refuse(f"{why}.", _INSTEAD)
        spec.only(*COMMON, "target", "port", "path", "method", "abort", "delay")
        if spec.at("target").text() != "Request":
            raise spec.at("target").refuse("only Request is done here.", _INSTEAD)
        abort = spec.at("abort").flag(default=False)
        if abort == spec.has("delay"):
            raise spec.at("abort").refuse("give either abort: true or delay.", _INSTEAD)
        delay = 0.0 if abort else read_seconds(spec.at("delay"))
        if not abort and not 0.001 <= delay <= 60:
            raise spec.at("delay").refuse("must be 1ms to 60s.")
        return RequestFault(
            "abort" if abort else "delay",
            spec.at("port").integer(minimum=1),
            _text(spec.at("path"), _PATH, "*"),
            _text(spec.at("method"), _METHOD, ""),
            delay,
        )


def _text(node: Node, allowed: re.Pattern[str], default: str) -> str:
    text = node.text(default)
    if text and not allowed.fullmatch(text):
        raise node.refuse(f"{text!r} cannot be matched here.", "Use plain characters and *.")
    return text


def _literal(text: str) -> str:
    """As a regular expression without backslashes; `*` stands for anything."""
    return text.replace(".", "[.]").replace("*", ".*")


KIND = HTTPChaos()
