"""Stopping runs: one of them, or everything that acts on the target."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from controlroom.model.run import RunView
from controlroom.runs.errors import NoSuchRunError
from controlroom.runs.folder import RunFolder
from controlroom.runs.held import HeldTarget, put_all_back
from controlroom.runs.registry import kind_of
from controlroom.runs.store import RunStore
from controlroom.targets.abilities import (
    FaultStatus,
    InjectsFaults,
    SendsLoad,
    TargetError,
    Unreachable,
)

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
    """One sentence for everything that may still act on the target."""
    loads: tuple[str, ...] = ()
    """Loads that the target sent by itself and that nobody conducted any more."""

    @property
    def clean(self) -> bool:
        """Verified: nothing acts on the target any more."""
        return not self.left

    def sentence(self) -> str:
        """What happened, for people."""
        if not self.clean:
            return "Something may still be injected: " + " ".join(self.left)
        if not self.runs and not self.faults and not self.loads:
            return "Nothing was running, and nothing is injected."
        done = [f"{_count(self.runs, 'run')} stopped", f"{_count(self.faults, 'fault')} recovered"]
        if self.loads:
            done.append(f"{_count(self.loads, 'load')} in the cluster ended")
        return f"{', '.join(done)}; verified that nothing is left."


NOTHING = Stopped((), ())


class Acts(InjectsFaults, SendsLoad, HeldTarget, Protocol):
    """A target that can act on the target."""


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


async def stop_loads(store: RunStore, drain: float = DRAIN) -> Stopped:
    """Stops all runs but faults; those that do not end are killed."""
    views = ((one, one.read_view()) for one in store.active())
    loads = [one for one, view in views if view and not kind_of(view.kind).injects]
    await asyncio.gather(*(_end(one, drain) for one in loads))
    left = tuple(f"Run {one.id} did not end." for one in loads if _active(one))
    return Stopped(tuple(one.id for one in loads), (), left)


async def stop_all(store: RunStore, target: Acts, drain: float = DRAIN) -> Stopped:
    """Stops every run, recovers every fault that the target holds and ends every load that it
    sends, then verifies that. It asks runners and the target at once, so it works when runners
    are dead.
    """
    chaos_was_on = _unsettled(store, _is_chaos)
    load_was_on = _unsettled(store, _is_load_in_cluster)
    active = store.active()
    ending = asyncio.gather(*(_end(one, drain) for one in active))
    recovered, fault_left = await _recover_all(target, chaos_was_on)
    await ending
    left = [f"Run {one.id} did not end." for one in active if _active(one)]
    left += await put_all_back(store, target)
    loads, load_left = await end_loads(target, load_was_on)
    return Stopped(
        tuple(one.id for one in active), recovered, (*left, *fault_left, *load_left), loads
    )


async def end_loads(
    target: SendsLoad, was_on: bool = True, only: str = ""
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ends what the target still sends, or `only` the load of that id.

    Answers the ids, and a sentence for what is left.

    `was_on`: whether it may be sending; else a target that is away has nothing to end.
    """
    ended: list[str] = []
    try:
        for one in await target.loads():
            if one.active and only in ("", one.id):
                await target.end_load(one.id)
                ended.append(one.id)
        left = [one.id for one in await target.loads() if one.active and one.id in ended]
    except TargetError as error:
        if isinstance(error, Unreachable) and not was_on:
            return tuple(ended), ()
        return tuple(ended), (f"{error} {error.fix}".strip(),)
    return tuple(ended), tuple(f"Load {one} still sends." for one in left)


async def stop_fault(store: RunStore, target: InjectsFaults, wanted: str) -> Stopped:
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


def _unsettled(store: RunStore, wanted: Callable[[RunFolder, RunView], bool]) -> bool:
    """Whether such a run is on, or ended without proof that it left nothing behind."""
    for folder in store.folders():
        view = folder.read_view()
        if view is None or not wanted(folder, view):
            continue
        ended = view.ends_at or view.started
        if view.active or (view.state in ("lost", "failed") and time.time() < ended + VERIFY):
            return True
    return False


def _is_chaos(folder: RunFolder, view: RunView) -> bool:
    return kind_of(view.kind).injects


def _is_load_in_cluster(folder: RunFolder, view: RunView) -> bool:
    return kind_of(view.kind).by_target(folder.read_asked())


def _count(what: tuple[str, ...], word: str) -> str:
    return f"{len(what)} {word}{'s' if len(what) != 1 else ''}"


def _active(folder: RunFolder) -> bool:
    view = folder.read_view()
    return view is not None and view.active
