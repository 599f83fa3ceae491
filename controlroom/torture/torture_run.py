"""A torture from start to end: load, faults, drain, comparison, books."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from controlroom.torture.compare import Comparison, compare
from controlroom.torture.doors import Door, System
from controlroom.torture.environment import TortureEnvironment, TortureError
from controlroom.torture.faults import NotStruckError, TortureFault, own_table, table_of
from controlroom.torture.kept import KeptStores
from controlroom.torture.load import TortureClients
from controlroom.torture.numbers import Ids
from controlroom.torture.plan import Moment, schedule
from controlroom.torture.report import Report
from controlroom.torture.splits import Splits
from controlroom.torture.stores import TortureStores
from controlroom.torture.together import COUNTERS, side_by_side, together
from host.errors import StackError
from scenarios.scenario import QUEUE, Scenario
from wire.ending import end

PATIENCE = 60.0
"""Seconds without any progress after which a drain is given up."""
_EVERY = 1.0
STORE_ERRORS = (PyMongoError, RedisError, KafkaError, OSError)
"""A store is away."""


@dataclass(frozen=True, slots=True)
class Side:
    """One queue: its clients, and what lies in the stores of it."""

    ids: Ids
    load: TortureClients
    stores: TortureStores


class TortureRun:
    """One run against one environment; with a `system` by all the queues that it has."""

    def __init__(
        self,
        environment: TortureEnvironment,
        scenario: Scenario,
        seed: int,
        say: Callable[[str], None],
        patience: float = PATIENCE,
        system: System | None = None,
    ) -> None:
        self.environment = environment
        self.say = say
        self.queue = scenario.queue
        self.report = Report(seed, ", ".join(scenario.queues))
        self._seed = seed
        self._patience = patience
        self._system = system
        self._table = table_of(scenario) + (own_table(system.own) if system else ())
        doors = system.doors if system else ()
        self._sides = {
            queue: self._side(scenario, queue, doors[place] if place else None)
            for place, queue in enumerate(scenario.queues)
        }
        self.load = self._sides[self.queue].load
        self.stores = self._sides[self.queue].stores
        environment.moved.append(self._moved)

    def _side(self, scenario: Scenario, queue: str, door: Door | None) -> Side:
        """`door`: of a queue that is not the scenario's first."""
        addresses = self.environment.addresses
        ids = Ids(f"t{time.time_ns() // 1_000_000:x}{queue if door else ''}")
        load = TortureClients(addresses["ingress"], scenario, ids, self._seed, door)
        if queue == QUEUE:
            return Side(ids, load, TortureStores(addresses, scenario, ids, queue))
        return Side(ids, load, KeptStores(addresses, scenario, ids, load, queue))

    def _moved(self, addresses: dict[str, str]) -> None:
        for side in self._sides.values():
            side.stores.dial(addresses)
            side.load.dial(addresses["ingress"])

    async def close(self) -> None:
        """Lets go of all connections."""
        for side in self._sides.values():
            await side.load.close()
            await side.stores.close()

    @property
    def _acknowledged(self) -> int:
        return sum(len(side.load.sent.acknowledged) for side in self._sides.values())

    async def strike(
        self, faults: int, seconds: float, table: Sequence[TortureFault] | None = None
    ) -> None:
        """Sends load and strikes, until the faults or the seconds are used up."""
        begun = time.monotonic()
        async with self.loaded(), self._divided():
            for moment in schedule(self._seed, faults, table or self._table):
                if time.monotonic() - begun > seconds:
                    self.say(f"time is up after {self.report.faults} faults")
                    break
                await asyncio.sleep(moment.after)
                await self._moment(moment)
        self.report.seconds = time.monotonic() - begun

    @asynccontextmanager
    async def loaded(self) -> AsyncIterator[None]:
        """Load while the block runs; every client has its last answer at the end."""
        loads = [side.load for side in self._sides.values()]
        for load in loads:
            load.start()
        try:
            yield
        finally:
            await asyncio.gather(*(load.stop() for load in loads))
            answers = sum((Counter(load.answers) for load in loads), Counter())
            self.report.answers = dict(sorted(answers.items()))

    @asynccontextmanager
    async def _divided(self) -> AsyncIterator[None]:
        """Splits of traffic come and go while the block runs, where there are several queues."""
        if self._system is None:
            yield
            return
        stopping = asyncio.Event()
        splits = Splits(self.environment, self._system.doors, self._seed, self.say, self.trouble)
        task = asyncio.create_task(splits.go_on(stopping))
        try:
            yield
            stopping.set()
            await task
            self.report.not_struck += [f"a split while {name} dies" for name in splits.missing]
        finally:
            self.report.splits = splits.count
            await end([task])

    async def _moment(self, moment: Moment) -> None:
        number = self.report.faults
        rngs = [Random(f"{self._seed}/{number}/{place}") for place in range(len(moment.faults))]
        await asyncio.gather(*map(self._strike, moment.faults, rngs))

    async def _strike(self, fault: TortureFault, rng: Random) -> None:
        begun = time.monotonic()
        try:
            hit = await fault.strike(self.environment, rng)
        except NotStruckError as error:
            self.report.not_struck.append(f"{fault.name}: {error}")
            self.say(f"not struck: {fault.name}: {error}")
            return
        except StackError as error:
            self.trouble(f"{fault.name}: {error.message}")
            return
        self.report.faults += 1
        self.report.by_fault[fault.name] = self.report.by_fault.get(fault.name, 0) + 1
        spent = time.monotonic() - begun
        self.say(
            f"{self.report.faults:4d}  {fault.name} ({hit or 'done'}, {spent:.1f} s);"
            f" {self._acknowledged} acknowledged"
        )

    def trouble(self, text: str) -> None:
        """Something that must not be, beside lost and doubled events."""
        self.report.troubles.append(text)
        self.say(f"TROUBLE {text}")

    async def judge(self) -> Comparison:
        """Waits until everything has arrived, then compares, and asks the books."""
        begun = time.monotonic()
        await self.environment.up()
        await self._no_fault_left()
        verdict = await self.settled()
        self.report.drained = time.monotonic() - begun
        verdict = await self._books(verdict)
        self.report.verdict = verdict
        self.report.sent = sum(side.ids.given for side in self._sides.values())
        self.report.open = sum(side.load.sent.open for side in self._sides.values())
        self.say(
            f"drained: {verdict.acknowledged} acknowledged, {verdict.repeated} repeated,"
            f" {verdict.lost} lost, {verdict.doubled} doubled"
        )
        return verdict

    async def _no_fault_left(self) -> None:
        for fault in await self.environment.client.faults():
            if fault["phase"] != "finished":
                await self.environment.client.recover_fault(fault["id"])

    async def settled(self) -> Comparison:
        """The verdict once it is clean, or when nothing has moved for so long as its patience."""
        seen: tuple[int, ...] = ()
        moved = time.monotonic()
        while True:
            verdict = await self.compare()
            if verdict.clean:
                return verdict
            now = (verdict.kafka, verdict.stored, verdict.lost, verdict.doubled)
            if now != seen:
                seen, moved = now, time.monotonic()
                self.say(f"draining: {verdict.lost} not yet everywhere")
            elif time.monotonic() - moved > self._patience:
                return verdict
            await asyncio.sleep(_EVERY)

    async def compare(self) -> Comparison:
        """The comparison as things are now; a store that is away is waited for.

        Raises TortureError where one stays away.
        """
        begun = time.monotonic()
        while True:
            try:
                return await self._compared()
            except STORE_ERRORS as error:
                if time.monotonic() - begun > max(self._patience, PATIENCE):
                    raise TortureError(f"a store does not answer: {error}") from error
            await asyncio.sleep(_EVERY)

    async def _compared(self) -> Comparison:
        if self._system is None:
            return compare(self.load.sent, await self.stores.read())
        found = {queue: await side.stores.read() for queue, side in self._sides.items()}
        sent = {queue: side.load.sent for queue, side in self._sides.items()}
        self.report.queues = side_by_side(sent, found)
        return together(self.report.queues)

    async def books(self) -> dict[str, Any]:
        """What `controlroom books` says of every document."""
        answer = await self.environment.command("books", "--exact", "--json")
        if not answer.out:
            self.trouble(f"books: {answer.err.strip()}")
            return {}
        found: dict[str, Any] = json.loads(answer.out)
        return found

    async def _books(self, verdict: Comparison) -> Comparison:
        """The books are read after the comparison, so they have to say the same; while they do
        not, both are asked again."""
        deadline = time.monotonic() + self._patience
        while True:
            self.report.books = books = await self.books()
            wrong = self._disagreements(verdict, books)
            if not wrong or time.monotonic() > deadline:
                break
            await asyncio.sleep(_EVERY)
            verdict = await self.compare()
        for each in wrong:
            self.trouble(f"books: {each}")
        return verdict

    def _disagreements(self, verdict: Comparison, books: dict[str, Any]) -> list[str]:
        if not (self._system and books):
            return disagreements(verdict, books)
        return [
            f"{queue}: {each}"
            for queue, of in self.report.queues.items()
            if queue != COUNTERS
            for each in disagreements(of, books["queues"][queue])
        ]


def disagreements(verdict: Comparison, books: dict[str, Any]) -> list[str]:
    """What the books say otherwise. They know of events of others too, so they may know more."""
    if not books:
        return ["no answer"]
    wanted = {"lost": verdict.lost, "doubled": verdict.doubled}
    if verdict.published is not None:
        wanted |= {
            "lost": verdict.undelivered,
            "missing": verdict.lost,
            "sent": verdict.published,
        }
    wrong = [
        f"{name} is {books[name]}, the comparison says {expected}"
        for name, expected in wanted.items()
        if books[name] != expected
    ]
    repeated = books.get("repeated", 0)
    if repeated != verdict.repeated:
        wrong.append(f"repeated is {repeated}, the comparison says {verdict.repeated}")
    if books["in_flight"]:
        wrong.append(f"{books['in_flight']} events are in flight for ever")
    if books["acknowledged"] < verdict.acknowledged:
        wrong.append(
            f"acknowledged is {books['acknowledged']}, clients were told {verdict.acknowledged}"
        )
    if books["stored"] < verdict.stored:
        wrong.append(f"stored is {books['stored']}, {verdict.stored} documents were found")
    return wrong
