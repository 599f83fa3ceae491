"""Our own typed service: one event, a batch, a stream."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc

from scenarios.bodies import Unreadable
from services.pb import controlroom_pb2 as pb
from services.producer_grpc.calls import (
    Calls,
    Context,
    Handler,
    RefusedError,
    key_of,
)
from services.producer_grpc.messages import message_of_receipt, record_of_event
from services.producer_grpc.packed import (
    Events,
    Packed,
    Readable,
    TooMuchError,
    read_batch,
    read_event,
)
from services.shared.ids import keepable
from services.shared.intake import Intake, Receipt, Sent
from services.shared.limits import Limits
from services.shared.turn import is_long

SERVICE = "controlroom.v1.Ingest"
_WINDOW = 2_000
"""Events of one stream that are read ahead of the queue."""
_WINDOW_BYTES = 256 << 10
"""Bytes of them, as `_WINDOW` is events."""


class Ingest:
    """Behaviours of the three RPCs. A request may be Unreadable, which is refused as a record."""

    def __init__(self, intake: Intake, limits: Limits) -> None:
        self._intake = intake
        self._limits = limits

    async def send(self, event: pb.Event | Unreadable, context: Context) -> pb.Receipt:
        """One event; a bad one ends the call."""
        receipt = await self._accept([event], _Names(context, single=True))
        if not receipt.accepted:
            raise RefusedError(receipt)
        return message_of_receipt(receipt)

    async def send_batch(
        self, batch: pb.Batch | Packed | Unreadable, context: Context
    ) -> pb.Receipt:
        """Events, each good or bad by itself."""
        names, most = _Names(context), self._limits.max_records
        if isinstance(batch, Unreadable):
            raise RefusedError(await self._accept([batch], names))
        if isinstance(batch, Packed):
            events = Events(batch.events(most, self._limits.max_record_bytes), names.take)
            return message_of_receipt(await self._intake.accept(events, events.ids))
        if len(batch.events) > most:
            raise TooMuchError(f"{len(batch.events)} events, at most {most} are taken")
        return message_of_receipt(await self._accept(list(batch.events), names))

    async def send_stream(self, stream: AsyncIterator[Readable], context: Context) -> pb.Receipt:
        """Events until the client ends the stream."""
        accept = functools.partial(self._accept, names=_Names(context))
        return message_of_receipt(await _Stream(stream, accept).receipt())

    async def _accept(self, events: Sequence[Readable], names: _Names) -> Receipt:
        if is_long(events):
            later = Events(events, names.take)
            return await self._intake.accept(later, later.ids)
        return await self._intake.accept(
            [record_of_event(event) for event in events], [names.take(event) for event in events]
        )

    def handler(self, calls: Calls) -> Handler:
        """The service for a gRPC server."""
        largest = self._limits.max_record_bytes
        event = functools.partial(read_event, largest=largest, kept=largest)
        handlers = {
            "Send": calls.unary(self.send, event, pb.Receipt),
            "SendBatch": calls.unary(self.send_batch, read_batch, pb.Receipt),
            "SendStream": grpc.stream_unary_rpc_method_handler(
                calls.counted(self.send_stream),
                request_deserializer=event,
                response_serializer=pb.Receipt.SerializeToString,
            ),
        }
        return grpc.method_handlers_generic_handler(SERVICE, handlers)


class _Names:
    """The ids of the events of one call, in their order."""

    def __init__(self, context: Context, single: bool = False) -> None:
        self._key = key_of(context)
        self._single = single
        self._place = 0

    def take(self, event: pb.Event | Unreadable) -> str:
        """The id that the client gave to the next event, by itself or by the key of the call."""
        place, self._place = self._place, self._place + 1
        given = "" if isinstance(event, Unreadable) else event.id
        if given:
            return given if keepable(given) else ""
        if not self._key or self._single:
            return self._key
        return f"{self._key}.{place}"


class _Stream:
    """Reads on while the queue is busy with what came before, within a window."""

    def __init__(self, stream: AsyncIterator[Readable], accept: Any) -> None:
        self._stream = stream
        self._accept = accept
        self._read: list[Readable] = []
        self._bytes = 0
        self._ended = False
        self._changed = asyncio.Condition()
        self._sent = Sent()

    async def receipt(self) -> Receipt:
        """The receipt of the whole stream."""
        reader = asyncio.create_task(self._reading(), name="stream")
        try:
            while chunk := await self._next():
                self._sent.add(await self._accept(chunk))
            await reader
        finally:
            reader.cancel()
        return self._sent.receipt

    async def _reading(self) -> None:
        try:
            async for event in self._stream:
                async with self._changed:
                    await self._changed.wait_for(self._has_room)
                    self._read.append(event)
                    self._bytes += len(event.json) if isinstance(event, pb.Event) else 0
                    self._changed.notify_all()
        finally:
            self._ended = True
            async with self._changed:
                self._changed.notify_all()

    def _has_room(self) -> bool:
        return len(self._read) < _WINDOW and self._bytes < _WINDOW_BYTES

    async def _next(self) -> list[Readable]:
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._read) or self._ended)
            chunk, self._read, self._bytes = self._read, [], 0
            self._changed.notify_all()
        return chunk
