"""Splits of traffic that come and go while faults strike, and whether one is left behind.

Each divides the requests of one queue's door between what serves it and the error injector, so that
no event changes its queue. It is asked for as a person would, so a runner conducts it; now and then
the runner, haproxy or the supervisor is killed meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from itertools import cycle
from pathlib import Path
from random import Random

import yaml

from controlroom.torture.doors import Door
from controlroom.torture.environment import SUPERVISOR, Json, TortureEnvironment
from controlroom.torture.faults import Kill, NotStruckError
from host.errors import StackError
from host.paths import runs_dir

KIND = "TrafficSplit"
RUNNER = "runner"
NOBODY = "nobody"
DYING = ("", RUNNER, "haproxy", SUPERVISOR)
"""Who is killed during each of them, in turn."""
SECONDS = 6.0
"""How long one is asked for."""
PATIENCE = 90.0
"""Seconds beyond its end after which one is left behind."""
_EVERY = 0.2
_MAP = b"show map splits.map\n"


class Splits:
    """Splits one after the other, of any door. `trouble` is told what must not be."""

    def __init__(
        self,
        environment: TortureEnvironment,
        doors: Sequence[Door],
        seed: int,
        say: Callable[[str], None],
        trouble: Callable[[str], None],
    ) -> None:
        self._environment = environment
        self._doors = doors
        self._rng = Random(f"{seed}/splits")
        self._say = say
        self._trouble = trouble
        self.count: dict[str, int] = {}
        """Who died during it -> how many splits there were."""

    @property
    def missing(self) -> list[str]:
        """Whose death no split has met."""
        return [name for name in (one or NOBODY for one in DYING) if name not in self.count]

    async def go_on(self, stopping: asyncio.Event) -> None:
        """Until it is told to stop, each victim had its turn, and the last split is gone."""
        for turn, dies in enumerate(cycle(DYING)):
            if stopping.is_set() and turn >= len(DYING):
                return
            door = self._rng.choice(self._doors)
            try:
                await self._one(door, dies)
            except (StackError, NotStruckError, TimeoutError) as error:
                self._say(f"no split of {door.path}: {error}")
                await asyncio.sleep(1.0)

    async def _one(self, door: Door, dies: str) -> None:
        run = await self._start(door)
        await self._until(lambda: self._running(run), PATIENCE)
        if dies == RUNNER:
            self._kill_runner(run)
        elif dies:
            await Kill(dies, signal.SIGKILL).strike(self._environment, self._rng)
        await self.ended(door.path, dies or NOBODY, SECONDS + PATIENCE)

    async def ended(self, path: str, died: str, seconds: float) -> None:
        """Looks until no split is there, neither held nor in haproxy; trouble when one stays."""
        try:
            await self._until(self._none, seconds)
        except TimeoutError:
            self._trouble(f"a split of {path} is left behind; {died} died meanwhile")
            return
        self.count[died] = self.count.get(died, 0) + 1
        self._say(f"split of {path} came and went; {died} died meanwhile")

    async def _start(self, door: Door) -> str:
        file = self._environment.state / "torture-split.yaml"
        file.write_text(yaml.safe_dump(split_of(door)))
        answer = await self._environment.act("split", "start", str(file), "--yes", "--detach")
        if answer.code:
            raise NotStruckError(answer.err.strip())
        return answer.out.strip()

    def _kill_runner(self, run: str) -> None:
        file = runs_dir(self._environment.state) / run / "runner.json"
        with contextlib.suppress(ProcessLookupError):
            os.kill(json.loads(file.read_text())["pid"], signal.SIGKILL)

    async def _until(self, reached: Callable[[], Awaitable[bool]], seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while True:
                # the supervisor may go between two questions
                with contextlib.suppress(StackError):
                    if await reached():
                        return
                await asyncio.sleep(_EVERY)

    async def _running(self, run: str) -> bool:
        return any(one["run"] == run and one["phase"] == "running" for one in await self._held())

    async def _none(self) -> bool:
        return not await self._held() and not await self._divided()

    async def _held(self) -> list[Json]:
        await self._environment.status()
        found = await self._environment.client.faults()
        return [one for one in found if one["kind"] == KIND and one["phase"] != "finished"]

    async def _divided(self) -> bool:
        """Whether haproxy divides anything, as it says itself."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
            writer.write(_MAP)
            said = await reader.read()
            writer.close()
        except OSError:
            # it is being started, without a split
            return False
        return b"split-" in said

    @property
    def _socket(self) -> Path:
        return self._environment.state / "haproxy.sock"


def split_of(door: Door) -> Json:
    """Half of the requests of a door fail."""
    own = {"name": "own", "service": door.service, "port": door.port, "weight": 50}
    faulty = {"name": "faulty", "service": "error-injector", "weight": 50, "success": 0}
    return {
        "apiVersion": "controlroom.io/v1",
        "kind": KIND,
        "metadata": {"name": f"torture-{door.queue}"},
        "spec": {"paths": [door.path], "duration": f"{SECONDS:g}s", "branches": [own, faulty]},
    }
