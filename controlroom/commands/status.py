"""`controlroom status`: what runs."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from controlroom.commands import rooms
from controlroom.commands.exits import Exit
from controlroom.commands.face import emit, emit_json, refuse_inside, talk
from controlroom.commands.table import number, sign, size, span, table
from controlroom.model.fleet import Deployment, Engine, Fleet, Pod
from controlroom.model.links import ClusterLink, ClusterLinks
from controlroom.settings import Settings
from controlroom.targets.choosing import LOCAL, targets_of
from controlroom.targets.local import LocalTarget
from controlroom.targets.reading import fleet

DESCRIPTION = """\
Print the engines, deployments and pods of the local stack, or of the clusters
named by --context, and the rooms that are open on this machine. Exit code 3 when
there is none, 1 when one is seen in part. --watch goes on in plain lines, which a
screen reader can follow."""
EXAMPLES = (
    "controlroom status",
    "controlroom status --watch --context lab-a --context lab-b",
    "controlroom status --json | jq .stack.state",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the other way to look."""
    parser.add_argument("--watch", action="store_true", help="then a plain line for each change")


async def main(args: argparse.Namespace) -> Exit:
    """Asks the stack, or each cluster."""
    settings: Settings = args.settings
    if getattr(args, "watch", False):  # launch has no such flag
        from controlroom.commands.status_watch import watch

        refuse_inside("--watch", "The fleet panel watches by itself.")
        await watch(settings, args.json)
    if settings.contexts:
        return await _clusters(settings, args.json)
    target = LocalTarget.from_settings(settings)
    try:
        status = await target.status()
    finally:
        await target.close()
    if args.json:
        open_rooms = rooms.of_target(settings.state_dir, LOCAL)
        emit_json({**status, "rooms": rooms.as_data(open_rooms)})
    else:
        emit(shown(status, settings) + rooms.now_shown(settings.state_dir, LOCAL))
    return Exit.OK


async def _clusters(settings: Settings, as_json: bool) -> Exit:
    fleets = {}
    for context, target in zip(settings.contexts, targets_of(settings), strict=True):
        try:
            fleets[context] = await target.fleet()
        finally:
            await target.close()
    if as_json:
        told = {
            context: asdict(seen)
            | {"rooms": rooms.as_data(rooms.of_target(settings.state_dir, context))}
            for context, seen in fleets.items()
        }
        emit_json(told if len(told) > 1 else next(iter(told.values())))
    else:
        now = time.time()
        blocks = [
            f"{context}\n{tables(seen, now, settings)}"
            + rooms.now_shown(settings.state_dir, context)
            for context, seen in fleets.items()
        ]
        emit("\n\n".join(blocks))
    empty = [context for context, seen in fleets.items() if not (seen.deployments or seen.pods)]
    for context in empty:
        talk(f"controlroom: nothing is deployed in {context}, as far as can be seen.")
    in_part = [context for context, seen in fleets.items() if seen.notes]
    for context in in_part:
        talk(f"controlroom: {context} is seen in part.")
    if empty:
        return Exit.UNREACHABLE
    return Exit.FAILED if in_part else Exit.OK


def shown(status: Mapping[str, Any], settings: Settings) -> str:
    """One line of the stack, then a table each of engines, deployments and pods."""
    now = time.time()
    seen = fleet(status, (), now)
    return f"{headline(status, now)}\n\n{tables(seen, now, settings)}"


def tables(seen: Fleet, now: float, settings: Settings) -> str:
    """A table each of engines, deployments and pods, and what could not be seen."""
    parts = [_engines(seen, now, settings)] if seen.engines else []
    parts.append(_deployments(seen, settings))
    if seen.pods:
        parts.append(_pods(seen, now, settings))
    if seen.links is not None and seen.links.links:
        parts.append(_links(seen.links, settings))
    return "\n\n".join([*parts, *seen.notes])


def headline(status: Mapping[str, Any], now: float) -> str:
    """`local stack: ready · bands · up 12m`."""
    stack = status["stack"]
    up = f"up {span(now - stack['started'])}" if stack.get("started") else ""
    words = [stack.get("state"), stack.get("scenario"), up, stack.get("message")]
    return "local stack: " + " · ".join(word for word in words if word)


def _engines(seen: Fleet, now: float, settings: Settings) -> str:
    def row(one: Engine) -> tuple[str, ...]:
        full = one.disk is not None and one.disk.full
        good = one.state in ("ready", "external") and not full
        age = span(now - one.started if one.started else None)
        disk = ("-", "-") if one.disk is None else (size(one.disk.used), size(one.disk.free))
        use = (_cpu(one.cpu), size(one.memory), *disk, age)
        note = "the disk is nearly full: no events are taken" if full else one.message
        return (one.name, one.state, str(one.restarts), *use, _note(good, note, settings))

    header = ("engine", "state", "restarts", "cpu", "mem", "disk", "free", "age", "")
    return _noted(header, [row(one) for one in seen.engines], 2)


def _deployments(seen: Fleet, settings: Settings) -> str:
    def row(one: Deployment) -> tuple[str, ...]:
        bounds = f" of {one.minimum}..{one.maximum}" if one.maximum else ""
        ready = f"{one.ready}/{one.replicas}{bounds}"
        use = (_cpu(one.cpu), size(one.memory), span(one.age))
        good = one.ready >= one.replicas
        return (one.name, ready, str(one.restarts), *use, _note(good, one.message, settings))

    header = ("deployment", "ready", "restarts", "cpu", "mem", "age", "")
    return _noted(header, [row(one) for one in seen.deployments], 2)


def _pods(seen: Fleet, now: float, settings: Settings) -> str:
    def row(one: Pod) -> tuple[str, ...]:
        age = span(now - one.started if one.started else None)
        use = (_cpu(one.cpu), size(one.memory), age)
        return (
            one.name,
            one.phase,
            str(one.restarts),
            *use,
            _note(one.ready, one.message, settings),
        )

    header = ("pod", "phase", "restarts", "cpu", "mem", "age", "")
    return _noted(header, [row(one) for one in seen.pods], 2)


def _links(links: ClusterLinks, settings: Settings) -> str:
    def row(one: ClusterLink) -> tuple[str, ...]:
        names = ", ".join(one.services) or "-"
        return (
            one.cluster,
            one.gateway or "-",
            names,
            _note(not one.trouble, one.trouble, settings),
        )

    return _noted(("link", "gateway", "mirrored", ""), [row(one) for one in links.links], 3)


def _noted(header: tuple[str, ...], rows: list[tuple[str, ...]], left: int) -> str:
    """A table whose last column is free text that is not padded."""
    lines = table(header[:-1], [row[:-1] for row in rows], left).splitlines()
    notes = ["", *(row[-1] for row in rows)]
    return "\n".join(f"{line}  {note}".rstrip() for line, note in zip(lines, notes, strict=True))


def _note(good: bool, message: str, settings: Settings) -> str:
    return f"{sign(good, settings)} {message}".rstrip()


def _cpu(cores: float | None) -> str:
    return "-" if cores is None else f"{number(cores * 100)}%"
