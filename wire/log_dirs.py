"""Kafka's DescribeLogDirs request of version 4: what partitions take, and what disks have left.

Source: Kafka's DescribeLogDirsRequest.json and DescribeLogDirsResponse.json. aiokafka does not
know the request; the types that it is made of are aiokafka's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)


class LogDirsResponse(Response):  # type: ignore[misc] # aiokafka ships no types
    """Version 4 of the answer."""

    API_KEY = 35
    API_VERSION = 4
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        (
            "results",
            CompactArray(
                ("error_code", Int16),
                ("log_dir", CompactString("utf-8")),
                (
                    "topics",
                    CompactArray(
                        ("name", CompactString("utf-8")),
                        (
                            "partitions",
                            CompactArray(
                                ("partition", Int32),
                                ("size", Int64),
                                ("offset_lag", Int64),
                                ("is_future", Boolean),
                                ("tags", TaggedFields),
                            ),
                        ),
                        ("tags", TaggedFields),
                    ),
                ),
                ("total_bytes", Int64),
                ("usable_bytes", Int64),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class LogDirsRequestStruct(RequestStruct):  # type: ignore[misc] # aiokafka ships no types
    """Version 4 of the question."""

    API_KEY = 35
    API_VERSION = 4
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = LogDirsResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic", CompactString("utf-8")),
                ("partitions", CompactArray(Int32)),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class LogDirsRequest(Request[LogDirsRequestStruct]):  # type: ignore[misc] # no types
    """Asks one broker for the partitions of one topic that it has."""

    API_KEY = 35

    def __init__(self, topic: str, partitions: Iterable[int]) -> None:
        self._topics: list[tuple[str, list[int], dict[int, bytes]]] = [
            (topic, list(partitions), {})
        ]

    def build(self, request_struct_class: type[LogDirsRequestStruct]) -> LogDirsRequestStruct:
        """The question as it goes over the wire."""
        return request_struct_class(self._topics, {})


@dataclass(slots=True)
class LogDirs:
    """Bytes, over all brokers."""

    sizes: dict[int, int] = field(default_factory=dict)
    """Partition -> what its largest replica takes."""
    disks: list[tuple[int, int]] = field(default_factory=list)
    """(total, free) of each folder of each broker whose file system is known."""

    def add(self, response: LogDirsResponse) -> None:
        """What one broker says."""
        for error, _, topics, total, usable, _ in response.results:
            if error:
                continue
            if total > 0 and usable >= 0:
                self.disks.append((total, usable))
            for _, partitions, _ in topics:
                for number, size, *_ in partitions:
                    self.sizes[number] = max(size, self.sizes.get(number, 0))
