"""Everything that faults may hit, as it is now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from host.errors import StackError
from stack.faults.model import Victim, VictimChoice
from stack.faults.selection import selected
from stack.faults.victims import EngineVictim, PodVictim
from stack.pods.controller import Controller
from stack.supervisor.engine_supervisor import EngineSupervisor


class Population:
    """Pods that live and engines that can be named."""

    def __init__(
        self,
        namespace: str,
        controllers: Mapping[str, Controller],
        engines: Mapping[str, EngineSupervisor],
    ) -> None:
        self.namespace = namespace
        self._controllers = controllers
        self._engines = engines

    def victims(self) -> list[Victim]:
        """All of them."""
        pods: list[Victim] = [
            PodVictim(pod, controller)
            for controller in self._controllers.values()
            for pod in controller.living
        ]
        return pods + [EngineVictim(supervisor) for supervisor in self._engines.values()]

    def matching(self, choice: VictimChoice) -> list[Victim]:
        """Those that the selector means. Raises StackError for none.

        Engines are no pods of the namespace, so only a label or a name can mean them.
        """
        selector = choice.selector
        named = bool(selector.labels or selector.expressions or selector.pods)
        crowd = [v for v in self.victims() if named or not v.is_engine]
        found = selected(selector, crowd, self.namespace)
        if not found:
            raise StackError(
                "The selector matches no pod now.",
                f"Pods are in the namespace {self.namespace} and have the label "
                "app.kubernetes.io/name; see `controlroom status`.",
                "refused",
            )
        return found

    def ready_in(self, groups: Iterable[str]) -> int:
        """Ready pods of these deployments and engines."""
        wanted = set(groups)
        return sum(victim.ready for victim in self.victims() if victim.group in wanted)

    def whole(self, groups: Iterable[str]) -> set[str]:
        """Names of all living pods of these deployments."""
        wanted = set(groups)
        return {victim.name for victim in self.victims() if victim.group in wanted}
