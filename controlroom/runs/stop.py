"""Stopping runs: one of them, or everything that acts on the world."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import dataclass

from controlroom.runs.errors import NoSuchRunError
from controlroom.runs.folder import RunFolder
from controlroom.runs.store import Store
from controlroom.targets.abilities import FaultStatus, InjectsFaults, TargetError, Unreachable

POLL = 0.1
DRAIN = 3.0
"""Seconds that requests in flight get when everything is stopped at once."""
KILL = 6.0
"""Seconds after which a runner that does not end is killed."""
VERIFY = 20.0
"""Seconds that the target gets to be rid of all faults."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """What `stop_all` did and what it could not."""

    runs: tuple[str, ...]
    """Runs that were active."""
    faults: tuple[str, ...]
    """Faults that were recovered."""
    left: tuple[str, ...] = ()
    """One sentence for everything that may still act on the world."""

    @property
    def clean(self) -> bool:
        """Verified: nothing acts on the world any more."""
        return not self.left

    def sentence(self) -> str:
        """What happened, for people."""
        if not self.clean:
            return "Something may still be injected: " + " ".join(self.left)
        if not self.runs and not self.faults:
            return "Nothing was running, and nothing is injected."
        runs = f"{len(self.runs)} run{'s' if len(self.runs) != 1 else ''} stopped"
        faults = f"{len(self.faults)} fault{'s' if len(self.faults) != 1 else ''} recovered"
        return f"{runs}, {faults}; verified that nothing is left."


async def stop_run(folder: RunFolder, patience: float, cut_after: float | None = None) -> bool:
    """Asks one run to end and waits for it; False when it has not within `patience` seconds."""
    folder.ask_stop()
    begun = time.monotonic()
    while _active(folder):
        waited = time.monotonic() - begun
        if waited > patience:
            return False
        if cut_after is not None and waited > cut_after and not folder.cut_asked:
            folder.ask_stop(cut=True)
        await asyncio.sleep(POLL)
    return True


async def stop_loads(store: Store, drain: float = DRAIN) -> Stopped:
    """Stops all load runs; those that do not end are killed."""
    loads = [one for one in store.active() if (view := one.read_view()) and view.kind == "load"]
    await asyncio.gather(*(_end(one, drain) for one in loads))
    left = tuple(f"Run {one.id} did not end." for one in loads if _active(one))
    return Stopped(tuple(one.id for one in loads), (), left)


async def stop_all(store: Store, target: InjectsFaults, drain: float = DRAIN) -> Stopped:
    """Stops every run and recovers every fault that the target holds, then verifies both.

    It asks runners and the target at once, so it works when runners are dead.
    """
    chaos_was_on = _chaos_unsettled(store)
    active = store.active()
    ending = asyncio.gather(*(_end(one, drain) for one in active))
    recovered, fault_left = await _recover_all(target, chaos_was_on)
    await ending
    left = [f"Run {one.id} did not end." for one in active if _active(one)]
    return Stopped(tuple(one.id for one in active), recovered, (*left, *fault_left))


async def stop_fault(store: Store, target: InjectsFaults, wanted: str) -> Stopped:
    """Ends one fault, named by its run or by the target's own id, and verifies that.

    Raises NoSuchRunError where neither is known, TargetError where the target cannot do it.
    """
    runs: tuple[str, ...] = ()
    if wanted.startswith("r-"):
        folder = store.folder(wanted)
        if _active(folder):
            runs = (wanted,)
            await stop_run(folder, VERIFY)
    faults = [one for one in await target.faults() if wanted in (one.run, one.id)]
    if not faults and not wanted.startswith("r-"):
        raise NoSuchRunError(f"No fault is called {wanted}.", "See `controlroom chaos status`.")
    open_ones = [one for one in faults if one.phase != "finished"]
    for one in open_ones:
        await target.recover(one.id)
    known = {one.id for one in open_ones}
    left = [one for one in await _unfinished(target) if one.id in known]
    sentences = tuple(f"Fault {one.id} ({one.name}) is {one.phase}." for one in left)
    return Stopped(runs, tuple(sorted(known)), sentences)


async def _end(folder: RunFolder, drain: float) -> None:
    if await stop_run(folder, drain + KILL, cut_after=drain):
        return
    proof = folder.read_runner()
    if proof is not None and proof.alive:
        os.kill(proof.pid, signal.SIGKILL)


async def _recover_all(
    target: InjectsFaults, chaos_was_on: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    recovered: set[str] = set()
    limit = time.monotonic() + VERIFY
    while True:
        try:
            faults = await _unfinished(target)
            if not faults:
                return tuple(sorted(recovered)), ()
            answers = await asyncio.gather(*(target.recover(one.id) for one in faults))
            recovered |= {one.id for one in answers}
            reason = " ".join(f"Fault {one.id} ({one.name}) is {one.phase}." for one in faults)
        except Unreachable as error:
            if not chaos_was_on:
                return tuple(sorted(recovered)), ()
            reason = f"{error} {error.fix}".strip()
        except TargetError as error:
            reason = f"{error} {error.fix}".strip()
        if time.monotonic() > limit:
            return tuple(sorted(recovered)), (reason,)
        await asyncio.sleep(POLL)


async def _unfinished(target: InjectsFaults) -> list[FaultStatus]:
    return [one for one in await target.faults() if one.phase != "finished"]


def _chaos_unsettled(store: Store) -> bool:
    """Whether a chaos run is on, or ended without proof that it left nothing behind."""
    for folder in store.folders():
        view = folder.read_view()
        if view is None or view.kind != "chaos":
            continue
        ended = view.ends_at or view.started
        if view.active or (view.state in ("lost", "failed") and time.time() < ended + VERIFY):
            return True
    return False


def _active(folder: RunFolder) -> bool:
    view = folder.read_view()
    return view is not None and view.active
