"""What the keys of the room do: the commands, carried out on runs and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from controlroom.model.held import Held
from controlroom.model.log import LogLine
from controlroom.runs import catalog
from controlroom.runs.audit import Deed, acting
from controlroom.runs.catalog import ChaosFile
from controlroom.runs.errors import RunError
from controlroom.runs.launch import start
from controlroom.runs.manifest import aimed, bounded, read_chaos
from controlroom.runs.prepare import ready_load
from controlroom.runs.spec import LoadSpec, within_bounds
from controlroom.runs.stop import stop_all, stop_fault
from controlroom.runs.store import Store
from controlroom.settings import Settings
from controlroom.targets.abilities import Preview, Refused, Target, TargetError
from controlroom.targets.choosing import LOCAL
from controlroom.wiring import Room


class Operator:
    """Carries out what the room asks. Every refusal is a TargetError or ValueError with a sentence.

    A read-only room refuses here too, whatever its keys offered.
    """

    def __init__(self, room: Room, settings: Settings, context: str = "") -> None:
        self._room = room
        self._context = context
        self._settings = settings
        self._store = Store(settings.state_dir / "runs", settings.max_runs)

    @property
    def _target(self) -> Target:
        return self._room.target

    async def chaos_files(self) -> Sequence[ChaosFile]:
        """The experiments of the folder `chaos/`."""
        return catalog.chaos_files()

    async def preview_fault(self, file: ChaosFile) -> Preview:
        """What it would hit now."""
        return await self._target.preview(file.manifest)

    async def start_chaos(self, file: ChaosFile) -> str:
        """Starts a chaos run."""
        with self._acting("chaos", what=file.name) as deed:
            self._may_write()
            with _translated():
                spec = bounded(read_chaos(Path(file.path)), self._settings.max_fault_seconds)
            spec = aimed(spec, self._context, self._settings.namespace)
            deed.add(command=spec.command(), manifest=spec.manifest)
            folder = start(self._store, spec)
            deed.add(run=folder.id)
        return f"{folder.id}: {spec.title}"

    async def start_load(self, spec: LoadSpec) -> str:
        """Starts a load run."""
        space = self._settings.namespace if self._context else ""
        aimed_at = replace(spec, context=self._context, namespace=space)
        with self._acting("load", command=aimed_at.command()) as deed:
            self._may_write()
            with _translated():
                within_bounds(spec, self._settings.max_users, self._settings.max_load_seconds)
                complete = await ready_load(aimed_at, self._room.scenario.name, self._target)
            folder = start(self._store, complete)
            deed.add(run=folder.id)
        return f"{folder.id}: {complete.title}"

    async def stop_all(self) -> str:
        """Ends all load and chaos. Raises TargetError where something may be left."""
        with self._acting("stop all") as deed:
            stopped = await stop_all(self._store, self._target)
            self._room.look_again()
            deed.add(runs=stopped.runs, faults=stopped.faults, loads=stopped.loads)
            if not stopped.clean:
                raise TargetError(stopped.sentence(), "Look with `controlroom chaos status`.")
        return stopped.sentence()

    async def scale(self, deployment: str, replicas: int) -> str:
        """Changes the number of replicas."""
        with self._acting("scale", deployment=deployment, replicas=replicas):
            self._may_write()
            await self._target.scale(deployment, replicas)
        return f"{deployment}: {replicas} replicas wanted"

    async def preview_restart(self, deployment: str) -> Preview:
        """Which pods a restart would replace."""
        return await self._target.preview_restart(deployment)

    async def restart(self, deployment: str) -> str:
        """Replaces all pods of a deployment."""
        with self._acting("restart", deployment=deployment):
            self._may_write()
            await self._target.restart(deployment)
        return f"{deployment}: its pods are replaced"

    async def held(self) -> Sequence[Held]:
        """What the target holds by itself."""
        return await self._room.held()

    async def pause_held(self, one: Held, on: bool) -> str:
        """Lifts a fault for a while, or puts it back."""
        with self._acting("pause" if on else "resume", fault=one.id):
            self._may_write()
            if one.kind == "load":
                raise Refused("A load cannot be paused.", "End it, and start it again.")
            await self._target.pause(one.id, on)
        return f"{one.id} is {'lifted until it is resumed' if on else 'on again'}"

    async def end_held(self, one: Held) -> str:
        """Ends a fault or a load; a run that conducts it ends with it."""
        with self._acting("stop", what=one.id):
            self._may_write()
            if one.kind == "load":
                await self._target.end_load(one.id)
                left = ""
            else:
                with _translated():
                    left = " ".join((await stop_fault(self._store, self._target, one.id)).left)
            self._room.look_again()
            if left:
                raise TargetError(left, "Look with `controlroom chaos status`.")
        return f"{one.id} is ended"

    async def purge_logs(self) -> str:
        """Removes all stored documents; books and fence stay right."""
        with self._acting("purge", scenario=self._room.scenario.name) as deed:
            self._may_write()
            removed = await self._room.purge_logs()
            deed.add(documents=removed)
        return f"{removed:,} documents purged; counters and fence stay"

    async def choose(self, selection: int, key: str) -> None:
        """Selects a choice of the tallies."""
        self._room.choose(selection, key)

    async def log_page(self, before_first: int, n: int) -> Sequence[LogLine]:
        """Older lines of the log."""
        return await self._room.log_page(before_first, n)

    async def retry(self, source: str) -> None:
        """Connects a source again now."""
        self._room.retry(source)

    def _acting(self, action: str, **facts: Any) -> AbstractContextManager[Deed]:
        return acting(self._settings.state_dir, action, self._context or LOCAL, **facts)

    def _may_write(self) -> None:
        if self._settings.read_only:
            raise Refused("This room is read-only.", "Start it without --read-only.")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except RunError as error:
        raise TargetError(error.message, error.fix) from error
