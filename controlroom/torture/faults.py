"""The faults: each knows its name and how it strikes. The table at the end is all there are."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Protocol

import psutil

from controlroom.torture.doors import OwnPart
from controlroom.torture.environment import SUPERVISOR, TortureEnvironment, network
from host.errors import StackError
from scenarios.scenario import QUEUE, Scenario

STOPPED = 8.0
"""Seconds of a SIGSTOP: longer than the consumers' session timeout, shorter than liveness."""
_PATIENCE = 40.0
_EVERY = 0.2


class NotStruckError(Exception):
    """The fault found nobody to hit in time, so it does not count."""


class TortureFault(Protocol):
    """One way to break something."""

    @property
    def name(self) -> str:
        """What is done to whom, in a few words."""
        ...

    @property
    def target(self) -> str:
        """Who is hit."""
        ...

    async def strike(self, environment: TortureEnvironment, rng: Random) -> str:
        """Does it and returns when its cause is gone, with who was hit. Raises NotStruckError."""
        ...


@dataclass(frozen=True, slots=True)
class Kill:
    """A signal that ends one process."""

    target: str
    number: signal.Signals

    @property
    def name(self) -> str:
        """`SIGKILL kafka`."""
        return f"{self.number.name} {self.target}"

    async def strike(self, environment: TortureEnvironment, rng: Random) -> str:
        """Whoever watches over the process has to start another."""
        victim = await _victim(environment, self.target, rng)
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.send_signal(self.number)
        if self.target == SUPERVISOR:
            await asyncio.to_thread(_gone, victim)
            await environment.up()
        return f"pid {victim.pid}"


@dataclass(frozen=True, slots=True)
class Stop:
    """SIGSTOP, and SIGCONT so late that a group has given its partitions away: a zombie."""

    target: str
    seconds: float = STOPPED

    @property
    def name(self) -> str:
        """`SIGSTOP consumer`."""
        return f"SIGSTOP {self.target} {self.seconds:g} s"

    async def strike(self, environment: TortureEnvironment, rng: Random) -> str:
        """Nothing is lost in a stopped process; it goes on later, and the others did meanwhile."""
        victim = await _victim(environment, self.target, rng)
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.send_signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(self.seconds)
            finally:
                victim.send_signal(signal.SIGCONT)
        return f"pid {victim.pid}"


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """A fault of the network between a deployment and an engine."""

    deployment: str
    engine: str
    kind: str
    seconds: float = 4.0

    @property
    def target(self) -> str:
        """The deployment: its pods share the link."""
        return self.deployment

    @property
    def name(self) -> str:
        """`cut consumer-redis`."""
        return f"{self.kind} {self.deployment}-{self.engine} {self.seconds:g} s"

    async def strike(self, environment: TortureEnvironment, rng: Random) -> str:
        """The stack holds the fault and ends it."""
        manifest = network(
            f"torture-{self.kind}-{self.deployment}-{self.engine}",
            self.deployment,
            self.engine,
            _ACTIONS[self.kind],
            self.seconds,
        )
        fault = await _inject(environment, manifest)
        await asyncio.sleep(self.seconds)
        return fault


@dataclass(frozen=True, slots=True)
class ReplicaChange:
    """Another number of replicas, and back."""

    target: str
    up: int
    down: int
    seconds: float = 6.0

    @property
    def name(self) -> str:
        """`scale consumer 2-5-2`."""
        return f"scale {self.target} {self.down}-{self.up}-{self.down}"

    async def strike(self, environment: TortureEnvironment, rng: Random) -> str:
        """Partitions change hands twice."""
        await _insist(lambda: environment.client.scale(self.target, self.up))
        await asyncio.sleep(self.seconds)
        await _insist(lambda: environment.client.scale(self.target, self.down))
        return ""


_ACTIONS: Mapping[str, Mapping[str, Any]] = {
    "cut": {"action": "partition", "direction": "both"},
    "slow": {
        "action": "delay",
        "direction": "to",
        "delay": {"latency": "400ms", "jitter": "200ms"},
    },
    "lossy": {"action": "loss", "direction": "to", "loss": {"loss": "30"}},
}

DEPLOYMENTS = ("producer-http", "producer-grpc", "producer-wasm", "consumer")
PROCESSES = (*DEPLOYMENTS, "kafka", "redis", "mongo", "toxiproxy", "haproxy")
LINKS = (
    ("producer-http", "kafka"),
    ("producer-http", "redis"),
    ("producer-grpc", "kafka"),
    ("producer-grpc", "redis"),
    ("producer-wasm", "kafka"),
    ("producer-wasm", "redis"),
    ("consumer", "kafka"),
    ("consumer", "redis"),
    ("consumer", "mongo"),
)
TABLE: tuple[TortureFault, ...] = (
    *(Kill(target, signal.SIGKILL) for target in (*PROCESSES, SUPERVISOR)),
    *(Kill(target, signal.SIGTERM) for target in (*PROCESSES, SUPERVISOR)),
    *(Stop(target) for target in (*PROCESSES, SUPERVISOR)),
    *(BrokenLink(*link, kind) for link in LINKS for kind in _ACTIONS),
    ReplicaChange("consumer", 5, 2),
)


_DIRECT: tuple[TortureFault, ...] = (
    *(
        BrokenLink(deployment, "mongo", kind)
        for deployment in DEPLOYMENTS
        if deployment != "consumer"
        for kind in _ACTIONS
    ),
    ReplicaChange("producer-http", 4, 2),
)
"""Where producers store by themselves, instead of what befalls a consumer's links and number."""


def table_of(scenario: Scenario) -> tuple[TortureFault, ...]:
    """The faults of the deployments that the scenario has, and of the engines that its queue
    uses."""
    table = TABLE
    if scenario.queue == "direct":
        table = tuple(fault for fault in TABLE if not _of_consumer(fault)) + _DIRECT
    return tuple(
        fault
        for fault in table
        if (scenario.wasm is not None or fault.target != "producer-wasm")
        and (QUEUE in scenario.queues or not _of_kafka(fault))
    )


def own_table(parts: Sequence[OwnPart]) -> tuple[TortureFault, ...]:
    """The faults of what a scenario brings."""
    names = [part.name for part in parts]
    return (
        *(Kill(name, number) for number in (signal.SIGKILL, signal.SIGTERM) for name in names),
        *map(Stop, names),
        *(BrokenLink(p.name, e, kind) for p in parts for e in p.engines for kind in _ACTIONS),
        *(ReplicaChange(part.name, 3, 1) for part in parts if part.serves),
    )


def left_out(scenario: Scenario) -> tuple[str, ...]:
    """Names of the faults that make no sense for the queue of a scenario."""
    kept = {fault.name for fault in table_of(scenario)}
    there = table_of(replace(scenario, queues=(QUEUE,)))
    return tuple(fault.name for fault in there if fault.name not in kept)


def _of_kafka(fault: TortureFault) -> bool:
    return fault.target == "kafka" or (isinstance(fault, BrokenLink) and fault.engine == "kafka")


def _of_consumer(fault: TortureFault) -> bool:
    return isinstance(fault, BrokenLink | ReplicaChange) and fault.target == "consumer"


async def _victim(environment: TortureEnvironment, target: str, rng: Random) -> psutil.Process:
    waited = 0.0
    while not (found := await environment.victims(target)):
        if waited > _PATIENCE:
            raise NotStruckError(f"no process of {target} within {_PATIENCE:g} s")
        waited += _EVERY
        await asyncio.sleep(_EVERY)
    return rng.choice(found)


async def _inject(environment: TortureEnvironment, manifest: Mapping[str, Any]) -> str:
    found: list[str] = []

    async def once() -> None:
        found.append(str((await environment.client.inject_fault(manifest))["id"]))

    await _insist(once)
    return found[-1]


async def _insist(call: Callable[[], Awaitable[None]]) -> None:
    """Asks again while the stack cannot do it: what it would hit may just be coming back."""
    waited = 0.0
    while True:
        try:
            await call()
        except StackError as error:
            if waited > _PATIENCE:
                raise NotStruckError(error.message) from error
            waited += _EVERY
            await asyncio.sleep(_EVERY)
        else:
            return


def _gone(process: psutil.Process) -> None:
    """Returns when a supervisor has ended; SIGTERM gives it time to end its children."""
    try:
        process.wait(_PATIENCE)
    except psutil.TimeoutExpired as error:
        raise NotStruckError(f"process {process.pid} does not end") from error
