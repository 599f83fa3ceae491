"""`controlroom status --watch`: one plain line for each thing that changes.

Made for screen readers, logs and pipes: no line is ever rewritten, nothing depends on colour or on
where it stands, and a line that comes later never repeats one before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from controlroom.commands.face import emit, emit_json
from controlroom.model.fleet import Fleet
from controlroom.model.run import RunView
from controlroom.runs.store import RunStore
from controlroom.settings import Settings
from controlroom.targets.abilities import FaultStatus, Target, TargetError
from controlroom.targets.choosing import LOCAL, targets_of

EVERY = 1.0
"""Seconds between two looks."""
HEALTH = "health"


class Fact(NamedTuple):
    """How one thing is; `well` is None for what is neither good nor bad."""

    words: str
    well: bool | None = None


Facts = Mapping[str, Fact]


def of_fleet(seen: Fleet) -> dict[str, Fact]:
    """Engines and deployments by name."""
    found = {}
    for engine in seen.engines:
        full = engine.disk is not None and engine.disk.full
        words = "the disk is nearly full" if full else _said(engine.state, engine.message)
        found[f"engine {engine.name}"] = Fact(words, engine.state in _WELL and not full)
    for one in seen.deployments:
        words = _said(f"{one.ready} of {one.replicas} ready", one.message)
        found[f"deployment {one.name}"] = Fact(words, one.ready >= one.replicas)
    return found


def of_faults(faults: Sequence[FaultStatus]) -> dict[str, Fact]:
    """Faults that are there, by their ids."""
    there = (one for one in faults if one.recovered is None)
    return {f"fault {one.id} {one.name}": Fact(one.phase) for one in there}


def of_runs(runs: Sequence[RunView], known: Facts) -> dict[str, Fact]:
    """Runs that are under way, or were when they were looked at before."""
    named = {f"run {run.id} {run.title}": run for run in runs}
    return {
        name: Fact(_said(run.state, run.bound))
        for name, run in named.items()
        if run.active or name in known
    }


def with_health(facts: Facts) -> dict[str, Fact]:
    """The facts with one sentence about all of them, first."""
    judged = {name: one.well for name, one in facts.items() if one.well is not None}
    bad = [name for name, well in judged.items() if not well]
    if not judged:
        said = Fact("nothing is seen", False)
    elif bad:
        said = Fact(f"bad, {len(bad)} of {len(judged)} not ready: {', '.join(bad)}", False)
    else:
        said = Fact(f"good, all {len(judged)} engines and deployments are ready", True)
    return {HEALTH: said, **facts}


def changes(before: Facts, after: Facts) -> Iterator[tuple[str, str, str]]:
    """(name, how it is now, how it was) of each that has changed; "" for what was not there, and
    "gone" for what is not any more. Health comes last, when all that made it has been said."""
    others = [name for name in {**after, **before} if name != HEALTH]
    for name in others:
        now, was = after.get(name, Fact("gone")).words, before.get(name, Fact("")).words
        if now != was:
            yield name, now, was
    now, was = after[HEALTH].words, before.get(HEALTH, Fact("")).words
    if now != was:
        yield HEALTH, now, was


def line(at: str, context: str, name: str, now: str, was: str) -> str:
    """`01:42:20 engine kafka: starting, was ready`."""
    where = f"{context}, " if context else ""
    return f"{at} {where}{name}: {now}" + (f", was {was}" if was else "")


async def watch(settings: Settings, as_json: bool) -> None:
    """Says how all is, then what changes, until it is interrupted."""
    names = settings.contexts or (LOCAL,)
    targets = dict(zip(names, targets_of(settings), strict=True))
    known: dict[str, Facts] = {name: {} for name in names}
    store = RunStore()
    try:
        while True:
            for name, target in targets.items():
                now = await _look(target, of_runs(store.runs().runs, known[name]))
                _say(name if len(names) > 1 else "", changes(known[name], now), as_json)
                known[name] = now
            await asyncio.sleep(EVERY)
    finally:
        for target in targets.values():
            await target.close()


async def _look(target: Target, runs: Facts) -> Facts:
    try:
        facts = of_fleet(await target.fleet()) | of_faults(await target.faults())
    except TargetError as error:
        return {HEALTH: Fact(f"bad, cannot be reached: {error}", False), **runs}
    return with_health({**facts, **runs})


def _say(context: str, found: Iterator[tuple[str, str, str]], as_json: bool) -> None:
    seconds = time.time()
    at = time.strftime("%H:%M:%S", time.localtime(seconds))
    for name, now, was in found:
        if as_json:
            emit_json({"at": seconds, "context": context, "name": name, "now": now, "was": was})
        else:
            emit(line(at, context, name, now, was))


def _said(*words: str) -> str:
    return ", ".join(" ".join(word.split()) for word in words if word)


_WELL = ("ready", "external")
