"""The chain from the door to the stores: how busy each part is, who waits for it, what queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controlroom.model.routes import Route, Routes


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the chain. Shares are 0 to 1; None is what is not known."""

    name: str
    key: str = ""
    """One of model.limit.PARTS; empty for what queues between them."""
    busy: float | None = None
    """Share of one core that its busiest process uses."""
    waited: float | None = None
    """Share of the time in which those before it wait for it."""
    rate: float | None = None
    """Requests, or events, per second."""
    p99: float | None = None
    """Milliseconds until it answers, of the slowest caller."""
    queued: int | None = None
    """Events that wait before it."""


@dataclass(frozen=True, slots=True)
class Chain:
    """All parts in the order in which an event meets them."""

    parts: tuple[Part, ...]
    limit: str
    """One of model.limit.PARTS; empty where nothing is at its limit."""
    lag: float | None = None
    """Events per second by which the queue grows."""


def chain(busy: Mapping[str, float], routes: Routes, queued: int | None, limit: str) -> Chain:
    """`busy` as model.limit.bottleneck has it."""
    names = sorted({row.deployment for row in routes.rows})
    doors = [name for name in names if name.startswith("producer")]
    parts = [_door(name, routes) for name in doors] or [Part("doors", "producer")]
    if busy.get("producer") is not None:
        # what is measured is the busiest of them, whichever that is
        parts.append(Part("the busiest door", "producer", busy=busy["producer"]))
    stores = (("redis", "redis"), ("documents", "mongo"))
    return Chain(
        (
            *parts,
            _asked("kafka", "kafka", doors, "kafka", busy.get("sending"), routes),
            Part("queue", queued=queued),
            Part(
                "consumers", "consumer", busy.get("consumer"), None, busy.get("handled"),
            ),
            *(
                _asked(name, name, ["consumer"], to, busy.get(name), routes)
                for name, to in stores
            ),
        ),
        limit,
    )  # fmt: skip


def _door(name: str, routes: Routes) -> Part:
    own = routes.of(name, "inbound")
    return Part(name, "producer", rate=sum(row.rps for row in own) or None, p99=_slowest(own))


def _asked(
    name: str, key: str, callers: list[str], to: str, waited: float | None, routes: Routes
) -> Part:
    rows = [row for caller in callers for row in routes.of(caller, "outbound") if row.to == to]
    rate = sum(row.rps for row in rows) or None
    return Part(name, key, waited=waited, rate=rate, p99=_slowest(rows))


def _slowest(rows: list[Route]) -> float | None:
    return max((p99 for row in rows if (p99 := row.quantile(0.99)) is not None), default=None)


_SAID = {
    "producer": "a door is at its limit: its busiest process uses {busy} of a core",
    "kafka": "Kafka: the doors, or the consumers, wait for it {waited} of the time",
    "consumer": "the consumers themselves: the busiest uses {busy} of a core",
    "redis": "Redis: {waited} of the consumers' time is spent waiting for it",
    "documents": "the document store: {waited} of the consumers' time is spent waiting for it",
}
_HELPS = {
    "producer": "More replicas of that door, or another one: `controlroom scale producer-http 3`.",
    "kafka": "Faster disks or more brokers; on one broker fewer, larger requests.",
    "consumer": "More consumers, up to one for each partition: `controlroom scale consumer 4`.",
    "redis": "Fewer tallies for an event, or Redis on a core of its own; more consumers do not.",
    "documents": "A faster store or disk; more consumers only while the store is not full.",
}


def sentence(told: Chain) -> str:
    """What the limit is now."""
    if not told.limit:
        queue = next((part.queued for part in told.parts if part.name == "queue"), None)
        waits = "nothing queues" if not queue else f"{queue:,} events are under way"
        return f"Nothing is at its limit: {waits}."
    of = [part for part in told.parts if part.key == told.limit]
    busy = next((part.busy for part in of if part.busy is not None), None)
    waited = next((part.waited for part in of if part.waited is not None), None)
    said = _SAID[told.limit].format(busy=_share(busy), waited=_share(waited))
    p99 = next((part.p99 for part in of if part.p99 is not None), None)
    return f"The limit is {said}{'' if p99 is None else f'; its p99 is {p99:,.1f} ms'}."


def help_of(told: Chain) -> str:
    """What would move the limit."""
    return _HELPS.get(told.limit, "More load would show which part is the first to be full.")


def _share(value: float | None) -> str:
    return "an unknown part" if value is None else f"{value:.0%}"
