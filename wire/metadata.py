"""Kafka's Metadata request of version 12: the oldest that names a topic's id and leaders at once.

Source: Kafka's MetadataRequest.json and MetadataResponse.json. aiokafka knows versions 0 to 5,
which carry no topic id; the types that they are made of are its own.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from io import BytesIO

from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

UNKNOWN_TOPIC = 3


class Uuid(AbstractType):  # type: ignore[misc] # aiokafka ships no types
    """Sixteen bytes, shown as Kafka's own tools show them."""

    @classmethod
    def encode(cls, value: str) -> bytes:
        """The bytes of a shown id."""
        return base64.urlsafe_b64decode(value + "==")

    @classmethod
    def decode(cls, data: BytesIO) -> str:
        """URL-safe base64 without padding, 22 characters."""
        return base64.urlsafe_b64encode(data.read(16)).decode().rstrip("=")


NO_ID = base64.urlsafe_b64encode(bytes(16)).decode().rstrip("=")


class TopicsResponse(Response):  # type: ignore[misc] # aiokafka ships no types
    """Version 12 of the answer."""

    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class TopicsRequestStruct(RequestStruct):  # type: ignore[misc] # aiokafka ships no types
    """Version 12 of the question."""

    API_KEY = 3
    API_VERSION = 12
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = TopicsResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_id", Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicsRequest(Request[TopicsRequestStruct]):  # type: ignore[misc] # no types
    """Asks for one topic by its name and never makes one."""

    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[TopicsRequestStruct]) -> TopicsRequestStruct:
        """The question as it goes over the wire."""
        return request_struct_class([(NO_ID, self._topic, {})], False, False, {})


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the broker knows it now."""

    name: str
    id: str
    leaders: dict[int, int]
    """Partition -> node; -1 where there is no leader at the moment."""
    epochs: dict[int, int] = field(default_factory=dict)
    """Partition -> leader epoch: it rises with every election, and after every restart."""


def read_topic(response: TopicsResponse) -> Topic | None:
    """The topic that was asked for; None where the broker has none of that name."""
    error, name, topic_id, _, partitions, _, _ = response.topics[0]
    if error == UNKNOWN_TOPIC:
        return None
    return Topic(
        name,
        topic_id,
        {entry[1]: entry[2] for entry in partitions},
        {entry[1]: entry[3] for entry in partitions},
    )
