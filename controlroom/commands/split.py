"""`controlroom split`: lists splits of traffic, shows what goes where, starts and ends them."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from controlroom.commands.chaos import named_or_absolute
from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, passing, talk
from controlroom.commands.fault_runs import progress, report, show_held
from controlroom.commands.here import Here
from controlroom.commands.performing import (
    Act,
    Answer,
    absolute,
    perform_verb,
    performed,
    told,
    unsaid,
    wanted,
)
from controlroom.commands.question import Fact, Question, preview_lines
from controlroom.commands.table import table
from controlroom.commands.watching import detached, watch
from controlroom.model.run import RunView
from controlroom.runs.folder import RunFolder
from controlroom.runs.kinds.split import branch_lines
from controlroom.runs.launch import start
from controlroom.runs.manifest import aimed
from controlroom.runs.split_spec import SplitSpec, split_flags
from controlroom.runs.splits import changed_split, find_split, split_files, splits_dir
from controlroom.runs.stop import stop_fault
from controlroom.settings import Settings
from controlroom.targets.abilities import FaultStatus, Preview, TargetError
from host.durations import format_duration, parse_duration
from scenarios.errors import ScenarioError
from stack.faults.splitting import NAME

DESCRIPTION = (
    "Splits of traffic: requests of a path are divided among services by weights, until an\n"
    "end that the target holds. ctrl+c ends it; killing this command does not."
)
EXAMPLES = (
    "controlroom split list",
    "controlroom split start half-faulty --duration 60s --yes",
    "controlroom split start my.yaml --weight http=90 --weight faulty=10",
)
_UNCLEAN = (
    "It may still be on: see `controlroom split status`, end it with",
    "`controlroom split stop`.",
)
_STATUS = "See `controlroom split status`."
ACTIONS = ("list", "preview", "start", "status", "stop")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what to do and with which split."""
    parser.usage = (
        "controlroom split list | preview NAME|FILE | start NAME|FILE\n       | status | stop [ID]"
    )
    add = parser.add_argument
    add("action", choices=ACTIONS, help=argparse.SUPPRESS)
    add("what", nargs="?", metavar="NAME|FILE|ID", help="a split; of stop: a run, all if left out")
    add("--yes", action="store_true", help="do not ask")
    add("--duration", metavar="TIME", help="instead of its own duration")
    add("--weight", action="append", default=[], metavar="BRANCH=N", help="instead of its own")
    add("--detach", action="store_true", help="of start: print the id and leave it alone")


@dataclass
class StartSplit(Act):
    """Divides traffic as a split says."""

    what: str
    """Name of a split of the scenario, or a file."""
    run_for: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    spec: SplitSpec | None = None
    run: RunFolder | None = None
    command = "split"

    @classmethod
    def of(cls, what: str, duration: str | None = None, weights: Sequence[str] = ()) -> Self:
        """What was typed, by flags or in the dialog. Raises CommandError that names the flag."""
        try:
            run_for = None if duration is None else parse_duration(duration)
        except ValueError as error:
            raise CommandError(f"--duration: {error}") from None
        return cls(what, run_for, dict(map(_weight, weights)))

    def facts(self) -> Mapping[str, Any]:
        facts: dict[str, Any] = {"what": named_or_absolute(self.what)}
        if self.spec is not None:
            spec = replace(self.spec, source=absolute(self.spec.source))
            facts |= {"command": spec.command(), "manifest": spec.manifest}
        return facts | ({"run": self.run.id} if self.run else {})

    async def prepare(self, here: Here) -> Question:
        return self.question(await self.look(here))

    def question(self, preview: Preview) -> Question:
        """Yes or no, with what goes where."""
        assert self.spec is not None
        return Question(
            f"split · {self.spec.name}", "Start", "split", self.line(), preview=preview,
            title=self.spec.title, running=True,
        )  # fmt: skip

    async def look(self, here: Here) -> Preview:
        """What would go where now. Raises SpecError, TargetError."""
        asked = self.read(here.settings, await _folder(here))
        self.spec = aimed(asked, here.context, here.settings.namespace)
        return await here.target.preview(self.spec.manifest)

    def read(self, settings: Settings, folder: Path | None) -> SplitSpec:
        """The split of that folder, or of a file, with its end. Raises SpecError."""
        found = find_split(self.what, folder)
        longest = float(settings.max_fault_seconds)
        return changed_split(found, longest, self.run_for, self.weights)

    def line(self) -> str:
        """The equal command line."""
        words = ["controlroom", "split", "start", self.what]
        return shlex.join(words + split_flags(self.run_for, self.weights))

    async def carry_out(self, here: Here) -> Answer:
        assert self.spec is not None
        self.run = start(here.store, self.spec)
        return Answer(f"{self.run.id}: {self.spec.title}")


@dataclass
class StopSplit(Act):
    """Ends one split, or all; the runs that conduct them end with them."""

    wanted: str = ""
    """Id of a run or of a fault; empty for all."""
    about: Sequence[Fact] = unsaid(())
    command = "stop_split"

    def line(self) -> str:
        """The equal command line."""
        return f"controlroom split stop {self.wanted}".rstrip()

    async def prepare(self, here: Here) -> Question:
        facts = self.about or [("ends", self.wanted or "all splits of traffic")]
        heading = f"end · {self.wanted or 'splits'}"
        return Question(heading, "End", "ended", self.line(), facts=facts, alone=True)

    async def carry_out(self, here: Here) -> Answer:
        names = await _active(here)
        if self.wanted:
            names = [one for one in names if self.wanted in one]
            if not names:
                raise CommandError(f"No split is called {self.wanted}.", _STATUS, Exit.REFUSED)
        done = [await stop_fault(here.store, here.target, run or fault) for run, fault in names]
        left = " ".join(sentence for one in done for sentence in one.left)
        said = (
            f"{len(done)} split{'s' if len(done) != 1 else ''} ended; verified that none is left."
        )
        if left:
            said = f"Something may still be split: {left}"
        return Answer(
            said if names else "No split is on.",
            fix=_STATUS if left else "",
            data={"ended": [run or fault for run, fault in names], "left": left, "clean": not left},
            code=Exit.UNCLEAN if left else Exit.OK,
            left=left,
        )


async def main(args: argparse.Namespace) -> Exit:
    """Does it and says how it stands afterwards."""
    settings: Settings = args.settings
    if args.action == "list":
        return await _list(settings, args.json)
    if args.action == "preview":
        return await _preview(settings, args)
    if args.action == "start":
        return await _start(args)
    if args.action == "status":
        return await _status(settings, args.json)
    return await perform_verb(StopSplit(args.what or ""), args)


def _asked(args: argparse.Namespace) -> StartSplit:
    words = f"split {args.action}"
    name = wanted(args.what, words, "a name or a file", "See `controlroom split list`.")
    return StartSplit.of(name, args.duration, args.weight)


def _weight(text: str) -> tuple[str, float]:
    name, sign, number = text.partition("=")
    try:
        weight = float(number)
    except ValueError:
        weight = -1.0
    if not sign or not name or not 0 <= weight <= 10_000:
        raise CommandError(
            f"--weight {text} cannot be used.", "Write it as BRANCH=NUMBER, such as faulty=10."
        )
    return name, weight


async def _folder(here: Here) -> Path | None:
    """Where the splits of the scenario are; None where it is not known."""
    try:
        return splits_dir(await _scenario(here))
    except ScenarioError:
        return None


async def _active(here: Here) -> list[tuple[str, str]]:
    """Run of this machine and fault of the target for each split that is on or about to be; empty
    where one of both is not known."""
    faults = [one for one in await here.target.faults() if _is_on(one)]
    views = [view for folder in here.store.active() if (view := folder.read_view())]
    runs = [view.id for view in views if view.kind == SplitSpec.run_kind]
    held = [(one.run if one.run in runs else "", one.id) for one in faults]
    return [*held, *((run, "") for run in runs if run not in [one.run for one in faults])]


def _is_on(one: FaultStatus) -> bool:
    return one.kind == NAME and one.phase != "finished"


async def _list(settings: Settings, as_json: bool) -> Exit:
    async with Here(settings) as here:
        entries = split_files(splits_dir(await _scenario(here)))
    if as_json:
        emit_json([asdict(entry) for entry in entries])
    elif not entries:
        talk("This scenario has no splits; give `controlroom split start` a file.")
    else:
        rows = [
            (
                entry.name,
                "-" if entry.duration is None else format_duration(entry.duration),
                ", ".join(entry.shares) or "-",
                entry.error or entry.title,
            )
            for entry in entries
        ]
        emit(table(("NAME", "LASTS", "SHARES", "WHAT"), rows, left=4))
    return Exit.OK


async def _scenario(here: Here) -> Any:
    """That of the target; the one of the settings where no target answers."""
    from scenarios.loading import load

    try:
        return await here.scenario()
    except TargetError:
        return load(here.fallback)


async def _preview(settings: Settings, args: argparse.Namespace) -> Exit:
    act = _asked(args)
    async with Here(settings) as here:
        preview = await act.look(here)
    if args.json:
        emit_json(asdict(preview))
    else:
        assert act.spec is not None
        emit("\n".join((act.spec.title, *preview_lines(preview))))
    return Exit.OK


async def _start(args: argparse.Namespace) -> Exit:
    act = _asked(args)
    told(await performed(act, args), args.json)
    assert act.run is not None
    if args.detach or passing():
        return detached(act.run.id, args)
    interrupted = await watch(act.run, _progress, "Stopping: the split is ended.")
    return _report(act.run, args.json, interrupted)


def _progress(view: RunView) -> str:
    return progress(view, view.split.said() if view.split is not None else "")


def _report(folder: RunFolder, as_json: bool, interrupted: bool) -> Exit:
    def branches(view: RunView) -> str:
        return "".join(f"\n{line}" for line in branch_lines(view)) if view.split else ""

    return report(folder, as_json, interrupted, branches, _UNCLEAN)


async def _status(settings: Settings, as_json: bool) -> Exit:
    async with Here(settings) as here:
        faults = [one for one in await here.target.faults() if _is_on(one)]
    show_held(faults, as_json, "No split is on.", "SHARES")
    return Exit.OK
