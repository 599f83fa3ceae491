"""`controlroom run`: sends load, and lists, shows and stops load runs."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, replace
from typing import Any

from controlroom.cli.exits import CommandError, Exit
from controlroom.cli.table import table
from controlroom.cli.verb import emit, emit_json, talk
from controlroom.cli.watching import HEAD, explained, row_of, seconds, watch
from controlroom.model.duration import format_duration, parse_duration
from controlroom.model.run import RunView
from controlroom.runs.audit import acting
from controlroom.runs.folder import RunFolder
from controlroom.runs.launch import start
from controlroom.runs.prepare import ready_load
from controlroom.runs.spec import DEFAULT_TIMEOUT, WORKERS, LoadSpec, within_bounds
from controlroom.runs.stop import Stopped, end_loads, stop_loads, stop_run
from controlroom.runs.store import Store
from controlroom.settings import Settings
from controlroom.targets.choosing import target_of, title_of
from stack.paths import runs_dir

DESCRIPTION = (
    "Send load and say which bound ended it: number, file, timeout or stopped.\n"
    "It goes on when this command is killed; ctrl+c stops it and waits for answers."
)
EXAMPLES = (
    "controlroom run -f data.json --concurrence 10 -n 10000 --timeout 3m",
    "controlroom run -n 5000 --rate 200 --in-cluster 4 --context lab-a",
)

ENDED_BY = {
    "number": "the number of requests was reached",
    "file": "every record of the file was sent once (--repeat begins it again)",
    "timeout": "the time was over",
    "stopped": "it was stopped",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the load's bounds, and the words `list`, `show`, `stop`."""
    parser.usage = "controlroom run [options] | list | show ID | stop ID|--all"
    add = parser.add_argument
    hidden = argparse.SUPPRESS
    add("action", nargs="?", choices=("list", "show", "stop"), help=hidden)
    add("id", nargs="?", metavar="ID", help=hidden)
    add("-f", "--file", metavar="FILE", help="records; without it they are generated")
    add(
        "-c", "--concurrence", dest="users", type=_whole, default=10, metavar="N",
        help="users in parallel (10); also --concurrency",
    )  # fmt: skip
    add("--concurrency", "--concurrencia", dest="users", type=_whole, default=hidden, help=hidden)
    add("-n", "--number", type=_whole, metavar="N", help="requests to send, exactly")
    add("--timeout", type=_duration, metavar="TIME", help="ends it then, such as 3m (10m)")
    add("--path", choices=("http", "grpc"), default="http", help="which producer takes them")
    add("--rate", type=_rate, metavar="R", help="requests/s over all users")
    add("--repeat", action="store_true", help="begin the file again at its end")
    add("--seed", type=int, metavar="N", help="of the generated records")
    add("--batch", type=_whole, default=1, metavar="N", help="events in one request (1)")
    add("--url", default="", help="instead of the stack's ingress; loopback only")
    add(
        "--in-cluster", type=_whole, nargs="?", const=WORKERS, default=0, metavar="N",
        help=f"by Jobs of the --context, N workers ({WORKERS})",
    )  # fmt: skip
    add("--detach", action="store_true", help="print the id and leave the run alone")
    add("--all", action="store_true", help=hidden)


async def main(args: argparse.Namespace) -> Exit:
    """Sends, or looks after what was sent."""
    settings: Settings = args.settings
    store = Store(runs_dir(settings.state_dir), settings.max_runs)
    with explained():
        if args.action == "list":
            return _list(store, args.json)
        if args.action == "show":
            return _show(store.folder(_id(args)), args.json)
        if args.action == "stop":
            return await _stop(store, args)
        return await _send(store, settings, args)


async def _send(store: Store, settings: Settings, args: argparse.Namespace) -> Exit:
    if args.all:
        raise CommandError("--all belongs to `controlroom run stop`.", "Leave --all out.")
    with acting(settings.state_dir, "load", title_of(settings)) as deed:
        spec = _spec(args, settings)
        deed.add(command=spec.command())
        target = target_of(settings)
        try:
            ready = await ready_load(spec, settings.scenario, target)
        finally:
            await target.close()
        folder = start(store, ready)
        deed.add(run=folder.id)
    talk(f"{folder.id}: {ready.title}, at most {format_duration(ready.timeout)}, {ready.address}")
    if args.detach:
        emit_json({"id": folder.id}) if args.json else emit(folder.id)
        return Exit.OK
    asked = "Stopping: answers in flight are waited for; ctrl+c again within 2 s cuts."
    interrupted = await watch(folder, _progress, asked)
    return _report(folder, args.json, interrupted)


def _spec(args: argparse.Namespace, settings: Settings) -> LoadSpec:
    if settings.read_only:
        raise CommandError(
            "This is read-only: no load is sent.", "Leave --read-only out.", Exit.REFUSED
        )
    longest = float(settings.max_load_seconds)
    timeout = min(DEFAULT_TIMEOUT, longest) if args.timeout is None else args.timeout
    chosen = settings.scenario if settings.origin("scenario") != "default" else ""
    spec = LoadSpec(
        url=args.url, scenario=chosen, path=args.path, file=args.file, seed=args.seed,
        users=args.users, number=args.number, rate=args.rate, timeout=timeout,
        repeat=args.repeat, batch=args.batch,
        context=settings.contexts[0] if settings.contexts else "",
        namespace=settings.namespace, in_cluster=args.in_cluster,
    )  # fmt: skip
    within_bounds(spec, settings.max_users, longest)
    return spec


def _progress(view: RunView) -> str:
    load = view.load
    if load is None or view.state == "starting":
        return f"{view.id} starting"
    of = f"/{load.total} ({100 * load.sent // max(load.total, 1)} %)" if load.total else ""
    spent = seconds(time.time() - view.started)
    limit = f" of {seconds(view.ends_at - view.started)}" if view.ends_at else ""
    failed = f"{load.failed} failed  " if load.failed else ""
    return (
        f"{view.id} {view.state}  {load.sent}{of}  {load.rps:g}/s  {failed}"
        f"p50 {_ms(load.p50)}  p95 {_ms(load.p95)}  p99 {_ms(load.p99)} ms  {spent}{limit}"
    )


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _report(folder: RunFolder, as_json: bool, interrupted: bool) -> Exit:
    view = folder.read_view()
    assert view is not None
    if as_json:
        emit_json(_whole_story(folder, view))
    else:
        for line in _summary(folder, view):
            emit(line)
    if interrupted:
        return Exit.INTERRUPTED
    good = view.state in ("finished", "stopped") and not (view.load and view.load.failed)
    return Exit.OK if good else Exit.FAILED


def _summary(folder: RunFolder, view: RunView) -> list[str]:
    reason = f", ended by {view.bound}: {ENDED_BY[view.bound]}" if view.bound in ENDED_BY else ""
    lines = [f"{view.id} {view.state}{reason or f': {view.bound}' if view.bound else ''}"]
    load = view.load
    if load is not None:
        lasted = seconds((view.ended or time.time()) - view.started)
        lines.append(
            f"sent {load.sent}  answered {load.answered}  failed {load.failed}  "
            f"{load.rps:g} requests/s over {lasted}"
        )
        lines.append(f"p50 {_ms(load.p50)}  p95 {_ms(load.p95)}  p99 {_ms(load.p99)} ms")
    result = folder.read_result() or {}
    lines += [f"  {count} x {kind}" for kind, count in (result.get("failures") or {}).items()]
    paced = result.get("latency_from_schedule_ms")
    if paced:
        figures = "  ".join(f"{name} {_ms(paced[name])}" for name in ("p50", "p95", "p99"))
        lines.append(f"from the moment the rate wanted it sent: {figures} ms")
    return lines


def _whole_story(folder: RunFolder, view: RunView) -> dict[str, Any]:
    result = folder.read_result() or {}
    return {**asdict(view), "result": result, "command": folder.read_spec().command()}


def _list(store: Store, as_json: bool) -> Exit:
    views = store.runs().runs
    if as_json:
        emit_json([asdict(view) for view in views])
    elif not views:
        talk("There are no runs yet; `controlroom run -n 1000` starts one.")
    else:
        emit(table(HEAD, [row_of(view) for view in views], left=len(HEAD)))
    return Exit.OK


def _show(folder: RunFolder, as_json: bool) -> Exit:
    view = folder.read_view()
    if view is None:
        raise CommandError(f"{folder.path} holds no run that can be read.", "Remove that folder.")
    if as_json:
        emit_json(_whole_story(folder, view))
        return Exit.OK
    for line in (*_summary(folder, view), folder.read_spec().command(), str(folder.path)):
        emit(line)
    return Exit.OK


async def _stop(store: Store, args: argparse.Namespace) -> Exit:
    with acting(args.settings.state_dir, "stop load", what="all" if args.all else args.id) as deed:
        done = await _stopped(store, args)
        deed.add(runs=done.runs, loads=done.loads, left=done.left)
    if args.json:
        emit_json({"stopped": [*done.runs, *done.loads], "left": done.left})
    ended = ", ".join((*done.runs, *done.loads))
    talk(" ".join(done.left) or (f"Stopped: {ended}." if ended else "No load."))
    return Exit.OK if done.clean else Exit.UNCLEAN


async def _stopped(store: Store, args: argparse.Namespace) -> Stopped:
    if args.all:
        done = await stop_loads(store)
        return await _also_in_cluster(done, args.settings)
    if args.id and args.id.startswith("load-"):
        return await _also_in_cluster(Stopped((), ()), args.settings, args.id)
    folder = store.folder(_id(args))
    view = folder.read_view()
    was_active = view is not None and view.active
    ended = await stop_run(folder, patience=40.0, cut_after=30.0)
    left = () if ended else (f"Run {folder.id} did not end.",)
    return Stopped((folder.id,) if was_active else (), (), left)


async def _also_in_cluster(done: Stopped, settings: Settings, only: str = "") -> Stopped:
    """What Jobs still send though nobody conducts them any more."""
    if only and not settings.contexts:
        raise CommandError(f"{only} is sent by Jobs of a cluster.", "Give --context NAME with it.")
    if not settings.contexts:
        return done
    target = target_of(settings)
    try:
        loads, left = await end_loads(target, only=only)
    finally:
        await target.close()
    return replace(done, loads=loads, left=(*done.left, *left))


def _id(args: argparse.Namespace) -> str:
    if not args.id:
        raise CommandError(
            f"`controlroom run {args.action}` wants the id of a run.", "See `controlroom run list`."
        )
    return str(args.id)


def _whole(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return value


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests per second")
    return value


def _duration(text: str) -> float:
    try:
        value = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time at all; write it like 3m")
    return value
