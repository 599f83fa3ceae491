"""`controlroom chaos`: lists experiments, shows what they would hit, injects and stops them."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, passing
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
from controlroom.commands.stuck import Force, show_stuck
from controlroom.commands.table import table
from controlroom.commands.watching import detached, watch
from controlroom.model.run import RunView
from controlroom.runs.catalog import ChaosFile, chaos_dirs, chaos_files, entry_of, find
from controlroom.runs.folder import RunFolder
from controlroom.runs.hold import RELEASE, engage, held, release
from controlroom.runs.launch import start
from controlroom.runs.manifest import aimed, bounded, changed
from controlroom.runs.spec import ChaosSpec, change_flags
from controlroom.runs.stop import NOTHING, Stopped, stop_all, stop_fault
from controlroom.settings import Settings
from controlroom.targets.abilities import Preview, TargetError
from host.durations import format_duration, parse_duration, rounded
from scenarios.errors import ScenarioError

DESCRIPTION = (
    "Faults by Chaos Mesh objects. Each shows what it would hit, is confirmed, has an\n"
    "end and is verified to be gone. ctrl+c stops it; killing this command does not."
)
EXAMPLES = (
    "controlroom chaos preview network-delay-consumer-mongo",
    "controlroom chaos run chaos/pod-kill-consumer.yaml --yes",
    "controlroom chaos stop --all",
)
_UNCLEAN = (
    "Something may still be injected: see `controlroom chaos status`, stop it with",
    "`controlroom chaos stop --all`.",
)
ACTIONS = (
    "list",
    "preview",
    "run",
    "status",
    "pause",
    "resume",
    "stop",
    "stuck",
    "force",
    "release",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what to do and with which experiment or run."""
    parser.usage = (
        "controlroom chaos list | preview FILE | run FILE | status | stop ID|--all\n"
        "       | pause ID | resume ID | stuck | force ID | release"
    )
    add = parser.add_argument
    add("action", choices=ACTIONS, help=argparse.SUPPRESS)
    add("what", nargs="?", metavar="FILE|ID", help="a file or a name of the list; a run or a fault")
    add("--yes", action="store_true", help="do not ask")
    add("--duration", metavar="TIME", help="of run and preview: instead of its own duration")
    add("--run-for", metavar="TIME", dest="duration", help=argparse.SUPPRESS)
    add("--mode", default="", help="of run and preview: instead of the mode of the file")
    add("--value", default="", help="of run and preview: how many, or per cent, for the mode")
    add("--target", default="", metavar="NAME", help="of run and preview: what is hit instead")
    add("--detach", action="store_true", help="of run: print the id and leave it alone")
    add("--all", action="store_true", help="of stop: all load and faults; --hold WHY: no new ones")
    add("--hold", metavar="WHY", help=argparse.SUPPRESS)


@dataclass
class StartFault(Act):
    """Injects what an experiment says."""

    what: str
    """Name of an experiment of ours, or a file."""
    run_for: float | None = None
    mode: str = ""
    value: str = ""
    target: str = ""
    """Instead of those of the experiment; empty where they stay."""
    entry: ChaosFile | None = None
    """The experiment, once it is read."""
    spec: ChaosSpec | None = None
    run: RunFolder | None = None
    command = "chaos"

    @classmethod
    def of(
        cls, what: str, duration: str | None = None, mode: str = "", value: str = "",
        target: str = "",
    ) -> Self:  # fmt: skip
        """What was typed, by flags or in the dialog. Raises CommandError for what is no time."""
        try:
            run_for = None if duration is None else parse_duration(duration)
        except ValueError as error:
            raise CommandError(f"--duration: {error}") from None
        return cls(what, run_for, mode, value, target)

    def facts(self) -> Mapping[str, Any]:
        facts: dict[str, Any] = {"what": named_or_absolute(self.what)}
        if self.spec is not None:
            spec = replace(self.spec, source=absolute(self.spec.source))
            facts |= {"command": spec.command(), "manifest": spec.manifest}
        return facts | ({"run": self.run.id} if self.run else {})

    async def prepare(self, here: Here) -> Question:
        return self.question(await self.look(here))

    async def look(self, here: Here) -> Preview:
        """What it would hit now. Raises SpecError, TargetError."""
        self.spec = spec = aimed(
            self.read(here.settings, await _folders(here)), here.context, here.settings.namespace
        )
        self.entry = entry_of(spec)
        return await here.target.preview(spec.manifest)

    def read(self, settings: Settings, folders: Sequence[Path] = ()) -> ChaosSpec:
        """The experiment of these folders, with its end. Raises SpecError."""
        asked = changed(find(self.what, folders), self.mode, self.value, self.target)
        return bounded(asked, float(settings.max_fault_seconds), self.run_for)

    def question(self, preview: Preview) -> Question:
        """Asks for a name where the file says so, or where nothing ready would be left."""
        entry = self.entry
        assert entry is not None
        if not preview.hit_count:
            raise CommandError(
                "It would hit nothing.", "See `controlroom status` for what runs.", Exit.REFUSED
            )
        blast = entry.level == "blast" or preview.stays == 0
        return Question(
            f"chaos · {entry.name}",
            "Inject",
            "injected",
            self.line(entry),
            entry.deployment if blast else "",
            (what(entry),),
            preview,
            headline(entry),
            running=True,
        )

    def line(self, entry: ChaosFile) -> str:
        """The equal command line."""
        flags = change_flags(self.run_for, self.mode, self.value, self.target)
        return shlex.join([*shlex.split(entry.command()), *flags])

    async def carry_out(self, here: Here) -> Answer:
        assert self.spec is not None
        self.run = start(here.store, self.spec)
        return Answer(f"{self.run.id}: {self.spec.title}")


@dataclass
class PauseFault(Act):
    """Lifts a fault for a while."""

    fault: str
    about: Sequence[Fact] = unsaid(())
    """What is known of it."""
    command = "pause_fault"
    verb: ClassVar[str] = "pause"
    after: ClassVar[str] = "is lifted until it is resumed"

    def line(self) -> str:
        """The equal command line."""
        return f"controlroom chaos {self.verb} {self.fault}"

    async def prepare(self, here: Here) -> Question:
        # nobody is asked about what is refused afterwards
        await here.target.check_pause(self.fault)
        facts = self.about or [("id", self.fault)]
        heading, verb = f"{self.verb} · {self.fault}", self.verb.capitalize()
        return Question(heading, verb, f"{self.verb}d", self.line(), facts=facts, alone=True)

    async def carry_out(self, here: Here) -> Answer:
        await here.target.pause(self.fault, self.verb == "pause")
        return Answer(f"{self.fault} {self.after}", "; `controlroom chaos status` shows it")


@dataclass
class ResumeFault(PauseFault):
    """Puts a fault back that was lifted."""

    command = "resume_fault"
    verb = "resume"
    after = "is on again"


@dataclass
class StopFault(Act):
    """Ends one fault; a run that conducts it ends with it."""

    wanted: str
    """Id of a run or of a fault."""
    about: Sequence[Fact] = unsaid(())
    done: Stopped = NOTHING
    command = "stop"

    def facts(self) -> Mapping[str, Any]:
        done = self.done
        return {
            "what": self.wanted, "runs": done.runs, "faults": done.faults, "loads": done.loads,
            "left": done.left,
        }  # fmt: skip

    def line(self) -> str:
        """The equal command line."""
        return f"controlroom chaos stop {self.wanted}"

    async def prepare(self, here: Here) -> Question:
        facts = self.about or [("ends", self.wanted)]
        heading = f"end · {self.wanted}"
        return Question(heading, "End", "ended", self.line(), facts=facts, alone=True)

    async def carry_out(self, here: Here) -> Answer:
        self.done = done = await self._stopped(here)
        return Answer(
            done.sentence(),
            fix="" if done.clean else "Look with `controlroom chaos status`.",
            data={**asdict(done), "clean": done.clean},
            code=Exit.OK if done.clean else Exit.UNCLEAN,
            left="" if done.clean else done.sentence(),
        )

    async def _stopped(self, here: Here) -> Stopped:
        return await stop_fault(here.store, here.target, self.wanted)


@dataclass
class StopAll(StopFault):
    """Ends all load and chaos, and verifies that nothing is left injected."""

    wanted: str = "all"
    hold: str = ""
    """Why nothing new may be started until it is released; empty where it may."""
    command = "stop_all"
    everywhere = True

    async def prepare(self, here: Here) -> Question:
        facts = [("effect", "all load and chaos ends, and that is verified")]
        if self.hold:
            facts.append(("hold", f"nothing new is started until it is released: {self.hold}"))
        return Question(
            "stop all", "Stop all", "stopped", self.line(), "stop", facts, running=True, alone=True,
        )  # fmt: skip

    def line(self) -> str:
        """The equal command line."""
        hold = ["--hold", self.hold] if self.hold else []
        return shlex.join(["controlroom", "chaos", "stop", "--all", *hold])

    def facts(self) -> Mapping[str, Any]:
        return {**super().facts(), **({"hold": self.hold} if self.hold else {})}

    async def _stopped(self, here: Here) -> Stopped:
        if self.hold:
            # before anything is ended, so that nothing takes its place
            engage(here.store, self.hold)
        return await stop_all(here.store, here.target)


@dataclass
class Release(Act):
    """Lets runs be started again after `stop --all --hold`."""

    was: str = ""
    command = "release"

    def facts(self) -> Mapping[str, Any]:
        return {"was": self.was}

    def line(self) -> str:
        """The equal command line."""
        return RELEASE

    async def prepare(self, here: Here) -> Question:
        facts = [("held", held(here.store) or "nothing")]
        return Question("release", "Release", "released", self.line(), facts=facts, alone=True)

    async def carry_out(self, here: Here) -> Answer:
        self.was = release(here.store)
        said = f"Released: {self.was}" if self.was else "Nothing was held."
        return Answer(said, data={"was": self.was})


async def main(args: argparse.Namespace) -> Exit:
    """Does it and says how it stands afterwards."""
    settings: Settings = args.settings
    action = args.action
    if action == "list":
        return await _list(settings, args.json)
    if action == "preview":
        return await _preview(settings, args)
    if action == "run":
        return await _run(args)
    if action == "status":
        return await _status(settings, args.json)
    if action == "stuck":
        return await show_stuck(settings, args.json)
    return await perform_verb(_act(args), args)


def _act(args: argparse.Namespace) -> Act:
    if args.action == "stop":
        if args.all:
            return StopAll(hold=args.hold or "")
        if args.hold:
            raise CommandError("--hold goes with stop --all.", "Give --all.")
        fix = "See `controlroom chaos status`, or give --all."
        return StopFault(wanted(args.what, "chaos stop", "the id of a run or of a fault", fix))
    if args.action == "release":
        return Release()
    kinds = {"pause": PauseFault, "resume": ResumeFault, "force": Force}
    kind: Callable[[str], Act] = kinds[args.action]
    fix = "See `controlroom chaos status`."
    return kind(wanted(args.what, f"chaos {args.action}", "the id of a fault", fix))


async def _folders(here: Here) -> list[Path]:
    """Where experiments are: those of a scenario only where it is known."""
    try:
        return chaos_dirs(await here.scenario())
    except (TargetError, ScenarioError):
        return chaos_dirs(None)


async def _list(settings: Settings, as_json: bool) -> Exit:
    async with Here(settings) as here:
        entries = chaos_files(*await _folders(here))
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


def headline(entry: ChaosFile) -> str:
    """What stands above its preview."""
    return f"{entry.title}  ({entry.words}, {entry.level})"


def what(entry: ChaosFile) -> Fact:
    """The first fact about a fault."""
    lasts = "" if entry.duration is None else f" · for {format_duration(entry.duration)}"
    return "what", f"{entry.words} · {entry.deployment}{lasts}"


def named_or_absolute(name: str) -> str:
    """An experiment as the audit has it: the name of one of ours, the path of any other."""
    return absolute(name) if "/" in name or Path(name).exists() else name


def _start(args: argparse.Namespace) -> StartFault:
    name = wanted(
        args.what, f"chaos {args.action}", "a file or a name", "See `controlroom chaos list`."
    )
    return StartFault.of(name, args.duration, args.mode, args.value, args.target)


async def _preview(settings: Settings, args: argparse.Namespace) -> Exit:
    async with Here(settings) as here:
        spec = _start(args).read(settings, await _folders(here))
        preview = await here.target.preview(spec.manifest)
    if args.json:
        emit_json(asdict(preview))
    else:
        emit("\n".join((headline(entry_of(spec)), *preview_lines(preview))))
    return Exit.OK if preview.hit_count else Exit.REFUSED


async def _run(args: argparse.Namespace) -> Exit:
    act = _start(args)
    told(await performed(act, args), args.json)
    assert act.run is not None
    if args.detach or passing():
        return detached(act.run.id, args)
    interrupted = await watch(act.run, _progress, "Stopping: the fault is recovered.")
    return _report(act.run, args.json, interrupted)


def _progress(view: RunView) -> str:
    return progress(view, ", ".join(view.chaos.targets) if view.chaos is not None else "")


def _report(folder: RunFolder, as_json: bool, interrupted: bool) -> Exit:
    def hit(view: RunView) -> str:
        names = ", ".join(view.chaos.targets) if view.chaos and view.chaos.targets else "nothing"
        return f"; hit {names}{_back(folder.read_result() or {})}"

    return report(folder, as_json, interrupted, hit, _UNCLEAN)


def _back(result: Mapping[str, Any]) -> str:
    """How long the pipeline took to be where it was, and what it lost."""
    seen = result.get("recovery") or {}
    if not seen.get("back"):
        return ""
    figures = [f"{seen[key]} {key}" for key in ("lost", "doubled") if seen[key] is not None]
    if seen["lost"] is not None and not seen.get("recounted"):
        figures.append("documents were not counted anew, so more may be lost")
    return "; ".join(["", f"back {rounded(seen['from_removal'])} after it", *figures])


async def _status(settings: Settings, as_json: bool) -> Exit:
    async with Here(settings) as here:
        faults = await here.target.faults()
    show_held(faults, as_json, "Nothing is injected.", "HITS")
    return Exit.OK
