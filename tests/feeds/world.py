"""A small world on the real engines: what producers and consumers would have left there."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiokafka import AIOKafkaProducer

from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.targets.abilities import Endpoints, TargetInfo
from scenarios.scenario import Scenario
from scenarios.templates import escape
from tests.conftest import Engines
from wire import keys
from wire.documents import Documents
from wire.kafka import client_arguments
from wire.stores import redis_client
from wire.topics import OffsetReader, ensure_topics


class FixedTarget:
    """A target whose endpoints are known."""

    def __init__(self, engines: Engines) -> None:
        self.known = Endpoints(
            {
                "ingress": "http://127.0.0.1:9",
                "kafka": engines.kafka,
                "redis": engines.redis,
                "mongo": engines.mongo,
                "prometheus": engines.prometheus,
            }
        )

    def move(self, **addresses: Any) -> None:
        """Another address, as after a restart."""
        self.known = replace(self.known, addresses={**self.known.addresses, **addresses})

    async def endpoints(self) -> Endpoints:
        return self.known

    async def info(self) -> TargetInfo:
        return TargetInfo("test", "", details={"namespace": "test"})


class World:
    """Events of one scenario, acknowledged, stored and counted."""

    def __init__(self, engines: Engines, scenario: Scenario) -> None:
        self.scenario = scenario
        self.engines = engines
        self.target = FixedTarget(engines)
        self.endpoints = LiveEndpoints(self.target)  # type: ignore[arg-type]
        self.redis = redis_client(engines.redis)
        self.documents = Documents(engines.mongo)
        self.offsets: Counter[int] = Counter()
        self.topic_id = ""

    async def open(self) -> None:
        """Makes the topics."""
        await ensure_topics(self.engines.kafka, self.scenario.name)
        async with OffsetReader(self.engines.kafka) as reader:
            self.topic_id = (await reader.topic(keys.events_topic(self.scenario.name))).id
        await self.documents.ensure_indexes(self.scenario.name)

    async def close(self) -> None:
        """Removes what it stored."""
        name = self.scenario.name
        await self.documents.drop(name)
        await self.documents.close()
        found = [key async for key in self.redis.scan_iter(f"{{{name}}}:*")]
        if found:
            await self.redis.delete(*found)
        await self.redis.aclose()

    async def produce(self, events: Sequence[Mapping[str, Any]], partition: int = 0) -> None:
        """Puts them on Kafka, acknowledged."""
        producer = AIOKafkaProducer(**client_arguments(self.engines.kafka))
        await producer.start()
        try:
            for event in events:
                value = json.dumps(dict(event)).encode()
                topic = keys.events_topic(self.scenario.name)
                await producer.send_and_wait(topic, value, partition=partition)
        finally:
            await producer.stop()
        name = keys.acknowledged_key(self.scenario.name)
        await self.redis.hincrby(name, "producer-1", len(events))

    async def store(self, events: Sequence[Mapping[str, Any]], partition: int = 0) -> None:
        """Does what a consumer does with them: documents first, then counters and committed
        offset."""
        await self.write_documents(events, partition)
        await self.count(events, partition)

    async def write_documents(
        self, events: Sequence[Mapping[str, Any]], partition: int = 0
    ) -> None:
        """The first half of `store`."""
        tp = keys.partition_id(self.topic_id, partition)
        first, now = self.offsets[partition], int(time.time() * 1000)
        documents = [
            {"_id": keys.document_id(tp, o), "tp": tp, "o": o, "id": f"{tp}{o}", "origin": "http",
             "at": now - 20, "stored": now, "event": dict(event)}
            for o, event in enumerate(events, first)
        ]  # fmt: skip
        await self.documents.insert(keys.logs_collection(self.scenario.name), documents)

    async def count(self, events: Sequence[Mapping[str, Any]], partition: int = 0) -> None:
        """The second half of `store`."""
        name = self.scenario.name
        self.offsets[partition] += len(events)
        field = keys.committed_field(
            keys.consumer_group(name), keys.events_topic(name), self.topic_id, partition
        )
        async with self.redis.pipeline(transaction=True) as pipe:
            for event in events:
                self._tally(pipe, event)
            pipe.hincrby(keys.books_key(name), "counted", len(events))
            pipe.hincrby(keys.books_key(name), "version", 1)
            pipe.hset(keys.committed_key(name), field, str(self.offsets[partition] - 1))
            await pipe.execute()

    def _tally(self, pipe: Any, event: Mapping[str, Any]) -> None:
        escaped = {key: escape(value) for key, value in event.items()}
        for tally in self.scenario.tallies:
            key = keys.counter_key(self.scenario.name, tally.key.format_map(escaped))
            member = tally.member.format_map(escaped)
            if tally.kind == "hash":
                pipe.hincrby(key, member, int(event[tally.add]) if tally.add else 1)
            elif tally.kind == "set":
                pipe.sadd(key, member)
            else:
                pipe.incrby(key, 1)


def vote(name: str = "Caifanes", album: str = "El Silencio", rank: int = 4) -> dict[str, Any]:
    """One event of the scenario bands."""
    return {"name": name, "album": album, "year": 1992, "rank": rank}


def prediction(team1: str, team2: str, score: str, phase: int) -> dict[str, Any]:
    """One event of the scenario worldcup, already in canonical order."""
    return {"team1": team1, "team2": team2, "score": score, "phase": phase}
