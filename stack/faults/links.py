"""What faults on links share: which links are hit, and toxics that are put on and taken away."""

from __future__ import annotations

from collections.abc import Sequence

from host.errors import StackError
from stack.faults.model import FaultLinks, Ground, Injection, Victim
from stack.toxics import Stream, Toxic

_DICE_EVERY = 1.0
_THERE: dict[str, tuple[Stream, ...]] = {
    "to": ("upstream",),
    "from": ("downstream",),
    "both": ("upstream", "downstream"),
}
_BACK: dict[str, tuple[Stream, ...]] = {
    "to": ("downstream",),
    "from": ("upstream",),
    "both": ("upstream", "downstream"),
}

Cut = tuple[str, str, tuple[Stream, ...]]
"""Deployment, engine, streams."""


class OnLinks(Injection):
    """Toxics on links, for as long as the fault lasts."""

    def __init__(self, links: FaultLinks, toxics: Sequence[Toxic], effect: str) -> None:
        self._links = links
        self._toxics = toxics
        self._effect = effect
        self._uncertain = [toxic for toxic in toxics if toxic.share < 1]
        self.every = _DICE_EVERY if self._uncertain else None

    def effect(self, amount: str) -> str:
        """The sentence of the kind: links are hit, whatever the number of pods."""
        return self._effect

    async def inject(self) -> None:
        """Puts them on."""
        await self._links.add(self._toxics)

    async def again(self) -> None:
        """A connection that was spared may be hit the next time."""
        await self._links.again(self._uncertain)

    async def recover(self) -> None:
        """Takes them away."""
        await self._links.remove(self._toxics)


def cuts(
    direction: str,
    sources: Sequence[Victim],
    targets: Sequence[Victim] | None,
    ground: Ground,
) -> list[Cut]:
    """The links that are hit. Raises StackError where one of them cannot be."""
    apps, engines = _sides(sources)
    if targets is None:
        other_apps, other_engines = list(ground.deployments), list(ground.links.engines)
    else:
        other_apps, other_engines = _sides(targets)
    there, back = _THERE[direction], _BACK[direction]
    found: list[Cut] = [(app, engine, there) for app in apps for engine in other_engines]
    found += [(app, engine, back) for app in other_apps for engine in engines]
    if not found:
        linked = ", ".join(ground.links.engines)
        raise StackError(
            "There is no link between the selected pods and the target.",
            f"Links run between deployments and {linked}: name one of each side.",
            "refused",
        )
    check_linked([engine for _, engine, _ in found], ground)
    return found


def check_linked(engines: Sequence[str], ground: Ground) -> None:
    """Raises StackError for an engine that no link leads to."""
    for engine in dict.fromkeys(engines):
        reason = ground.links.linked(engine)
        if reason:
            raise StackError(
                f"The network to {engine} cannot be disturbed: {reason}.",
                "Choose another engine as the target.",
                "refused",
            )


def check_whole(chosen: Sequence[Victim], ground: Ground) -> None:
    """Raises StackError unless all pods of each deployment are hit: they share their links."""
    left = ground.whole(victim.group for victim in chosen) - {victim.name for victim in chosen}
    if left:
        raise StackError(
            f"All pods of a deployment share its links, and {', '.join(sorted(left))} "
            "would not be selected.",
            "Use mode all, and select the deployment by its label.",
            "refused",
        )


def _sides(victims: Sequence[Victim]) -> tuple[list[str], list[str]]:
    apps = [v.group for v in victims if not v.is_engine]
    engines = [v.group for v in victims if v.is_engine]
    return list(dict.fromkeys(apps)), list(dict.fromkeys(engines))
