"""What the target still holds, and which of it nobody conducts any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from controlroom.model.held import Held
from controlroom.runs.store import Store
from controlroom.targets.abilities import FaultStatus, InjectsFaults, LoadStatus, SendsLoad


class Holds(InjectsFaults, SendsLoad, Protocol):
    """A target that holds faults and loads by itself."""


async def held_by(target: Holds, store: Store, context: str = "") -> tuple[Held, ...]:
    """All that is not over, faults first. Raises Unreachable, or Denied for a missing right.

    Ids of runs come round again on other machines, so that one is conducted here only where its
    run aims at the same context.
    """
    faults = [one for one in await target.faults() if one.phase != "finished"]
    loads = [one for one in await target.loads() if one.active]
    if not faults and not loads:
        return ()
    conducted = {
        folder.id for folder in store.active() if folder.read_asked().get("context", "") == context
    }
    return (
        *(_fault(one, one.run in conducted) for one in faults),
        *(_load(one, one.run in conducted) for one in loads),
    )


def left_behind(held: Sequence[Held]) -> tuple[Held, ...]:
    """Those that nobody conducts."""
    return tuple(one for one in held if not one.conducted)


def _fault(one: FaultStatus, conducted: bool) -> Held:
    what = f"{one.kind} {one.action}"
    return Held(one.id, "fault", one.run, what, one.phase, one.ends, conducted, one.pausable)


def _load(one: LoadStatus, conducted: bool) -> Held:
    return Held(one.id, "load", one.run, "load by Jobs", "running", one.ends, conducted)
