"""PodChaos on processes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from stack.errors import StackError
from stack.faults.model import PodFault
from stack.faults.victims import EngineVictim, Victim


def check(what: PodFault, victims: Sequence[Victim]) -> None:
    """Raises StackError where one of them cannot be hit so."""
    for victim in victims:
        if isinstance(victim, EngineVictim):
            victim.check()
    for name in what.containers:
        if not any(name in victim.containers for victim in victims):
            known = sorted({c for victim in victims for c in victim.containers})
            raise StackError(
                f"No selected pod has a container {name!r}.",
                f"Use one of {', '.join(known)} in containerNames.",
                "refused",
            )


def effect(what: PodFault, count: str) -> str:
    """One sentence on what happens."""
    match what.action:
        case "pod-kill":
            how = f"SIGTERM, then SIGKILL after {what.grace:g} s" if what.grace else "SIGKILL"
            return f"{count} ended by {how} and replaced."
        case "container-kill":
            names = ", ".join(what.containers)
            return f"Container {names} of {count} is ended by SIGKILL and restarted in its pod."
        case "pod-failure":
            return f"All containers of {count} are ended by SIGKILL and held down."


async def inject(key: str, what: PodFault, victims: Sequence[Victim]) -> None:
    """Does it; returns when the processes are down."""
    match what.action:
        case "pod-kill":
            await asyncio.gather(*(victim.kill(what.grace) for victim in victims))
        case "container-kill":
            names = what.containers
            await asyncio.gather(*(victim.kill_containers(names) for victim in victims))
        case "pod-failure":
            await asyncio.gather(*(victim.hold(key) for victim in victims))


def recover(key: str, victims: Sequence[Victim]) -> None:
    """Lets what is held down start again. Raises StackError if something stays held."""
    for victim in victims:
        victim.release(key)
    left = [victim.name for victim in victims if victim.held(key)]
    if left:
        raise StackError(f"Still held down: {', '.join(left)}.")
