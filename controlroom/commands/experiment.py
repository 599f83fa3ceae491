"""`controlroom experiment`: lists, checks, plans, runs and ends experiments."""

from __future__ import annotations

import argparse
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from controlroom.commands.chaos import named_or_absolute
from controlroom.commands.ended import code_of_run
from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.experiment_sets import set_words, settable
from controlroom.commands.face import emit, emit_json, passing, talk
from controlroom.commands.fault_runs import progress
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, perform_verb, performed, told, wanted
from controlroom.commands.question import Fact, Question, preview_lines
from controlroom.commands.table import table
from controlroom.commands.watching import detached, watch
from controlroom.experiments.errors import ExperimentError
from controlroom.experiments.format import SHARE, Experiment, read
from controlroom.experiments.pilot import PILOT_ROUNDS
from controlroom.model.run import RunView
from controlroom.runs.catalog import level_of
from controlroom.runs.errors import SpecError
from controlroom.runs.experiment_files import (
    asked,
    experiment_files,
    experiments_dir,
    find_experiment,
    read_experiment,
)
from controlroom.runs.experiment_run import children
from controlroom.runs.experiment_spec import ExperimentSpec, Injected, repeat_flags, width_flags
from controlroom.runs.folder import RunFolder
from controlroom.runs.held import put_all_back, put_back, still_set
from controlroom.runs.launch import start
from controlroom.runs.manifest import aimed
from controlroom.runs.prepare import ready_load
from controlroom.runs.registry import kind_of, said
from controlroom.runs.spec import ChaosSpec, LoadSpec, within_bounds
from controlroom.runs.stop import NOTHING, Stopped, stop_fault, stop_run
from controlroom.settings import Settings
from controlroom.targets.abilities import Preview, TargetError
from host.durations import parse_duration, rounded
from scenarios.errors import ScenarioError
from scenarios.loading import load

DESCRIPTION = (
    "Experiments: arms take turns in blocks of random order, each with load, faults and\n"
    "guards; a verdict says which is faster. ctrl+c rolls back; killing this does not."
)
EXAMPLES = (
    "controlroom experiment plan paths",
    "controlroom experiment run paths --repeat 10 --yes",
    "controlroom experiment stop",
)
ACTIONS = ("list", "validate", "plan", "run", "stop")
PATIENCE = 60.0
"""Seconds that an experiment gets to end its load and its faults."""
CUT = 10.0
_LIST = "See `controlroom experiment list`."
_STATUS = "See `controlroom status` for what runs."
_REPLICAS_LEFT = (
    "An experiment before this one set them: `controlroom experiment stop` puts them back."
)
_UNCLEAN = "Something may still be injected: `controlroom chaos stop --all` ends it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what to do and with which experiment."""
    parser.usage = (
        "controlroom experiment list | validate [NAME|FILE] | plan NAME|FILE\n"
        "       | run NAME|FILE | stop [ID]"
    )
    add = parser.add_argument
    add("action", choices=ACTIONS, help=argparse.SUPPRESS)
    add("what", nargs="?", metavar="NAME|FILE|ID", help="an experiment; of stop: a run")
    add("--repeat", type=_rounds, metavar="N", help="blocks of each arm, instead of the file's")
    add("--width", type=_share, metavar="5%", help="of intervals: as many blocks as that takes")
    add("--within", type=_time, metavar="10m", help="the most time for that")
    add("--seed", type=int, metavar="N", help="of the order of blocks; else a new one")
    add("--yes", action="store_true", help="do not ask")
    add("--detach", action="store_true", help="of run: print the id and leave it alone")


@dataclass
class StartExperiment(Act):
    """Starts an experiment."""

    what: str
    """Name of one of the scenario, or a file."""
    rounds: int | None = None
    seed: int | None = None
    width: str = ""
    within: str = ""
    """Instead of the file's; a number of rounds goes before the file's width."""
    spec: ExperimentSpec | None = None
    run: RunFolder | None = None
    command = "experiment"

    def facts(self) -> Mapping[str, Any]:
        facts: dict[str, Any] = {"what": named_or_absolute(self.what)}
        if self.spec is not None:
            facts |= {"command": self.spec.command(), "seed": self.spec.seed}
        return facts | ({"run": self.run.id} if self.run else {})

    def line(self) -> str:
        """The equal command line."""
        words = ["controlroom", "experiment", "run", self.what, *repeat_flags(self.rounds)]
        words += [] if self.seed is None else ["--seed", str(self.seed)]
        words += width_flags(self.width, self.within)
        return shlex.join(words)

    async def prepare(self, here: Here) -> Question:
        facts, blast = await self.plan(here)
        assert self.spec is not None
        return Question(
            f"experiment · {self.spec.name}", "Start", "started", self.line(),
            self.spec.name if blast else "", facts, running=True,
        )  # fmt: skip

    async def plan(self, here: Here) -> tuple[list[Fact], bool]:
        """What it would do and hit now; whether a name has to be typed for that.

        Raises what `look` raises, and CommandError where it would hit nothing.
        """
        spec = await self.look(here)
        await must_fit(spec, here)
        facts: list[Fact] = [
            ("what", spec.title),
            ("arms", ", ".join(dict.fromkeys(spec.order))),
            ("takes", f"{_takes(spec)}, {len(spec.order)} blocks"),
            ("a block", f"{phase_words(spec)}; {load_words(spec)}"),
        ]
        facts += [("sets", f"{arm.name}: {set_words(arm)}") for arm in await settable(spec, here)]
        blast = False
        for name, fault, preview in await previews(spec, here):
            if not preview.branches and not preview.hit_count:
                raise CommandError(f"{name} would hit nothing.", _STATUS, Exit.REFUSED)
            facts.append(("hits", f"{name}: {hit_words(preview)}"))
            blast |= not preview.branches and (level_of(fault) == "blast" or preview.stays == 0)
        return facts, blast

    async def look(self, here: Here) -> ExperimentSpec:
        """What would be done. Raises SpecError, ScenarioError."""
        path = find_experiment(self.what, await folder_of(here))
        plan, experiment = self._changed(*read_experiment(path))
        seed = secrets.randbelow(1 << 31) if self.seed is None else self.seed
        longest = float(here.settings.max_fault_seconds)
        spec = asked(plan, experiment, path, longest, self.rounds, seed)
        namespace = here.settings.namespace if here.context else ""
        self.spec = replace(
            spec, width=self.width, within=self.within,
            context=here.context, namespace=namespace,
        )  # fmt: skip
        return self.spec

    def _changed(
        self, plan: Mapping[str, Any], experiment: Experiment
    ) -> tuple[Mapping[str, Any], Experiment]:
        """As it was asked for. Raises SpecError."""
        asked_for = {"width": self.width, "within": self.within}
        changes = {name: text for name, text in asked_for.items() if text}
        if changes and self.rounds is not None:
            raise SpecError("--repeat and --width both say how many.", "Leave one of them out.")
        if not changes:
            return plan, experiment
        if self.within and not self.width and experiment.width is None:
            raise SpecError(
                "--within is the time for a width, and none is wanted.", "Give --width."
            )
        plan = {**plan, **changes}
        try:
            return plan, read(plan)
        except ExperimentError as error:
            raise SpecError(f"--{error.field} {error}", error.fix) from None

    async def carry_out(self, here: Here) -> Answer:
        assert self.spec is not None
        if active := [one.id for one in here.store.active()]:
            raise CommandError(
                f"{', '.join(active)} acts on the target, and would be measured too.",
                "End it first: `controlroom runs list` shows it.",
                Exit.REFUSED,
            )
        if left := await put_all_back(here.store, here.target):
            raise CommandError(" ".join(left), _REPLICAS_LEFT, Exit.REFUSED)
        spec = await ready(self.spec, here)
        self.run = start(here.store, spec)
        takes = f", about {rounded(spec.lasts)}"
        return Answer(f"{self.run.id}: {spec.title}", takes)


@dataclass
class StopExperiment(Act):
    """Ends an experiment; its load and its faults end with it, and that is verified."""

    wanted: str = ""
    """Id of its run; empty for any that goes on."""
    done: Stopped = NOTHING
    command = "stop_experiment"

    def facts(self) -> Mapping[str, Any]:
        return {"what": self.wanted or "all", "runs": self.done.runs, "left": self.done.left}

    def line(self) -> str:
        """The equal command line."""
        return f"controlroom experiment stop {self.wanted}".rstrip()

    async def prepare(self, here: Here) -> Question:
        facts = [("ends", self.wanted or "the experiment"), ("with it", "its load, its faults")]
        heading = f"end · {self.wanted or 'experiment'}"
        return Question(heading, "End", "ended", self.line(), facts=facts, alone=True)

    async def carry_out(self, here: Here) -> Answer:
        folders = [here.store.folder(self.wanted)] if self.wanted else _going_on(here)
        for folder in folders:
            if folder.read_asked()["kind"] != ExperimentSpec.run_kind:
                raise CommandError(f"{folder.id} is no experiment.", "See `controlroom runs list`.")
        left: list[str] = []
        for folder in folders:
            if not await stop_run(folder, PATIENCE, CUT):
                left.append(f"Run {folder.id} did not end.")
            left += await _end_children(folder, here)
        self.done = Stopped(tuple(one.id for one in folders), (), tuple(left))
        ended = ", ".join(self.done.runs)
        return Answer(
            " ".join(left) or (f"Ended: {ended}; nothing is left." if ended else "No experiment."),
            fix=_UNCLEAN if left else "",
            data={"ended": self.done.runs, "left": left},
            code=Exit.UNCLEAN if left else Exit.OK,
            left=" ".join(left),
        )


async def _end_children(folder: RunFolder, here: Here) -> list[str]:
    """What runs of it still hold, where its own process could not end them."""
    left: list[str] = []
    for one in children(here.store, folder.id):
        view = one.read_view()
        if view is None:
            continue
        if still_set(one):
            left += [it] if (it := await put_back(one, here.target)) else []
        if not kind_of(view.kind).injects:
            if view.active and not await stop_run(one, CUT):
                left.append(f"Run {one.id} did not end.")
        else:
            left += (await stop_fault(here.store, here.target, one.id)).left
    return left


def _going_on(here: Here) -> list[RunFolder]:
    views = [(one, one.read_view()) for one in here.store.active()]
    return [one for one, view in views if view and view.kind == ExperimentSpec.run_kind]


async def must_fit(spec: ExperimentSpec, here: Here) -> None:
    """Raises SpecError where the target runs another scenario than the experiment."""
    info = await here.target.info()
    scenario = load(spec.scenario)
    if info.scenario and info.scenario != scenario.name:
        raise SpecError(
            f"The experiment is of {scenario.name}, and the target runs {info.scenario}.",
            f"Bring it up with --scenario {scenario.name}.",
        )


async def ready(spec: ExperimentSpec, here: Here) -> ExperimentSpec:
    """With the address, checked as a load is. Raises SpecError, NoAnswerError, Unreachable."""
    await must_fit(spec, here)
    experiment = spec.experiment
    one = LoadSpec(
        scenario=spec.scenario, users=experiment.load.users or 10, rate=experiment.load.rate,
        batch=experiment.load.batch, timeout=experiment.block_seconds or 1.0,
        context=spec.context, namespace=spec.namespace,
    )  # fmt: skip
    settings = here.settings
    within_bounds(one, settings.max_users, settings.max_load_seconds)
    complete = await ready_load(one, here.fallback, here.target)
    return replace(spec, url=complete.url, scenario=complete.scenario)


async def previews(spec: ExperimentSpec, here: Here) -> list[tuple[str, ChaosSpec, Preview]]:
    """What each fault and split would hit now."""
    found = []
    for name, one in [*spec.faults.items(), *spec.splits.items()]:
        fault = aimed(_chaos(one), spec.context, spec.namespace)
        found.append((name, fault, await here.target.preview(fault.manifest)))
    return found


def _chaos(one: Injected) -> ChaosSpec:
    return ChaosSpec(one.manifest, one.name, one.source, one.run_for)


def hit_words(preview: Preview) -> str:
    """`1 of 2 pods, 1 stays`; of a split, its branches."""
    if preview.branches:
        return ", ".join(preview.branches)
    return f"{preview.hit_count} of {preview.matched}, {preview.stays} ready stays"


async def folder_of(here: Here) -> Path | None:
    """The experiments of the scenario; None where it is not known."""
    try:
        return experiments_dir(await here.scenario())
    except TargetError:
        return experiments_dir(load(here.fallback))
    except ScenarioError:
        return None


async def main(args: argparse.Namespace) -> Exit:
    """Does it and says how it stands afterwards."""
    settings: Settings = args.settings
    if args.action == "list":
        return await _list(settings, args.json)
    if args.action == "validate":
        return await _validate(settings, args)
    if args.action == "plan":
        return await _plan(settings, args)
    if args.action == "run":
        return await _run(args)
    return await perform_verb(StopExperiment(args.what or ""), args)


async def _list(settings: Settings, as_json: bool) -> Exit:
    async with Here(settings) as here:
        entries = experiment_files(await folder_of(here))
    if as_json:
        emit_json([asdict(entry) for entry in entries])
    elif not entries:
        talk("This scenario has no experiments; give `controlroom experiment run` a file.")
    else:
        rows = [
            (one.name, ", ".join(one.arms) or "-", rounded(one.lasts), one.error or one.title)
            for one in entries
        ]
        emit(table(("NAME", "ARMS", "TAKES", "WHAT"), rows, left=4))
    return Exit.OK


async def _validate(settings: Settings, args: argparse.Namespace) -> Exit:
    """Raises SpecError for one; of all it says which are wrong."""
    longest = float(settings.max_fault_seconds)
    async with Here(settings) as here:
        folder = await folder_of(here)
    if args.what:
        path = find_experiment(args.what, folder)
        asked(*read_experiment(path), path, longest)
        found = [(str(path), "")]
    else:
        found = [(one.path, one.error) for one in experiment_files(folder)]
    if args.json:
        emit_json([{"file": path, "error": error} for path, error in found])
    else:
        for name, error in found:
            emit(error or f"{name}: good")
    return Exit.USAGE if any(error for _, error in found) else Exit.OK


def _act(args: argparse.Namespace) -> StartExperiment:
    what = wanted(args.what, f"experiment {args.action}", "a name or a file", _LIST)
    return StartExperiment(what, args.repeat, args.seed, args.width or "", args.within or "")


async def _plan(settings: Settings, args: argparse.Namespace) -> Exit:
    """What it would do and hit; nothing is started."""
    act = _act(args)
    async with Here(settings) as here:
        spec = await act.look(here)
        hits = await previews(spec, here)
        sets = await settable(spec, here)
    if args.json:
        emit_json(
            {
                "name": spec.name,
                "title": spec.plan.get("title", ""),
                "order": spec.order,
                "seed": spec.seed,
                "seconds": spec.lasts,
                "sets": {arm.name: arm.replicas for arm in sets if arm.replicas},
                "settings": {arm.name: arm.variables for arm in sets if arm.settings},
                "hits": {name: asdict(preview) for name, _, preview in hits},
            }
        )
        return Exit.OK
    for line in plan_lines(spec, hits):
        emit(line)
    for arm in sets:
        emit(f"sets    {arm.name}: {set_words(arm)}; put back after each block")
    return Exit.OK


def _takes(spec: ExperimentSpec) -> str:
    return f"{'at most' if spec.wants_width else 'about'} {rounded(spec.lasts)}"


def plan_lines(spec: ExperimentSpec, hits: Sequence[tuple[str, ChaosSpec, Preview]]) -> list[str]:
    """What it would do, for people."""
    lines = [
        spec.title,
        f"takes   {_takes(spec)}: {len(spec.order)} blocks of {phase_words(spec)}",
        f"load    {load_words(spec)}",
        f"order   {' '.join(spec.order)}  (seed {spec.seed})",
    ]
    if spec.wants_width:
        lines.append(
            f"rounds  as many as intervals {spec.experiment.width} wide take, which a pilot of "
            f"{PILOT_ROUNDS} rounds tells; at most {spec.rounds} in {spec.experiment.within}"
        )
    for name, _, preview in hits:
        lines += [f"{name}:", *(f"  {line}" for line in preview_lines(preview))]
    return lines


def phase_words(spec: ExperimentSpec) -> str:
    """`warm up 1s, baseline 3s`: what a block is made of."""
    phases = spec.experiment.phases
    return ", ".join(
        f"{name.replace('_', ' ')} {getattr(phases, name)}"
        for name, seconds in phases.seconds.items()
        if seconds
    )


def load_words(spec: ExperimentSpec) -> str:
    """What each block sends."""
    pace = spec.experiment.load
    return f"{pace.users} users" if pace.users else f"{pace.rate:g} requests/s"


async def _run(args: argparse.Namespace) -> Exit:
    act = _act(args)
    told(await performed(act, args), args.json)
    assert act.run is not None
    if args.detach or passing():
        return detached(act.run.id, args)
    interrupted = await watch(act.run, _progress, "Stopping: load and faults are ended.")
    return _report(act.run, args.json, interrupted)


def _progress(view: RunView) -> str:
    return progress(view, said(view))


def _report(folder: RunFolder, as_json: bool, interrupted: bool) -> Exit:
    view, result = folder.read_view(), folder.read_result() or {}
    assert view is not None
    code = code_of_run(view, result, interrupted)
    if as_json:
        emit_json({**asdict(view), "result": result, "clean": code is not Exit.UNCLEAN})
    else:
        emit(f"{view.id} {view.state}: {view.bound}")
        for line in kind_of(view.kind).report(view, result):
            emit(line)
    if code is Exit.UNCLEAN:
        talk(_UNCLEAN)
    return code


def _share(text: str) -> str:
    if not re.fullmatch(SHARE, text):
        raise argparse.ArgumentTypeError(f"{text!r} is no share such as 5%")
    return text


def _time(text: str) -> str:
    try:
        parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _rounds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1000")
    return int(text)
