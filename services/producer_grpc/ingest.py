"""Our own typed service: one event, a batch, a stream."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc

from scenarios.bodies import MAX_RECORDS, Unreadable
from services.pb import controlroom_pb2 as pb
from services.producer_grpc.calls import (
    Calls,
    Context,
    Handler,
    RefusedError,
    TooMuchError,
    key_of,
    reading,
)
from services.producer_grpc.messages import message_of_receipt, record_of_event
from services.shared.ids import keepable
from services.shared.intake import MAX_ERRORS, Intake, Receipt, RecordError

SERVICE = "controlroom.v1.Ingest"
_WINDOW = 2_000
"""Events of one stream that are read ahead of Kafka."""


class Ingest:
    """Behaviours of the three RPCs. A request may be Unreadable, which is refused as a record."""

    def __init__(self, intake: Intake, max_records: int = MAX_RECORDS) -> None:
        self._intake = intake
        self._max_records = max_records

    async def send(self, event: pb.Event | Unreadable, context: Context) -> pb.Receipt:
        """One event; a bad one ends the call."""
        receipt = await self._accept([event], _Names(context, single=True))
        if not receipt.accepted:
            raise RefusedError(receipt)
        return message_of_receipt(receipt)

    async def send_batch(self, batch: pb.Batch | Unreadable, context: Context) -> pb.Receipt:
        """Events, each good or bad by itself."""
        if isinstance(batch, Unreadable):
            raise RefusedError(await self._accept([batch], _Names(context)))
        if len(batch.events) > self._max_records:
            raise TooMuchError(f"{len(batch.events)} events, at most {self._max_records} are taken")
        return message_of_receipt(await self._accept(list(batch.events), _Names(context)))

    async def send_stream(
        self, stream: AsyncIterator[pb.Event | Unreadable], context: Context
    ) -> pb.Receipt:
        """Events until the client ends the stream."""
        accept = functools.partial(self._accept, names=_Names(context))
        return message_of_receipt(await _Stream(stream, accept).receipt())

    async def _accept(self, events: Sequence[pb.Event | Unreadable], names: _Names) -> Receipt:
        return await self._intake.accept(
            [record_of_event(event) for event in events], [names.take(event) for event in events]
        )

    def handler(self, calls: Calls) -> Handler:
        """The service for a gRPC server."""
        kinds: dict[str, tuple[Any, Any, type[Any]]] = {
            "Send": (grpc.unary_unary_rpc_method_handler, self.send, pb.Event),
            "SendBatch": (grpc.unary_unary_rpc_method_handler, self.send_batch, pb.Batch),
            "SendStream": (grpc.stream_unary_rpc_method_handler, self.send_stream, pb.Event),
        }
        handlers = {
            name: make(
                calls.counted(behaviour),
                request_deserializer=reading(request),
                response_serializer=pb.Receipt.SerializeToString,
            )
            for name, (make, behaviour, request) in kinds.items()
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
    """Reads on while Kafka is busy with what came before, within a window."""

    def __init__(self, stream: AsyncIterator[pb.Event | Unreadable], accept: Any) -> None:
        self._stream = stream
        self._accept = accept
        self._read: list[pb.Event | Unreadable] = []
        self._ended = False
        self._changed = asyncio.Condition()
        self._receipt = Receipt(0, 0, [])

    async def receipt(self) -> Receipt:
        """The receipt of the whole stream."""
        reader = asyncio.create_task(self._reading(), name="stream")
        try:
            while chunk := await self._next():
                self._add(await self._accept(chunk))
            await reader
        finally:
            reader.cancel()
        return self._receipt

    async def _reading(self) -> None:
        try:
            async for event in self._stream:
                async with self._changed:
                    await self._changed.wait_for(lambda: len(self._read) < _WINDOW)
                    self._read.append(event)
                    self._changed.notify_all()
        finally:
            self._ended = True
            async with self._changed:
                self._changed.notify_all()

    async def _next(self) -> list[pb.Event | Unreadable]:
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._read) or self._ended)
            chunk, self._read = self._read, []
            self._changed.notify_all()
        return chunk

    def _add(self, receipt: Receipt) -> None:
        seen = self._receipt.accepted + self._receipt.rejected
        errors = [RecordError(e.index + seen, e.field, e.message) for e in receipt.errors]
        self._receipt = Receipt(
            self._receipt.accepted + receipt.accepted,
            self._receipt.rejected + receipt.rejected,
            (self._receipt.errors + errors)[:MAX_ERRORS],
        )
