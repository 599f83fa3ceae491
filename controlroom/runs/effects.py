"""Faults and loads that are active on a target, and which of them no run looks after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from controlroom.model.effects import ActiveEffect
from controlroom.runs.store import RunStore
from controlroom.targets.abilities import FaultStatus, InjectsFaults, LoadStatus, SendsLoad


class Holds(InjectsFaults, SendsLoad, Protocol):
    """A target that holds faults and loads by itself."""


async def active_effects(
    target: Holds, store: RunStore, context: str = ""
) -> tuple[ActiveEffect, ...]:
    """All that is not over, faults first. Raises Unreachable, or Denied for a missing right.

    Another machine may use the same id for a run of its own. So an effect counts as conducted here
    only where the run of that id has the same context.
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


def left_behind(effects: Sequence[ActiveEffect]) -> tuple[ActiveEffect, ...]:
    """Those that no run of this machine looks after."""
    return tuple(one for one in effects if not one.conducted)


def _fault(one: FaultStatus, conducted: bool) -> ActiveEffect:
    what = f"{one.kind} {one.action}"
    return ActiveEffect(
        one.id, "fault", one.run, what, one.phase, one.ends, conducted, one.pausable
    )


def _load(one: LoadStatus, conducted: bool) -> ActiveEffect:
    return ActiveEffect(one.id, "load", one.run, "load by Jobs", "running", one.ends, conducted)
