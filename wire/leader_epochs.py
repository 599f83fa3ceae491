"""Kafka's OffsetForLeaderEpoch request: where the records of a leader epoch end (KIP-320).

Source: Kafka's OffsetForLeaderEpochRequest.json and its response, version 2, which every broker
since 2.1 knows. aiokafka has no such request; the types that it is made of are its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiokafka.errors import for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Int64, Schema, String


class EpochEndsResponse(Response):  # type: ignore[misc] # aiokafka ships no types
    """Version 2 of the answer."""

    API_KEY = 23
    API_VERSION = 2
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            Array(
                ("topic", String("utf-8")),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader_epoch", Int32),
                        ("end_offset", Int64),
                    ),
                ),
            ),
        ),
    )


class EpochEndsRequestStruct(RequestStruct):  # type: ignore[misc] # aiokafka ships no types
    """Version 2 of the question."""

    API_KEY = 23
    API_VERSION = 2
    RESPONSE_TYPE = EpochEndsResponse
    SCHEMA = Schema(
        (
            "topics",
            Array(
                ("topic", String("utf-8")),
                (
                    "partitions",
                    Array(
                        ("partition", Int32),
                        ("current_leader_epoch", Int32),
                        ("leader_epoch", Int32),
                    ),
                ),
            ),
        ),
    )


class EpochEndsRequest(Request[EpochEndsRequestStruct]):  # type: ignore[misc] # no types
    """Asks for partitions of one topic.

    `wanted`: partition -> the epoch in question; `current`: partition -> the epoch that its
    leader has to be in, or it refuses to answer.
    """

    API_KEY = 23

    def __init__(self, topic: str, wanted: Mapping[int, int], current: Mapping[int, int]) -> None:
        self._topic = topic
        self._partitions = [(p, current.get(p, -1), epoch) for p, epoch in wanted.items()]

    def build(self, request_struct_class: type[EpochEndsRequestStruct]) -> EpochEndsRequestStruct:
        """The question as it goes over the wire."""
        return request_struct_class([(self._topic, self._partitions)])


def read_epoch_ends(response: EpochEndsResponse) -> dict[int, int]:
    """Partition -> end offset; -1 where the leader knows no such epoch. Raises KafkaError."""
    found: dict[int, int] = {}
    for topic, partitions in response.topics:
        for error, partition, _, end in partitions:
            if error:
                raise for_code(error)(f"{topic}:{partition}")
            found[partition] = end
    return found
