"""`controlroom chaos`: lists experiments, shows what they would hit, injects and stops them."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TypeVar

from controlroom.cli.asking import confirm, preview_lines
from controlroom.cli.exits import CommandError, Exit
from controlroom.cli.stuck import force, show_stuck
from controlroom.cli.table import table
from controlroom.cli.verb import emit, emit_json, talk
from controlroom.cli.watching import explained, seconds, watch
from controlroom.model.duration import format_duration, parse_duration
from controlroom.model.run import RunView
from controlroom.runs.audit import acting
from controlroom.runs.catalog import aim_of, chaos_files, find, level_of
from controlroom.runs.fault import MAY_BE_LEFT
from controlroom.runs.folder import RunFolder
from controlroom.runs.launch import start
from controlroom.runs.manifest import aimed, bounded
from controlroom.runs.spec import ChaosSpec
from controlroom.runs.stop import Stopped, stop_all, stop_fault
from controlroom.runs.store import Store
from controlroom.settings import Settings
from controlroom.targets.abilities import FaultStatus, Preview, Target
from controlroom.targets.choosing import target_of, title_of
from stack.paths import runs_dir

DESCRIPTION = (
    "Faults by Chaos Mesh objects. Each shows what it would hit, is confirmed, has an\n"
    "end and is verified to be gone. ctrl+c stops it; killing this command does not."
)
EXAMPLES = (
    "controlroom chaos preview network-delay-consumer-mongo",
    "controlroom chaos run chaos/pod-kill-consumer.yaml --yes",
    "controlroom chaos stop --all",
)
ACTIONS = ("list", "preview", "run", "status", "pause", "resume", "stop", "stuck", "force")

T = TypeVar("T")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what to do and with which experiment or run."""
    parser.usage = (
        "controlroom chaos list | preview FILE | run FILE | status | stop ID|--all\n"
        "       | pause ID | resume ID | stuck | force ID"
    )
    add = parser.add_argument
    add("action", choices=ACTIONS, help=argparse.SUPPRESS)
    add("what", nargs="?", metavar="FILE|ID", help="a file or a name of the list; a run or a fault")
    add("--yes", action="store_true", help="of run: do not ask")
    add("--run-for", metavar="TIME", help="of run and preview: instead of its own duration")
    add("--detach", action="store_true", help="of run: print the id and leave it alone")
    add("--all", action="store_true", help="of stop: all load and all faults")


def main(args: argparse.Namespace) -> Exit:
    """Does it and says how it stands afterwards."""
    settings: Settings = args.settings
    with explained():
        if args.action == "list":
            return _list(args.json)
        if args.action == "preview":
            return _preview(settings, args)
        if args.action == "run":
            return _run(settings, args)
        if args.action == "status":
            return _status(settings, args.json)
        if args.action in ("pause", "resume"):
            return _pause(settings, _fault_id(args), args.action == "pause")
        if args.action == "stuck":
            return show_stuck(settings, args.json)
        if args.action == "force":
            return force(settings, _fault_id(args))
        return _stop(settings, args)


def _asked(settings: Settings, work: Callable[[Target], Awaitable[T]]) -> T:
    async def ask() -> T:
        target = target_of(settings)
        try:
            return await work(target)
        finally:
            await target.close()

    return asyncio.run(ask())


def _list(as_json: bool) -> Exit:
    entries = chaos_files()
    if as_json:
        emit_json([asdict(entry) for entry in entries])
        return Exit.OK
    rows = [
        (
            entry.name,
            entry.level,
            "at once" if entry.duration is None else format_duration(entry.duration),
            entry.error or entry.title,
        )
        for entry in entries
    ]
    emit(table(("NAME", "LEVEL", "LASTS", "WHAT"), rows, left=4))
    return Exit.OK


def _wanted(settings: Settings, args: argparse.Namespace) -> ChaosSpec:
    if not args.what:
        raise CommandError(
            f"`controlroom chaos {args.action}` wants a file or a name.",
            "See `controlroom chaos list`.",
        )
    try:
        run_for = None if args.run_for is None else parse_duration(args.run_for)
    except ValueError as error:
        raise CommandError(f"--run-for: {error}") from None
    wanted = bounded(find(args.what), float(settings.max_fault_seconds), run_for)
    return aimed(wanted, settings.contexts[0] if settings.contexts else "", settings.namespace)


def _preview(settings: Settings, args: argparse.Namespace) -> Exit:
    spec = _wanted(settings, args)
    preview = _asked(settings, lambda target: target.preview(spec.manifest))
    if args.json:
        emit_json(asdict(preview))
    else:
        emit("\n".join(_shown(spec, preview)))
    return Exit.OK if preview.hit_count else Exit.REFUSED


def _shown(spec: ChaosSpec, preview: Preview) -> list[str]:
    head = f"{spec.title}  ({spec.kind} {spec.action}, {level_of(spec)})"
    return [head, *preview_lines(preview)]


def _run(settings: Settings, args: argparse.Namespace) -> Exit:
    with acting(settings.state_dir, "chaos", title_of(settings), what=args.what) as deed:
        _may_act(settings)
        spec = _wanted(settings, args)
        deed.add(command=spec.command(), manifest=spec.manifest)
        preview = _asked(settings, lambda target: target.preview(spec.manifest))
        for line in _shown(spec, preview):
            talk(line)
        if not preview.hit_count:
            raise CommandError(
                "It would hit nothing.", "See `controlroom status` for what runs.", Exit.REFUSED
            )
        if not args.yes:
            typed = aim_of(spec) if level_of(spec) == "blast" else ""
            confirm("Inject it", "injected", typed)
        folder = start(Store(runs_dir(settings.state_dir), settings.max_runs), spec)
        deed.add(run=folder.id)
    talk(f"{folder.id}: {spec.title}")
    if args.detach:
        emit_json({"id": folder.id}) if args.json else emit(folder.id)
        return Exit.OK
    interrupted = asyncio.run(watch(folder, _progress, "Stopping: the fault is recovered."))
    return _report(folder, args.json, interrupted)


def _may_act(settings: Settings) -> None:
    if settings.read_only:
        raise CommandError(
            "This is read-only: no fault is injected or stopped.",
            "Leave --read-only out.",
            Exit.REFUSED,
        )


def _progress(view: RunView) -> str:
    chaos = view.chaos
    phase = chaos.phase if chaos is not None else view.state
    names = ", ".join(chaos.targets) if chaos is not None else ""
    left = f"  {seconds(max(0.0, view.ends_at - time.time()))} left" if view.ends_at else ""
    return f"{view.id} {phase}{left}  {names}"


def _report(folder: RunFolder, as_json: bool, interrupted: bool) -> Exit:
    view = folder.read_view()
    assert view is not None
    unclean = view.state == "lost" or MAY_BE_LEFT in view.bound
    if as_json:
        emit_json({**asdict(view), "result": folder.read_result(), "clean": not unclean})
    else:
        names = ", ".join(view.chaos.targets) if view.chaos and view.chaos.targets else "nothing"
        why = "" if view.bound == view.state else f": {view.bound}"
        emit(f"{view.id} {view.state}{why}; hit {names}")
    if unclean:
        talk("Something may still be injected: see `controlroom chaos status`, stop it with")
        talk("`controlroom chaos stop --all`.")
        return Exit.UNCLEAN
    if interrupted:
        return Exit.INTERRUPTED
    return Exit.OK if view.state in ("finished", "stopped") else Exit.FAILED


def _status(settings: Settings, as_json: bool) -> Exit:
    faults = _asked(settings, lambda target: target.faults())
    if as_json:
        emit_json([asdict(fault) for fault in faults])
    elif not faults:
        talk("Nothing is injected.")
    else:
        rows = [_fault_row(fault) for fault in faults]
        emit(table(("ID", "RUN", "PHASE", "LEFT", "NAME", "HITS"), rows, left=6))
    return Exit.OK


def _fault_row(fault: FaultStatus) -> tuple[str, ...]:
    over = fault.phase == "finished" or fault.ends is None
    left = "-" if over else seconds(max(0.0, (fault.ends or 0.0) - time.time()))
    return fault.id, fault.run, fault.phase, left, fault.name, ", ".join(fault.targets)


def _pause(settings: Settings, fault: str, on: bool) -> Exit:
    word = "pause" if on else "resume"
    with acting(settings.state_dir, word, title_of(settings), fault=fault):
        _may_act(settings)
        _asked(settings, lambda target: target.pause(fault, on))
    talk(f"{fault}: {word}d; `controlroom chaos status` shows it")
    return Exit.OK


def _fault_id(args: argparse.Namespace) -> str:
    if not args.what:
        raise CommandError(
            f"`controlroom chaos {args.action}` wants the id of a fault.",
            "See `controlroom chaos status`.",
        )
    return str(args.what)


def _stop(settings: Settings, args: argparse.Namespace) -> Exit:
    store = Store(runs_dir(settings.state_dir))
    if not args.all and not args.what:
        raise CommandError(
            "`controlroom chaos stop` wants the id of a run or of a fault.",
            "See `controlroom chaos status`, or give --all.",
        )

    async def work(target: Target) -> Stopped:
        if args.all:
            return await stop_all(store, target)
        return await stop_fault(store, target, args.what)

    what = "all" if args.all else args.what
    with acting(settings.state_dir, "stop", title_of(settings), what=what) as deed:
        _may_act(settings)
        done = _asked(settings, work)
        deed.add(runs=done.runs, faults=done.faults, loads=done.loads, left=done.left)
    if args.json:
        emit_json({**asdict(done), "clean": done.clean})
    talk(done.sentence())
    return Exit.OK if done.clean else Exit.UNCLEAN
