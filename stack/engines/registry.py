"""The engines of a stack, each our own or taken by the address that was given."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stack.engines.engine import Engine
from stack.engines.external import External
from stack.engines.haproxy import Haproxy
from stack.engines.kafka import ExternalKafka, Kafka, external_kafka
from stack.engines.mongo import Mongo, external_mongo
from stack.engines.prometheus import Prometheus, external_prometheus
from stack.engines.redis import Redis, external_redis
from stack.engines.toxiproxy import Toxiproxy
from stack.errors import StackError
from stack.ports import Ports


@dataclass(frozen=True, slots=True)
class Engines:
    """All engines by name. Iterating gives them in an order that respects their needs."""

    kafka: Kafka | ExternalKafka
    redis: Redis | External
    mongo: Mongo | External
    prometheus: Prometheus | External
    toxiproxy: Toxiproxy
    haproxy: Haproxy

    def __iter__(self) -> Iterator[Engine]:
        yield from (self.kafka, self.redis, self.mongo)
        yield from (self.prometheus, self.toxiproxy, self.haproxy)


PROCESS, POWER = "process", "power"
"""What survives: the death of any process, or a power cut too."""


def _flushes(durability: str) -> bool:
    """Whether engines bring to the disk what they acknowledge. Raises StackError."""
    if durability not in (PROCESS, POWER):
        raise StackError(
            f"CONTROLROOM_DURABILITY is {durability!r}.", f"Use {PROCESS} or {POWER}.", "refused"
        )
    return durability == POWER


def engines_for(state: Path, environ: Mapping[str, str] | None = None) -> Engines:
    """The engines for one state folder. Raises StackError for a bad CONTROLROOM_... address."""
    given = os.environ if environ is None else environ
    ports = Ports(state)
    kafka, redis = given.get("CONTROLROOM_KAFKA"), given.get("CONTROLROOM_REDIS_URL")
    flushes = _flushes(given.get("CONTROLROOM_DURABILITY") or PROCESS)
    mongo, prometheus = given.get("CONTROLROOM_MONGO_URL"), given.get("CONTROLROOM_PROMETHEUS_URL")
    return Engines(
        kafka=external_kafka(kafka) if kafka else Kafka(state, ports, flushes),
        redis=external_redis(redis) if redis else Redis(state, ports, flushes),
        mongo=external_mongo(mongo) if mongo else Mongo(state, ports),
        prometheus=external_prometheus(prometheus) if prometheus else Prometheus(state, ports),
        toxiproxy=Toxiproxy(state, ports),
        haproxy=Haproxy(state, ports),
    )
