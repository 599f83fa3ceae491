"""Record batches made and sent by hand, and a link on which answers are altered on their way."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from tests.ports import free_port
from wire.topics import OffsetReader

HEADER = 61
"""Bytes before the records of a batch."""
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
Headers = Sequence[tuple[str, bytes | None]]


def batch(
    values: Sequence[bytes | None],
    codec: str = "none",
    headers: Headers = (),
    at: int = 1_000,
    key: bytes | None = None,
) -> bytes:
    """One record batch, as a client sends it."""
    builder = DefaultRecordBatchBuilder(2, CODECS[codec], False, -1, -1, -1, 1 << 30)
    for number, value in enumerate(values):
        builder.append(number, at, key, value, list(headers))
    return bytes(builder.build())


def checked(changed: bytes | bytearray) -> bytes:
    """The batch with the checksum and the length that fit what it holds now."""
    made = bytearray(changed)
    struct.pack_into(">i", made, 8, len(made) - 12)
    struct.pack_into(">I", made, 17, calc_crc32c(bytes(made[21:])))
    return bytes(made)


async def produce(
    bootstrap: str, topic: str, batches: Sequence[bytes], partition: int = 0
) -> list[int]:
    """Sends batches one by one, whatever they hold; the offset of the first record of each."""
    async with OffsetReader(bootstrap) as reader:
        leader = (await reader.topic(topic)).leaders[partition]
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    client.set_topics([])
    await client.bootstrap()
    offsets = []
    try:
        for each in batches:
            request: Any = ProduceRequest(None, -1, 10_000, [(topic, [(partition, each)])])
            answer = await client.send(leader, request)
            (_, ((_, error, offset, *_rest),)), *_ = answer.topics
            if error:
                raise for_code(error)(topic)
            offsets.append(offset)
    finally:
        await client.close()
    return offsets


@dataclass
class Altering:
    """A way to a broker on which what lies in batches comes out otherwise."""

    address: str
    changes: dict[bytes, bytes] = field(default_factory=dict)
    """What is altered, from the format's number of a batch on -> the same number of bytes."""

    def spoil(self, sent: bytes, received: bytes) -> None:
        """A batch that was sent so is received so: but for its offset, which the broker gives."""
        assert len(sent) == len(received)
        self.changes[sent[16:]] = received[16:]

    def answer(self, frame: bytes) -> bytes:
        """One answer of the broker, altered."""
        for sent, received in self.changes.items():
            frame = frame.replace(sent, received)
        return frame


@contextlib.asynccontextmanager
async def altering(bootstrap: str) -> AsyncIterator[Altering]:
    """A link to a broker of which no byte is what it was, where a test says so."""
    host, port = bootstrap.split(":")
    own = free_port()
    link = Altering(f"{host}:{own}")
    # what the broker tells of itself leads back to this link
    link.changes[host.encode() + struct.pack(">i", int(port))] = host.encode() + struct.pack(
        ">i", own
    )
    ends: set[asyncio.StreamWriter] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        ends.update((writer, far_writer))
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await asyncio.gather(_requests(reader, far_writer), _answers(far_reader, writer, link))
        for end in (writer, far_writer):
            ends.discard(end)
            end.transport.abort()

    server = await asyncio.start_server(carry, host, own)
    try:
        yield link
    finally:
        server.close()
        for end in ends:
            end.transport.abort()


async def _requests(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    raise ConnectionResetError


async def _answers(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Altering
) -> None:
    while True:
        size = await reader.readexactly(4)
        frame = await reader.readexactly(struct.unpack(">i", size)[0])
        writer.write(size + link.answer(frame))
        await writer.drain()
