"""One block of an experiment: a load, its phases, the faults of its arm."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from controlroom.experiments.clocks import Clocks, clocks
from controlroom.experiments.conditions import Watch, holds, unsteady
from controlroom.experiments.format import Experiment, Inject
from controlroom.experiments.impact import impact
from controlroom.experiments.measures import EVERY, Phase, Sample
from controlroom.runs.experiment_spec import SAMPLES, ExperimentSpec, Injected
from controlroom.runs.folder import RunFolder
from controlroom.runs.held import still_set
from controlroom.runs.holding import READY
from controlroom.runs.launch import first_view, start
from controlroom.runs.load import LoadRun
from controlroom.runs.load_meter import ClosedMeter, Meter, OpenMeter
from controlroom.runs.manifest import aimed
from controlroom.runs.observing import Observer
from controlroom.runs.open_load import FOLDER, OpenRun
from controlroom.runs.replicas import ReplicasSpec
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.spec import ChaosSpec, LoadSpec
from controlroom.runs.split_spec import SplitSpec
from controlroom.runs.store import RunStore
from controlroom.runs.variables import VariablesSpec
from controlroom.targets.abilities import Target
from host.durations import parse_duration
from host.liveness import proof_of

START_TIME = 60.0
"""Seconds that a load or a fault may need to begin."""
SPARE = 60.0
"""Seconds that a load goes on beyond its phases, if nobody ends it: faults take time to begin."""
DRAIN = 3.0
MOST_WAITING = 1000
"""Requests of an open load that may wait for an answer; what is above it is dropped."""
POLL = 0.1


class Stopped(Exception):
    """Somebody wants the experiment to end."""


class Aborted(Exception):
    """A guard, a condition or a part of it ends the experiment; says which."""


class Breached(Aborted):
    """It was a guard."""


class BlockRun:
    """Whatever ends it, its load has ended and its faults are asked to end when it is over."""

    def __init__(
        self,
        run: RunWriter,
        spec: ExperimentSpec,
        store: RunStore,
        target: Target,
        observer: Observer,
        place: int,
        arm: str,
    ) -> None:
        self._run = run
        self._spec = spec
        self._store = store
        self._target = target
        self._observer = observer
        self._place = place
        self._experiment: Experiment = spec.experiment
        self._arm = self._experiment.arm(arm)
        self._meter: Meter = ClosedMeter()
        self._watch = Watch(self._experiment.guards)
        self._samples: list[Sample] = []
        self._beside: dict[str, dict[str, Any]] = {}
        """Phase -> what others than the load say of it."""
        self._faults: list[tuple[RunFolder, float]] = []
        self._held: list[RunFolder] = []
        self._load: RunFolder | None = None
        self._sending: asyncio.Task[None] | None = None
        self._missed: tuple[int | None, int | None] = (None, None)
        self._edges: dict[str, tuple[float, float]] = {}

    async def run(self) -> dict[str, Any]:
        """Its line in `blocks.jsonl`. Raises Stopped, Aborted."""
        try:
            await self._set()
            return await self._measured()
        finally:
            await self._put_back()

    async def _measured(self) -> dict[str, Any]:
        lengths = self._experiment.phases.seconds
        try:
            await self._observer.begin(self._golden_door)
            await self._begin_load()
            await self._go("warm_up", lengths["warm_up"])
            await self._go("baseline", lengths["baseline"])
            baseline = [one for one in self._samples if one.phase == "baseline"]
            if why := unsteady(self._experiment.steady_state, baseline):
                raise Aborted(f"no steady state: {why}")
            await self._hit(lengths["fault"])
            await self._go("recovery", lengths["recovery"])
        finally:
            await self._end()
        look = await self._observer.drained()
        self._missed = self._observer.missed(look)
        edges = {name: self._edges[name] for name in self._beside}
        for name, waited in (await self._observer.queue_times(edges)).items():
            self._beside[name]["queue_time"] = waited
        return self.told()

    def told(self) -> dict[str, Any]:
        """What is known of it now."""
        phases, fleet = self._phases(), self._observer.fleet
        samples = self._meter.settled(self._samples)
        return {
            "place": self._place,
            "arm": self._arm.name,
            "phases": {name: one.told() for name, one in phases.items()},
            "clocks": found.told() if (found := self._clocks(samples)) is not None else None,
            "lost": self._missed[0],
            "doubled": self._missed[1],
            "restarts": fleet.restarts,
            "replicas": fleet.replicas,
            **impact(self._experiment, samples, self._injected, self._removed),
            "load": self._load.id if self._load is not None else None,
            "faults": [folder.id for folder, _ in self._faults],
        }

    async def _set(self) -> None:
        """Replicas and variables, each by a run of its own, which puts them back when this process
        dies."""
        where = (self._spec.context, self._spec.namespace)
        if replicas := self._arm.replicas:
            await self._hold(ReplicasSpec(replicas, *where))
        if variables := self._arm.variables:
            await self._hold(VariablesSpec(variables, *where))

    async def _hold(self, asked: ReplicasSpec | VariablesSpec) -> None:
        self._show(asked.title.partition(":")[0])
        folder = start(self._store, asked, owner=self._run.folder.id)
        self._held.append(folder)
        self._run.note(asked.run_kind, run=folder.id, wanted=asked.wanted)

        def begun() -> bool:
            view = folder.read_view()
            if view is not None and view.state in ("failed", "lost"):
                raise Aborted(f"{asked.title} were not set: {view.bound}")
            return view is not None and view.state == "running"

        most = READY * max(1, len(asked.wanted)) + START_TIME
        await self._until(begun, f"{asked.title} were not ready", most)

    async def _begin_load(self) -> None:
        """A run in this process, which the load process dies with."""
        spec = self._load_spec()
        folder = self._load = self._store.create()
        folder.write_spec(spec)
        folder.write_owner(self._run.folder.id)
        view = first_view(folder.id, spec)
        folder.write_view(view)
        proof = proof_of()
        assert proof is not None
        folder.write_runner(proof)
        folder.journal.note("asked", command=spec.command(), by=self._run.folder.id)
        writer = RunWriter(folder, view)
        if spec.open:
            self._meter = OpenMeter(folder.path / FOLDER)
            sending = OpenRun(writer, spec).run()
        else:
            closed = ClosedMeter()
            self._meter, sending = closed, LoadRun(writer, spec, closed.heard).run()
        self._sending = asyncio.create_task(sending)
        await self._until(lambda: self._meter.begun, "the load did not begin")

    @property
    def _golden_door(self) -> str:
        """Whose golden metrics are its own; of a route nobody here knows who serves it."""
        return "" if self._experiment.route(self._arm) else self._experiment.door(self._arm)

    def _load_spec(self) -> LoadSpec:
        load, door = self._experiment.load, self._experiment.door(self._arm)
        seed = self._spec.seed + self._place if load.seed is None else load.seed
        return LoadSpec(
            url=self._spec.url + self._experiment.route(self._arm),
            scenario=self._spec.scenario, path=door, seed=seed,
            users=load.users or MOST_WAITING, rate=load.rate, batch=load.batch, drain=DRAIN,
            open="" if load.rate is None else "constant",
            timeout=self._experiment.block_seconds + SPARE,
            context=self._spec.context, namespace=self._spec.namespace,
        )  # fmt: skip

    async def _go(self, name: str, seconds: float) -> None:
        """One phase, sample by sample."""
        if not seconds:
            return
        self._begin(name)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0.05:
            await self._tick(name, min(EVERY, left))
        await self._keep(name)

    async def _hit(self, seconds: float) -> None:
        """The fault phase. What begins at once begins before it, so that all of it is measured."""
        if not seconds:
            return
        waiting = self._due()
        self._begin("arming")
        for at, when, spec in [one for one in waiting if not one[0] and one[1] is None]:
            await self._inject(spec)
            waiting.remove((at, when, spec))
        self._begin("fault")
        began = time.monotonic()
        while (left := began + seconds - time.monotonic()) > 0.05:
            await self._tick("fault", min(EVERY, left))
            for one in list(waiting):
                at, when, spec = one
                now = holds(when.when, self._samples[-1]) if when and when.when else True
                if now and time.monotonic() - began >= at:
                    waiting.remove(one)
                    await self._inject(spec)
        for _, _, spec in waiting:
            self._run.note("not injected", name=spec.name, why="its condition did not hold")
        await self._keep("fault")
        for folder, _ in self._faults:
            view = folder.read_view()
            if view is not None and view.chaos is not None and view.chaos.phase == "running":
                folder.ask_stop()

    def _due(self) -> list[tuple[float, Inject | None, ChaosSpec]]:
        """(seconds into the phase, what it waits for, what is injected) for all of the arm."""
        found: list[tuple[float, Inject | None, ChaosSpec]] = []
        for each in self._experiment.faults_of(self._arm):
            spec = self._spec.faults[each.file]
            found.append((parse_duration(each.at), each if each.when else None, _chaos(spec)))
        for each in self._experiment.splits_of(self._arm):
            spec = self._spec.splits[each.file]
            found.append((parse_duration(each.at), each if each.when else None, _split(spec)))
        return found

    async def _inject(self, spec: ChaosSpec) -> None:
        """By a run of its own, which ends it when this process dies."""
        aim = aimed(spec, self._spec.context, self._spec.namespace)
        folder = start(self._store, aim, owner=self._run.folder.id)
        self._faults.append((folder, time.time()))
        self._run.note("inject", run=folder.id, name=spec.name)

        def begun() -> bool:
            view = folder.read_view()
            if view is None or view.state == "starting":
                return False
            if view.state in ("failed", "lost"):
                raise Aborted(f"{spec.name} was not injected: {view.bound}")
            return True

        await self._until(begun, f"{spec.name} was not injected")
        view = folder.read_view()
        self._faults[-1] = (folder, view.started if view is not None else time.time())
        self._run.note("injected", run=folder.id, name=spec.name)

    async def _until(
        self, done: Callable[[], bool], failed: str, patience: float = START_TIME
    ) -> None:
        limit = time.monotonic() + patience
        tick = time.monotonic() + EVERY
        while not done():
            self._look_out()
            if time.monotonic() > limit:
                raise Aborted(f"{failed} in {patience:g} s")
            if self._faults and time.monotonic() >= tick:
                self._take("arming")
                tick += EVERY
            await asyncio.sleep(POLL)

    async def _tick(self, phase: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._look_out()
            await asyncio.sleep(min(POLL, left))
        if seconds >= EVERY / 2:
            self._take(phase)

    def _look_out(self) -> None:
        if self._run.stop_asked:
            raise Stopped
        if self._sending is not None and self._sending.done():
            view = self._load.read_view() if self._load is not None else None
            error = self._sending.exception()
            why = f"{type(error).__name__}: {error}" if error else view.bound if view else ""
            raise Aborted(f"the load ended: {why or 'nobody knows why'}")

    def _take(self, phase: str) -> None:
        """One sample; a guard that is breached ends it."""
        sample = self._observer.sample(phase, self._meter)
        self._samples.append(sample)
        line = {"block": self._place, "arm": self._arm.name, **asdict(sample)}
        with (self._run.folder.path / SAMPLES).open("a") as file:
            file.write(json.dumps(line) + "\n")
        self._show(phase, sample)
        if phase != "warm_up" and (breach := self._watch.see(sample)):
            self._run.note("guard", breach=breach)
            raise Breached(f"guard: {breach}")

    def _show(self, phase: str, sample: Sample | None = None) -> None:
        figures: dict[str, Any] = {
            "block": self._place + 1, "of": len(self._spec.order), "arm": self._arm.name,
            "phase": phase,
        }  # fmt: skip
        if sample is not None:
            figures |= {"success": sample.success, "p95": sample.p95, "lag": sample.lag}
        self._run.update(figures=figures)

    def _begin(self, name: str) -> None:
        self._meter.begin(name)
        self._observer.phase(name)
        self._edges[name] = (time.time(), time.time())
        self._run.note("phase", block=self._place, arm=self._arm.name, phase=name)
        self._show(name)

    async def _keep(self, name: str) -> None:
        """What a phase that is over measured."""
        if name == "warm_up":
            return
        self._meter.close()
        self._observer.phase("")
        self._edges[name] = (self._edges[name][0], time.time())
        lags = [one.lag for one in self._samples if one.phase == name and one.lag is not None]
        golden = await self._observer.golden(self._experiment.phases.seconds[name])
        self._beside[name] = {
            "lag_peak": max(lags, default=None), "golden": golden,
            "services": self._observer.services(name),
        }  # fmt: skip

    def _phases(self) -> dict[str, Phase]:
        found = self._meter.phases()
        return {name: replace(found[name], **more) for name, more in self._beside.items()}

    async def _end(self) -> None:
        """Ends the load, waits for it, and asks all faults to end; they are verified later."""
        for folder, _ in self._faults:
            folder.ask_stop()
        await self._end_load()
        for folder, _ in self._faults:
            await self._over(folder)

    async def _end_load(self) -> None:
        if self._load is None or self._sending is None:
            return
        self._load.ask_stop(cut=self._run.cut_asked)
        while not self._sending.done():
            if self._run.cut_asked:
                self._load.ask_stop(cut=True)
            await asyncio.wait({self._sending}, timeout=POLL)

    async def _put_back(self) -> None:
        """What was before, ready before anything else is measured; where nothing will be, it is
        not waited for more than that it is wanted. Verified later."""
        for folder in self._held:
            folder.ask_stop()
        limit = time.monotonic() + READY * max(1, len(self._held)) + START_TIME
        for folder in self._held:
            while (view := folder.read_view()) is not None and view.active:
                if time.monotonic() > limit or (self._run.stop_asked and not still_set(folder)):
                    break
                await asyncio.sleep(POLL)

    async def _over(self, folder: RunFolder) -> None:
        limit = time.monotonic() + START_TIME
        while (view := folder.read_view()) is not None and view.active:
            if time.monotonic() > limit:
                return
            await asyncio.sleep(POLL)

    @property
    def _injected(self) -> float | None:
        """When the first fault was."""
        return min((at for _, at in self._faults), default=None)

    @property
    def _removed(self) -> float | None:
        """When the last fault was; None where one of them is not known to be."""
        ends = [_removed(folder) for folder, _ in self._faults]
        known = [one for one in ends if one is not None]
        return max(known) if known and len(known) == len(ends) else None

    def _clocks(self, samples: Sequence[Sample]) -> Clocks | None:
        """Of the first fault; the last one that was removed ends the second clock."""
        if self._injected is None:
            return None
        baseline = [one for one in samples if one.phase == "baseline"]
        return clocks(baseline, samples, self._injected, self._removed)


def _removed(folder: RunFolder) -> float | None:
    """When the target said that it is over."""
    fault = (folder.read_result() or {}).get("fault") or {}
    found: float | None = fault.get("recovered")
    return found


def _chaos(one: Injected) -> ChaosSpec:
    return ChaosSpec(one.manifest, one.name, one.source, one.run_for)


def _split(one: Injected) -> SplitSpec:
    return SplitSpec(one.manifest, one.name, one.source, one.run_for)
