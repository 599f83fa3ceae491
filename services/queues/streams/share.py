"""Who receives from which partition: each has one member at a time, which holds a lease on it.

The members are told by name, in order, and partition N is for member N modulo their number. A
lease that is another's is waited for: it is given back where its holder sees that it has to, and
ends by itself some seconds after a death. Leases spare work and keep the order; that nothing is
counted twice is the committed offset's doing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from importlib.resources import files
from typing import NamedTuple

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from wire import keys
from wire.queues.streams import names

LEASE_MS = 3_000
"""A dead member's partitions are another's after this time."""
BEAT = 0.5
_IDS_SECONDS = 14 * 86_400
"""As long as Counting keeps ids that nobody uses."""
_HERE = files("services.queues.streams")
_EMPTIED = """
if redis.call('XLEN', KEYS[1]) > 0 then
  return 0
end
return tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
"""
_FORGET = _HERE.joinpath("forget.lua").read_text()


class Part(NamedTuple):
    """One partition of one generation of a topic."""

    topic: str
    generation: str
    number: int

    def stream(self, scenario: str) -> str:
        """Its key."""
        return names.stream_key(scenario, self.generation, self.number)

    def field(self, scenario: str) -> str:
        """Its field of the committed offset."""
        group = keys.consumer_group(scenario)
        return keys.committed_field(group, self.topic, self.generation, self.number)


class Share:
    """The partitions of one member. Every method raises RedisError."""

    def __init__(self, scenario: str, redis: Redis, member: str) -> None:
        self.member = member
        self.held: frozenset[Part] = frozenset()
        """Those that it holds the lease of."""
        self.ends: dict[Part, int] = {}
        """Records that each partition there is has taken."""
        self.before: dict[Part, Part | None] = {}
        """The same partition of the generation before, for those that are not ready yet; None
        where there was none."""
        self.old: dict[tuple[str, str], list[Part]] = {}
        """Topic and generation of those that are not published to any more."""
        self.told = asyncio.Event()
        """Set with every beat."""
        self._scenario = scenario
        self._redis = redis
        self._members = names.members_key(scenario)
        self._beat = redis.register_script(_HERE.joinpath("beat.lua").read_text())
        self._leave = redis.register_script(_HERE.joinpath("leave.lua").read_text())
        self._remove = redis.register_script(_HERE.joinpath("remove.lua").read_text())
        self._seed = redis.register_script(_HERE.joinpath("seed.lua").read_text())
        self._living: list[str] = [member]

    async def beat(self) -> None:
        """Keeps the leases of those that are its own by now, and takes what is free of them."""
        await self._look()
        wanted = [part for part in self.ends if self._is_mine(part)]
        leases = [self._lease(part) for part in wanted]
        members, *taken = await self._beat([self._members, *leases], [self.member, LEASE_MS])
        self._living = sorted(name.decode() for name in members)
        self.held = frozenset(part for part, mine in zip(wanted, taken, strict=True) if mine)
        self.told.set()

    async def give_back(self, parts: Iterable[Part], leaving: bool = False) -> None:
        """Another member may have them at once."""
        leases = [self._lease(part) for part in parts]
        if leases or leaving:
            await self._leave([self._members, *leases], [self.member, int(leaving)])

    def forget(
        self, pipe: Pipeline, part: Part, committed: int, size: int | None, entries: list[bytes]
    ) -> None:
        """Acknowledges entries that are counted, and trims behind the committed offset only; so
        many bytes of the partition are through then, by `put:P`. The answer is 0 where Redis has
        forgotten that they were counted."""
        group = keys.consumer_group(self._scenario)
        pipe.eval(
            _FORGET,
            3,
            keys.committed_key(self._scenario),
            part.stream(self._scenario),
            names.generation_key(self._scenario, part.generation),
            part.field(self._scenario),
            str(committed),
            group,
            str(part.number),
            "" if size is None else str(size),
            *entries,
        )

    async def is_ready(self, part: Part) -> bool:
        """Whether it may be received from, as Redis has it now."""
        key = names.generation_key(self._scenario, part.generation)
        return bool(await self._redis.hexists(key, f"ready:{part.number}"))

    async def emptied(self, part: Part) -> int:
        """Records that a partition has taken, where its stream has none of them any more, else 0;
        of one moment, since Redis may have forgotten some that were told before."""
        where = part.stream(self._scenario), names.generation_key(self._scenario, part.generation)
        return int(await self._redis.eval(_EMPTIED, 2, *where, f"end:{part.number}"))

    async def make_ready(self, part: Part, before: Part | None) -> None:
        """It may be received from, as all of the one before is counted."""
        first = before or Part(part.topic, "", part.number)
        tps = [keys.partition_id(each.generation, each.number) for each in (first, part)]
        where = [
            names.generation_key(self._scenario, part.generation),
            *(keys.once_key(self._scenario, tp) for tp in tps),
        ]
        await self._seed(where, [part.number, tps[0], _IDS_SECONDS])

    async def remove(self, topic: str, generation: str) -> None:
        """Removes a generation of which everything is counted, unless it is published to."""
        parts = self.old[topic, generation]
        streams = [part.stream(self._scenario) for part in parts]
        where = [
            names.topic_key(self._scenario, topic),
            names.generation_key(self._scenario, generation),
            *streams,
        ]
        await self._remove(where, [generation])

    async def _look(self) -> None:
        ends: dict[Part, int] = {}
        before: dict[Part, Part | None] = {}
        old: dict[tuple[str, str], list[Part]] = {}
        for topic in (keys.events_topic(self._scenario), keys.rejected_topic(self._scenario)):
            for each in await names.generations(self._redis, self._scenario, topic):
                parts = {Part(topic, each.id, p): upto for p, upto in each.ends.items()}
                ends |= parts
                for part in parts:
                    if part.number not in each.ready:
                        last = Part(topic, each.before, part.number)
                        before[part] = last if each.before else None
                if not each.current:
                    old[topic, each.id] = list(parts)
        self.ends, self.before, self.old = ends, before, old

    def _is_mine(self, part: Part) -> bool:
        return self._living[part.number % len(self._living)] == self.member

    def _lease(self, part: Part) -> str:
        return names.lease_key(self._scenario, part.generation, part.number)
