"""What runs hold of the target for a while: numbers of replicas, and variables of services."""

from __future__ import annotations

from typing import Protocol

from controlroom.runs import replicas, variables
from controlroom.runs.folder import RunFolder
from controlroom.runs.store import RunStore
from controlroom.targets.abilities import Configures


class HeldTarget(replicas.ScaledTarget, Configures, Protocol):
    """A target that both can be put back on."""


def still_set(folder: RunFolder) -> bool:
    """Whether something of it is not put back."""
    return bool(replicas.former(folder).left() or variables.former(folder).left())


async def put_back(folder: RunFolder, target: HeldTarget) -> str:
    """Puts it back, see there; what is left, in words."""
    left = [await replicas.put_back(folder, target), await variables.put_back(folder, target)]
    return " ".join(one for one in left if one)


async def put_all_back(store: RunStore, target: HeldTarget) -> list[str]:
    """Puts back what runs that are dead or over have left; what is left, a sentence each."""
    left = []
    for folder in store.folders():
        if still_set(folder) and not folder.runner_alive:
            left.append(await put_back(folder, target))
    return [one for one in left if one]
