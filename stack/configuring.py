"""Variables of deployments that are set for a while; they end with the stack's daemon."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from host.errors import StackError
from stack.manifests.model import Deployment
from wire.tunables import refusal

Values = Mapping[str, Mapping[str, str | None]]
"""Container -> variable -> value; None is what the manifest or the service itself says."""


class Overrides:
    """What was set of each deployment, by container."""

    def __init__(self) -> None:
        self._set: dict[str, dict[str, dict[str, str]]] = {}

    def of(self, deployment: str) -> Mapping[str, Mapping[str, str]]:
        """Container -> variables that are set."""
        return {name: dict(values) for name, values in self._set.get(deployment, {}).items()}

    def values(self, deployment: Deployment, names: Collection[str]) -> Values:
        """What is set of these in each of its containers. Raises StackError where it has no such
        setting."""
        containers = deployment.template.containers
        given = {v.name for one in containers for v in one.env if v.kind == "value"}
        if why := refusal(deployment.name, names, given):
            raise StackError(why, "See docs/experiments.md.", "refused")
        found = self._set.get(deployment.name, {})
        return {
            one.name: {name: found.get(one.name, {}).get(name) for name in names}
            for one in containers
        }

    def change(self, deployment: Deployment, wanted: Values) -> bool:
        """Sets them; False where all are so already. Raises StackError."""
        names = {name for values in wanted.values() for name in values}
        now = self.values(deployment, names)
        if unknown := [name for name in wanted if name not in now]:
            raise StackError(f"{deployment.name} has no container {unknown[0]}.", "", "refused")
        if all(now[name] == {**now[name], **values} for name, values in wanted.items()):
            return False
        kept = self._set.setdefault(deployment.name, {})
        for container, values in wanted.items():
            merged = {**kept.get(container, {}), **values}
            kept[container] = {name: text for name, text in merged.items() if text is not None}
        return True
