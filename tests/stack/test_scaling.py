"""The consumers of the real stack follow the lag up and down; nothing is lost on the way."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import yaml
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from host.project import PROJECT
from stack.config import StackConfig
from stack.local_stack import LocalStack
from tests.conftest import Engines
from tests.topics import topics_admin
from tests.waiting import until
from wire import keys
from wire.bookkeeping import Auditor
from wire.documents import Documents
from wire.kafka import client_arguments
from wire.queues.kafka.books import KafkaAccount
from wire.stores import redis_client
from wire.topics import OffsetReader

K8S = PROJECT / "k8s"
BACKLOG = 40_000
BATCH = 500
EVENT = b'{"name":"a","album":"b","year":1990,"rank":1}'


@pytest.fixture
def config(
    state: Path,
    engines: Engines,
    make_scenario: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> StackConfig:
    """k8s/base with short windows, and of its deployments the consumer only."""
    monkeypatch.setenv("CONTROLROOM_KAFKA", engines.kafka)
    monkeypatch.setenv("CONTROLROOM_REDIS_URL", engines.redis)
    monkeypatch.setenv("CONTROLROOM_MONGO_URL", engines.mongo)
    monkeypatch.setenv("CONTROLROOM_PROMETHEUS_URL", engines.prometheus)
    folder = state / "manifests"
    folder.mkdir()
    for name in ("config.yaml", "consumer.yaml"):
        shutil.copy(K8S / "base" / name, folder)
    scaled = yaml.safe_load((K8S / "components" / "keda" / "scaled-object.yaml").read_text())
    spec = scaled["spec"]
    spec["pollingInterval"] = 1
    spec["triggers"][0]["metadata"]["lagThreshold"] = "500"
    spec["triggers"][1]["metadata"]["value"] = "500"
    behaviour = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    behaviour["scaleUp"]["stabilizationWindowSeconds"] = 0
    behaviour["scaleDown"]["stabilizationWindowSeconds"] = 2
    behaviour["scaleDown"]["policies"] = [{"type": "Pods", "value": 3, "periodSeconds": 1}]
    (folder / "scaling.yaml").write_text(yaml.safe_dump(scaled))
    return StackConfig(state, str(make_scenario("bands")), folder)


@pytest.fixture
async def world(config: StackConfig) -> AsyncIterator[LocalStack]:
    """The stack, ready."""
    world = LocalStack(config)
    world.start()
    try:
        await until(lambda: world.state == "ready", "the stack is ready", timeout=60)
        yield world
    finally:
        await world.stop()


async def produce(bootstrap: str, scenario: str, partitions: int = keys.PARTITIONS) -> None:
    """A backlog, spread over the partitions."""
    async with AIOKafkaProducer(
        **client_arguments(bootstrap), max_batch_size=BATCH * 200
    ) as producer:
        for number in range(BACKLOG // BATCH):
            batch = producer.create_batch()
            for _ in range(BATCH):
                batch.append(key=None, value=EVENT, timestamp=None)
            partition = number % partitions
            await producer.send_batch(batch, keys.events_topic(scenario), partition=partition)
        await producer.flush()


async def test_a_backlog_brings_consumers_and_its_end_takes_them_away(
    world: LocalStack, engines: Engines
) -> None:
    scenario = world.chosen.scenario.name
    consumers = world.controllers["consumer"]
    assert consumers.replicas == 2
    await produce(engines.kafka, scenario)
    await until(lambda: consumers.replicas == 5, "five consumers", timeout=30)
    await until(lambda: consumers.replicas == 2, "two consumers again", timeout=90)
    scaled = [event.message for event in world.events.after(0) if event.reason == "Scaled"]
    assert "events wait" in scaled[0]
    assert "CPU" in scaled[0]

    redis, offsets = redis_client(engines.redis), OffsetReader(engines.kafka)
    documents = Documents(engines.mongo)
    auditor = Auditor(scenario, redis, KafkaAccount(scenario, offsets), documents)

    async def closed() -> bool:
        return (await auditor.audit()).in_flight == 0

    try:
        await until(closed, "everything is stored", timeout=60)
        books = await auditor.audit()
    finally:
        await documents.drop(scenario)
        await documents.close()
        await offsets.close()
        await redis.aclose()
    assert (books.counted, books.stored, books.lost, books.doubled) == (BACKLOG, BACKLOG, 0, 0)


async def made(admin: AIOKafkaAdminClient, topic: str) -> bool:
    """Whether the topic could be made, with three partitions."""
    response = await admin.create_topics([NewTopic(topic, 3, 1)])
    code: int = response.topic_errors[0][1]
    return code == 0


async def test_a_topic_with_too_few_partitions_is_said_and_bounds_the_consumers(
    world: LocalStack, engines: Engines
) -> None:
    topic = keys.events_topic(world.chosen.scenario.name)
    consumers = world.controllers["consumer"]

    def said(reason: str) -> str | None:
        found = [event for event in world.events.after(0) if event.reason == reason]
        return found[-1].message if found else None

    async with topics_admin(engines.kafka) as admin:
        await admin.delete_topics([topic])
        # deleting takes a moment, in which the name is not free
        await until(lambda: made(admin, topic), "the topic is created again")
        message = await until(lambda: said("TooFewPartitions"), "too few partitions")
        assert f"{topic} has 3 partitions, 5 pods" in message
        await produce(engines.kafka, world.chosen.scenario.name, partitions=3)
        await until(lambda: consumers.replicas == 3, "as many consumers as partitions", timeout=30)
        scaled = [event.message for event in world.events.after(0) if event.reason == "Scaled"]
        assert [words.split(":")[0] for words in scaled] == ["2 to 3"]
        # the consumer that was added finds partitions missing and adds them
        await until(
            lambda: f"{topic} has {keys.PARTITIONS} partitions" in (said("EnoughPartitions") or ""),
            "enough partitions",
            timeout=30,
        )
