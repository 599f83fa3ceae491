"""`controlroom run`: sends load, and stops load runs."""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from controlroom.arrivals.address import ROUTES
from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, passing
from controlroom.commands.here import Here
from controlroom.commands.performing import (
    Act,
    Answer,
    absolute,
    perform_verb,
    performed,
    told,
    wanted,
)
from controlroom.commands.question import Fact, Question
from controlroom.commands.runs import list_runs, show_run
from controlroom.commands.watching import detached, headline, watch
from controlroom.ledger.listing import Wanted
from controlroom.model.run import RunView
from controlroom.runs.folder import RunFolder
from controlroom.runs.kinds.load import latencies
from controlroom.runs.launch import start
from controlroom.runs.prepare import ready_load
from controlroom.runs.registry import kind_of
from controlroom.runs.spec import (
    DEFAULT_TIMEOUT,
    MOST_USERS,
    USERS,
    WORKERS,
    LoadSpec,
    within_bounds,
)
from controlroom.runs.stop import NOTHING, Stopped, end_loads, stop_loads, stop_run
from controlroom.runs.store import store_of
from controlroom.settings import Settings
from host.durations import format_duration, parse_duration, rounded

DESCRIPTION = "Send load and say which bound ended it; killed, it goes on, ctrl+c stops it."
_MOST_SEED = 1_000_000
EXAMPLES = ("controlroom run -f data.json --concurrence 10 -n 10000 --timeout 3m",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the load's bounds, and the word `stop`."""
    parser.usage = "controlroom run [options] | stop ID|--all"
    add = parser.add_argument
    hidden = argparse.SUPPRESS
    add("action", nargs="?", choices=("list", "show", "stop"), help=hidden)
    add("id", nargs="?", metavar="ID", help=hidden)
    add("-f", "--file", metavar="FILE", help="records; without it they are generated")
    add(
        "-c", "--concurrence", dest="users", type=_whole, metavar="N",
        help=f"users in parallel ({USERS}); also --concurrency",
    )  # fmt: skip
    add("--concurrency", "--concurrencia", dest="users", type=_whole, default=hidden, help=hidden)
    add("-n", "--number", type=_whole, metavar="N", help="requests to send, exactly")
    add("--timeout", type=_duration, metavar="TIME", help="ends it then, such as 3m (10m)")
    add(
        "--path", choices=tuple(ROUTES), default="http", metavar="DOOR",
        help=f"which producer takes them: {', '.join(ROUTES)}",
    )  # fmt: skip
    add("--rate", type=_rate, metavar="R", help="requests/s, over all users")
    add(
        "--open", nargs="?", choices=("constant", "poisson"), const="constant", default="",
        metavar="GAPS", help="each starts on schedule: constant or poisson gaps",
    )  # fmt: skip
    add("--repeat", action="store_true", help="begin the file again at its end")
    add(
        "--wait", type=_span, default=(0.0, 0.0), metavar="A-B",
        help="seconds between requests of a user, such as 0.1-0.9",
    )  # fmt: skip
    add("--seed", type=int, metavar="N", help="of generated records, or of the order of -f (drawn)")
    add("--batch", type=_whole, default=1, metavar="N", help="events in one request (1)")
    add("--url", default="", help="instead of the stack's ingress; loopback only")
    add(
        "--in-cluster", type=_whole, nargs="?", const=WORKERS, default=0, metavar="N",
        help=f"by Jobs of the --context, N workers ({WORKERS})",
    )  # fmt: skip
    add("--detach", action="store_true", help="print the id and leave the run alone")
    add("--all", action="store_true", help=hidden)
    add("--yes", action="store_true", help=hidden)


@dataclass
class StartLoad(Act):
    """Starts a load run."""

    spec: LoadSpec
    by: str = ""
    """The verb that wanted it, where that was another."""
    run: RunFolder | None = None
    command = "load"

    def facts(self) -> Mapping[str, Any]:
        file = self.spec.file
        spec = self.spec if file is None else replace(self.spec, file=absolute(file))
        facts = {"command": spec.command(), "by": self.by, "run": self.run.id if self.run else ""}
        return {name: fact for name, fact in facts.items() if fact}

    async def prepare(self, here: Here) -> None:
        space = here.settings.namespace if here.context else ""
        self.spec = replace(self.spec, context=here.context, namespace=space)

    async def carry_out(self, here: Here) -> Answer:
        settings = here.settings
        within_bounds(self.spec, settings.max_users, settings.max_load_seconds)
        ready = await ready_load(self.spec, here.fallback, here.target)
        if ready.seed is None:
            # the title tells it, so that whoever wants the same order again can have it
            ready = replace(ready, seed=random.randrange(_MOST_SEED))
        self.run = start(here.store, ready)
        return Answer(
            f"{self.run.id}: {ready.title}",
            f", at most {format_duration(ready.timeout)}, {ready.address}",
        )


@dataclass
class StopLoad(Act):
    """Ends one load, or all: runs, and what Jobs of the cluster still send by themselves."""

    wanted: str
    """Id of a run, or of a load of the cluster; empty for all."""
    about: Sequence[Fact] = ()
    """What is known of it."""
    done: Stopped = NOTHING
    command = "stop_load"

    def facts(self) -> Mapping[str, Any]:
        done = self.done
        return {
            "what": self.wanted or "all", "runs": done.runs, "loads": done.loads, "left": done.left
        }  # fmt: skip

    def line(self) -> str:
        """The equal command line."""
        return f"controlroom run stop {self.wanted or '--all'}"

    async def prepare(self, here: Here) -> Question:
        what = self.wanted or "all runs but faults"
        facts = self.about or [("ends", what)]
        return Question(f"end · {what}", "End", "ended", self.line(), facts=facts, alone=True)

    async def carry_out(self, here: Here) -> Answer:
        self.done = done = await self._stopped(here)
        ended = [*done.runs, *done.loads]
        left = " ".join(done.left)
        return Answer(
            left or (f"Stopped: {', '.join(ended)}." if ended else "No load."),
            data={"stopped": ended, "left": done.left},
            code=Exit.OK if done.clean else Exit.UNCLEAN,
            left=left,
        )

    async def _stopped(self, here: Here) -> Stopped:
        if not self.wanted:
            return await self._also_in_cluster(await stop_loads(here.store), here)
        if self.wanted.startswith("load-"):
            return await self._also_in_cluster(Stopped((), ()), here)
        folder = here.store.folder(self.wanted)
        view = folder.read_view()
        was_active = view is not None and view.active
        ended = await stop_run(folder, patience=40.0, cut_after=30.0)
        left = () if ended else (f"Run {folder.id} did not end.",)
        return Stopped((folder.id,) if was_active else (), (), left)

    async def _also_in_cluster(self, done: Stopped, here: Here) -> Stopped:
        """What Jobs still send though nobody conducts them any more."""
        if not here.context:
            if not self.wanted:
                return done
            raise CommandError(
                f"{self.wanted} is sent by Jobs of a cluster.", "Give --context NAME with it."
            )
        loads, left = await end_loads(here.target, only=self.wanted)
        return replace(done, loads=loads, left=(*done.left, *left))


async def main(args: argparse.Namespace) -> Exit:
    """Sends, or looks after what was sent."""
    settings: Settings = args.settings
    store = store_of(settings)
    # what people typed before there was `controlroom runs`
    if args.action == "list":
        return list_runs(store, Wanted(children=True, limit=None), args.json)
    if args.action == "show":
        return show_run(store, _id(args), args.json)
    if args.action == "stop":
        return await perform_verb(StopLoad("" if args.all else _id(args)), args)
    return await _send(settings, args)


async def _send(settings: Settings, args: argparse.Namespace) -> Exit:
    if args.all:
        raise CommandError("--all belongs to `controlroom run stop`.", "Leave --all out.")
    act = StartLoad(_spec(args, settings))
    told(await performed(act, args), args.json)
    assert act.run is not None
    if args.detach or passing():
        return detached(act.run.id, args)
    asked = "Stopping: answers in flight are waited for; ctrl+c again within 2 s cuts."
    interrupted = await watch(act.run, _progress, asked)
    return _report(act.run, args.json, interrupted)


def _spec(args: argparse.Namespace, settings: Settings) -> LoadSpec:
    longest = float(settings.max_load_seconds)
    timeout = min(DEFAULT_TIMEOUT, longest) if args.timeout is None else args.timeout
    chosen = settings.scenario if settings.origin("scenario") != "default" else ""
    users = args.users or (min(MOST_USERS, settings.max_users) if args.open else USERS)
    return LoadSpec(
        url=args.url, scenario=chosen, path=args.path, file=args.file, seed=args.seed,
        users=users, number=args.number, rate=args.rate, open=args.open, timeout=timeout,
        repeat=args.repeat, batch=args.batch, in_cluster=args.in_cluster,
        wait_least=args.wait[0], wait_most=args.wait[1],
    )  # fmt: skip


def _progress(view: RunView) -> str:
    load = view.load
    if load is None or view.state == "starting":
        return f"{view.id} starting"
    of = f"/{load.total} ({100 * load.sent // max(load.total, 1)} %)" if load.total else ""
    spent = rounded(time.time() - view.started)
    limit = f" of {rounded(view.ends_at - view.started)}" if view.ends_at else ""
    failed = f"{load.failed} failed  " if load.failed else ""
    failed += f"{load.dropped} dropped  " if load.dropped else ""
    return (
        f"{view.id} {view.state}  {load.sent}{of}  {load.rps:g}/s  {failed}"
        f"{latencies(load)}  {spent}{limit}"
    )


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
    load = view.load
    good = view.state in ("finished", "stopped") and not (load and (load.failed or load.dropped))
    return Exit.OK if good else Exit.FAILED


def _summary(folder: RunFolder, view: RunView) -> list[str]:
    kind = kind_of(view.kind)
    lines = [headline(view)]
    return lines + kind.report(view, folder.read_result() or {})


def _whole_story(folder: RunFolder, view: RunView) -> dict[str, Any]:
    result = folder.read_result() or {}
    return {**asdict(view), "result": result, "command": folder.read_asked()["command"]}


def _id(args: argparse.Namespace) -> str:
    return wanted(args.id, f"run {args.action}", "the id of a run", "See `controlroom runs list`.")


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


def _span(text: str) -> tuple[float, float]:
    least, _, most = text.partition("-")
    try:
        return float(least), float(most or least)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no span of seconds; write it like 0.1-0.9"
        ) from None


def _duration(text: str) -> float:
    try:
        value = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time at all; write it like 3m")
    return value
