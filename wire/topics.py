"""Topics of a scenario, and reading offsets and groups over one connection that stays open."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    KafkaConnectionError,
    LeaderNotAvailableError,
    NotLeaderForPartitionError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.admin import DescribeConfigsRequest, DescribeGroupsRequest
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.offset import OffsetRequest, OffsetResetStrategy

from wire import keys
from wire.broker_addresses import MappedMetadata
from wire.kafka import Brokers, brokers_of, client_arguments
from wire.leader_epochs import EpochEndsRequest, read_epoch_ends
from wire.log_dirs import LogDirs, LogDirsRequest
from wire.metadata import Topic, TopicsRequest, read_topic

REJECTED_PARTITIONS = 3
BROKERS_OWN = -1
"""As many replicas as the brokers' `default.replication.factor` says (KIP-464)."""

_RETENTION = "retention.bytes"
_COMMITTED = 1
"""Isolation level of a question for what may be read."""
_TRIES = 10
_TRY_AGAIN = 0.2

# An outage would otherwise fill the log with one line per retry.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


async def ensure_topics(bootstrap: str | Brokers, scenario: str, kept: int = 0) -> None:
    """Makes what is missing of both topics, partitions included. Raises KafkaError.

    Where nothing is missing nothing is asked for that only an administrator may.
    `kept`: bytes that Kafka keeps of each partition of a topic that is made; 0 leaves it to the
    broker, and what a topic that is there keeps is never changed.
    """
    wanted = {
        keys.events_topic(scenario): keys.PARTITIONS,
        keys.rejected_topic(scenario): REJECTED_PARTITIONS,
    }
    async with OffsetReader(bootstrap) as reader:
        there = {name: await _partitions(reader, name) for name in wanted}
        missing = {name: least for name, least in wanted.items() if there[name] < least}
        if missing:
            await _make(bootstrap, missing, kept)
        for topic, partitions in wanted.items():
            await _visible(reader, topic, partitions)


async def _partitions(reader: OffsetReader, topic: str) -> int:
    """How many a topic has; 0 where there is none, or where that is not to be known."""
    try:
        return len((await reader.topic(topic)).leaders)
    except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError):
        return 0


async def _make(bootstrap: str | Brokers, wanted: Mapping[str, int], kept: int) -> None:
    admin = AIOKafkaAdminClient(**client_arguments(bootstrap), request_timeout_ms=10_000)
    configs = {_RETENTION: str(kept)} if kept else {}
    try:
        await admin.start()
        for topic, partitions in wanted.items():
            await _ensure(admin, _new_topic(topic, partitions, configs))
    finally:
        await admin.close()


def _new_topic(name: str, partitions: int, configs: Mapping[str, str]) -> NewTopic:
    made = NewTopic(name, partitions, 1, topic_configs=dict(configs))
    # aiokafka takes the number for a mistake; brokers since 2.4 know it
    made.replication_factor = BROKERS_OWN
    return made


async def _ensure(admin: AIOKafkaAdminClient, wanted: NewTopic) -> None:
    response = await admin.create_topics([wanted])
    error = for_code(response.topic_errors[0][1])
    if error is TopicAlreadyExistsError:
        await _widen(admin, wanted.name, wanted.num_partitions)
    elif error.errno:
        raise error(f"topic {wanted.name}")


async def _widen(admin: AIOKafkaAdminClient, topic: str, partitions: int) -> None:
    description = (await admin.describe_topics([topic]))[0]
    if 0 < len(description["partitions"]) < partitions:
        await admin.create_partitions({topic: NewPartitions(partitions)})


async def _visible(reader: OffsetReader, topic: str, partitions: int) -> None:
    """Returns when every partition answers."""
    for _ in range(_TRIES):
        with contextlib.suppress(UnknownTopicOrPartitionError):
            if len(await reader.end_offsets(topic)) >= partitions:
                return
        await asyncio.sleep(_TRY_AGAIN)
    raise LeaderNotAvailableError(topic)


class OffsetReader:
    """Reads topic ids, offsets, lag and members; connects at first use, again after a loss.

    Every method raises KafkaError where the broker does not answer within the timeout.
    `broker_addresses` says where brokers are that cannot be reached at what they advertise.
    """

    def __init__(
        self,
        bootstrap: str | Brokers,
        timeout: float = 5.0,
        broker_addresses: Mapping[str, str] | None = None,
    ) -> None:
        self._brokers = brokers_of(bootstrap)
        self._timeout = timeout
        self._broker_addresses = broker_addresses
        self._client: AIOKafkaClient | None = None
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection; the next question opens a new one."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def topic(self, name: str) -> Topic:
        """Id and leaders. Raises UnknownTopicOrPartitionError where there is no such topic."""
        topic = read_topic(await self._ask(TopicsRequest(name)))
        if topic is None:
            raise UnknownTopicOrPartitionError(name)
        return topic

    async def end_offsets(self, topic: str) -> dict[int, int]:
        """Partition -> offset that the next record will get."""
        return await self._list_offsets(await self.topic(topic), OffsetResetStrategy.LATEST)

    async def beginning_offsets(self, topic: str) -> dict[int, int]:
        """Partition -> offset of the oldest record that the broker still has."""
        return await self._list_offsets(await self.topic(topic), OffsetResetStrategy.EARLIEST)

    async def ends_of(self, topic: Topic) -> dict[int, int]:
        """End offsets of a topic that was just looked up."""
        return await self._list_offsets(topic, OffsetResetStrategy.LATEST)

    async def stable_of(self, topic: Topic) -> dict[int, int]:
        """Partition -> offset up to which records may be read: its end, or the first record of
        the oldest transaction that is open."""
        return await self._list_offsets(topic, OffsetResetStrategy.LATEST, _COMMITTED)

    async def begins_of(self, topic: Topic) -> dict[int, int]:
        """Oldest offsets of a topic that was just looked up."""
        return await self._list_offsets(topic, OffsetResetStrategy.EARLIEST)

    async def since(self, topic: Topic, at: int) -> dict[int, int]:
        """Partition -> offset of the first record whose time is `at` (ms since the epoch) or later;
        -1 where there is none. `topic` was just looked up."""
        return await self._list_offsets(topic, at)

    async def epoch_ends(self, topic: Topic, epochs: Mapping[int, int]) -> dict[int, int]:
        """Partition -> where the records of a leader epoch, and of those before it, end in the log
        as it is now; -1 where its leader cannot tell. `epochs`: partition -> that epoch.

        `topic` was just looked up: a leader that is another by now, or was replaced without
        knowing it, raises a KafkaError.
        """
        found: dict[int, int] = {}
        for leader in {topic.leaders[partition] for partition in epochs}:
            if leader == -1:
                raise LeaderNotAvailableError(topic.name)
            wanted = {p: e for p, e in epochs.items() if topic.leaders[p] == leader}
            request = EpochEndsRequest(topic.name, wanted, topic.epochs)
            found.update(read_epoch_ends(await self._ask(request, leader)))
        return found

    async def committed(self, group: str, topic: str) -> dict[int, int]:
        """Partition -> offset that the group reads next; partitions never committed are absent."""
        response = await self._ask_coordinator(group, OffsetFetchRequest(group, None))
        _raise(response.error_code, group)
        return {
            partition: offset
            for name, partitions in response.topics
            for partition, offset, _, error in partitions
            if name == topic and not error and offset >= 0
        }

    async def lag(self, group: str, topic: str, readable: bool = False) -> dict[int, int]:
        """Partition -> records that the group has not committed yet; of the `readable` ones only
        where those behind an open transaction are not meant."""
        committed = await self.committed(group, topic)
        found = await self.topic(topic)
        begins = await self.begins_of(found)
        ends = await (self.stable_of(found) if readable else self.ends_of(found))
        return {p: max(0, end - max(committed.get(p, 0), begins[p])) for p, end in ends.items()}

    async def members(self, group: str) -> list[str]:
        """Client ids of the group's members, sorted; empty where nobody is in it."""
        response = await self._ask_coordinator(group, DescribeGroupsRequest([group]))
        _raise(response.groups[0][0], group)
        return sorted(member[1] for entry in response.groups for member in entry[5])

    async def assignments(self, group: str, topic: str) -> list[tuple[str, list[int]]]:
        """Client id and partitions of the topic, of every member of the group; a member has none
        where others have them all, or while they are divided anew."""
        response = await self._ask_coordinator(group, DescribeGroupsRequest([group]))
        _raise(response.groups[0][0], group)
        members = [member for entry in response.groups for member in entry[5]]
        return sorted((str(each[1]), _assigned(each[4], topic)) for each in members)

    async def log_dirs(self, topic: str, partitions: Iterable[int]) -> LogDirs:
        """What the partitions take on the brokers' disks, and what those have left."""
        client = await self._connected()
        request, dirs = LogDirsRequest(topic, partitions), LogDirs()
        for broker in client.cluster.brokers():
            dirs.add(await self._ask(request, broker.nodeId))
        return dirs

    async def retention_bytes(self, topic: str) -> int:
        """Bytes that Kafka keeps of each partition; -1 where it keeps everything."""
        wanted = [(int(ConfigResourceType.TOPIC), topic, [_RETENTION])]
        response = await self._ask(DescribeConfigsRequest(wanted))
        error, message, _, _, entries = response.resources[0]
        _raise(error, message or topic)
        return next((int(entry[1]) for entry in entries if entry[0] == _RETENTION), -1)

    async def _list_offsets(self, topic: Topic, which: int, isolation: int = 0) -> dict[int, int]:
        """Asks again while a partition moves or is only just made."""
        for _ in range(_TRIES):
            try:
                return await self._ask_leaders(topic, which, isolation)
            except (LeaderNotAvailableError, NotLeaderForPartitionError):
                await asyncio.sleep(_TRY_AGAIN)
                topic = await self.topic(topic.name)
        raise LeaderNotAvailableError(topic.name)

    async def _ask_leaders(self, topic: Topic, which: int, isolation: int) -> dict[int, int]:
        by_leader: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for partition, leader in topic.leaders.items():
            by_leader[leader].append((partition, which))
        if -1 in by_leader:
            raise LeaderNotAvailableError(topic.name)
        found: dict[int, int] = {}
        for leader, wanted in by_leader.items():
            request = OffsetRequest(-1, isolation, [(topic.name, wanted)])
            response = await self._ask(request, leader)
            found.update(_offsets(response))
        return dict(sorted(found.items()))

    async def _ask_coordinator(self, group: str, request: Any) -> Any:
        client = await self._connected()
        for _ in range(_TRIES):
            try:
                return await self._ask(request, await client.coordinator_lookup(0, group))
            except GroupCoordinatorNotAvailableError:
                # a broker makes the topic of all groups when it is first asked for one
                await asyncio.sleep(_TRY_AGAIN)
        raise GroupCoordinatorNotAvailableError(group)

    async def _ask(self, request: Any, node: int | None = None) -> Any:
        client = await self._connected()
        if node is None:
            node = client.get_random_node()
        return await client.send(node, request)

    async def _connected(self) -> AIOKafkaClient:
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> AIOKafkaClient:
        if not self._brokers.bootstrap:
            # the client would take it for this machine
            raise KafkaConnectionError("no address of Kafka is given here")
        client = AIOKafkaClient(
            **self._brokers.arguments(), request_timeout_ms=int(self._timeout * 1000)
        )
        if self._broker_addresses:
            client.cluster = MappedMetadata(self._broker_addresses)
        # Without topics of its own the client would fetch those of the whole cluster.
        client.set_topics([])
        try:
            await client.bootstrap()
        except BaseException:
            # also what a broker that is none makes of it; the client would stay open
            await client.close()
            raise
        return client


def _offsets(response: Any) -> dict[int, int]:
    found: dict[int, int] = {}
    for name, partitions in response.topics:
        for entry in partitions:
            _raise(entry[1], f"{name}:{entry[0]}")
            found[entry[0]] = entry[3]
    return found


def _assigned(data: bytes, topic: str) -> list[int]:
    if not data:
        return []
    parts = ConsumerProtocolMemberAssignment.decode(data).assignment
    return sorted(number for name, numbers in parts if name == topic for number in numbers)


def _raise(code: int, about: str) -> None:
    if code:
        raise for_code(code)(about)
