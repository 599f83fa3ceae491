"""Faults on requests at the balancer: haproxy drops or holds those that a rule means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from host.errors import StackError
from stack.engines.haproxy import Haproxy
from stack.faults.model import RequestRule
from stack.manifests.model import Deployment, Manifests, Service

MAP = "faults.map"
"""Pattern of `backend:METHOD:path` -> `abort`, or `delay:` and milliseconds."""
DELAY = "faults.lua"
FILES = {
    MAP: "",
    DELAY: """\
core.register_action("hold", {"http-req"}, function(txn)
  local asked = string.match(txn:get_var("txn.fault") or "", "^delay:(%d+)$")
  if asked then core.msleep(tonumber(asked)) end
end)
""",
}
GLOBAL = f"global\n  lua-load {DELAY}\n"


def request_lines() -> list[str]:
    """What each backend does with a request before it chooses a pod."""
    return [
        'http-request set-var-fmt(txn.asked) "%[be_name]:%[method]:%[path]"',
        f"http-request set-var(txn.fault) var(txn.asked),map_reg({MAP})",
        "http-request lua.hold if { var(txn.fault) -m beg delay: }",
        "http-request reject if { var(txn.fault) -m str abort }",
    ]


class RequestRules:
    """The rules that should be on now; a new haproxy gets them again."""

    def __init__(
        self,
        haproxy: Haproxy,
        manifests: Manifests,
        backend: Callable[[str, str], str],
    ) -> None:
        self._haproxy = haproxy
        self._manifests = manifests
        self._backend = backend
        self._rules: dict[str, RequestRule] = {}
        self._lock = asyncio.Lock()

    @property
    def delays(self) -> bool:
        """Whether this haproxy can hold requests."""
        return self._haproxy.lua

    def ports(self, deployment: str) -> Mapping[int, tuple[str, ...]]:
        """Container port -> backends that lead to it."""
        found: dict[int, tuple[str, ...]] = {}
        one = self._manifests.deployments[deployment]
        for service in self._manifests.services.values():
            if not _selects(service, one):
                continue
            for port in service.ports:
                number = _number(one, port.target)
                if number is not None:
                    found[number] = (
                        *found.get(number, ()),
                        self._backend(service.name, port.name),
                    )
        return found

    async def add(self, rules: Iterable[RequestRule]) -> None:
        """Puts them on. Raises StackError, also where another fault has the same requests."""
        wanted = list(rules)
        async with self._lock:
            for rule in wanted:
                if rule.pattern in self._rules:
                    raise StackError(
                        "Another fault acts on these requests.", "End that one first.", "refused"
                    )
            for rule in wanted:
                self._rules[rule.pattern] = rule
                await self._put(rule)

    async def remove(self, rules: Iterable[RequestRule]) -> None:
        """Takes them away and looks whether they are gone; those of another fault stay. Raises
        StackError if not, and may be asked again."""
        async with self._lock:
            mine = [rule for rule in rules if self._rules.get(rule.pattern) == rule]
            for rule in mine:
                await self._haproxy.answer(f"del map {MAP} {rule.pattern}")
            left = await self._haproxy.answer(f"show map {MAP}") if mine else ""
            if any(f" {rule.pattern} " in left for rule in mine):
                raise StackError("A rule for requests is left in haproxy.", "Restart haproxy.")
            for rule in mine:
                del self._rules[rule.pattern]

    async def started(self) -> None:
        """A new haproxy has no rule."""
        async with self._lock:
            for rule in self._rules.values():
                await self._put(rule)

    async def _put(self, rule: RequestRule) -> None:
        said = (await self._haproxy.answer(f"add map {MAP} {rule.pattern} {rule.what}")).strip()
        if said:
            raise StackError(f"haproxy does not take a rule: {said}")


def _selects(service: Service, one: Deployment) -> bool:
    labels = one.template.labels
    return all(labels.get(key) == value for key, value in service.selector.items())


def _number(one: Deployment, target: str | int) -> int | None:
    """The container port of a name."""
    ports = {name: n for part in one.template.containers for name, n in part.ports.items()}
    return target if isinstance(target, int) else ports.get(target)
