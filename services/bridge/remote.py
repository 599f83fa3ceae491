"""The stores of another cluster as a sink, reached through the client in the same pod."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import grpc

from services.bridge.messages import Piece, message_of_stand, piece_of, stand_of_message
from services.pb import bridge_pb2 as pb
from services.pb.bridge_pb2_grpc import BridgeStub
from services.queues.batch import Abandoned, Batch, Verdict
from services.shared import logline
from services.shared.dependencies import AbandonedError, Dependency
from wire.lives import Part, Stand

T = TypeVar("T")

DEADLINE = 12.0
"""Seconds of one call, the client's own attempts and pauses included."""
AT_ONCE = 4
"""Pieces that are under way at a time."""
MOST = 512 << 10
LEAST = 8 << 10
"""Bytes of one piece; pieces are made smaller while calls take longer than they may."""
QUICK = 1.0
"""Seconds below which a call lets the next pieces be larger again."""


class BridgeError(Exception):
    """The remote side did not answer, or would not do it now."""

    def __init__(self, message: str, late: bool) -> None:
        super().__init__(message)
        self.late = late
        """Time was up, for which the link may be too slow."""


@dataclass(frozen=True, slots=True)
class RawBatch:
    """A batch as Kafka gave it."""

    batch: Batch


class RemoteSink:
    """Sends every batch in pieces, one after another within a partition."""

    def __init__(
        self, scenario: str, stub: BridgeStub, server: Dependency, deadline: float = DEADLINE
    ) -> None:
        self._scenario = scenario
        self._stub = stub
        self._server = server
        self._deadline = deadline
        self._size = MOST
        self._limit = asyncio.Semaphore(AT_ONCE)

    async def committed_offsets(self, fields: Sequence[str], abandoned: Abandoned) -> list[int]:
        """The committed offset of each field; see services.queues.batch.Sink."""
        request = pb.CommittedRequest(scenario=self._scenario, fields=fields)

        async def question() -> pb.CommittedReply:
            return await called(self._stub.Committed, request, self._deadline)

        reply = await self._server.ask(question, abandoned)
        return list(reply.committed_offsets)

    async def stands(self, parts: Sequence[Part], abandoned: Abandoned) -> list[Stand]:
        """How far partitions are counted; see services.queues.batch.Sink."""
        wanted = [pb.Part(**part._asdict()) for part in parts]
        request = pb.StandsRequest(scenario=self._scenario, parts=wanted)

        async def question() -> pb.StandsReply:
            return await called(self._stub.Stands, request, self._deadline)

        reply = await self._server.ask(question, abandoned)
        return [stand_of_message(stand) for stand in reply.stands]

    async def open(self, before: Stand, base: int, abandoned: Abandoned) -> Stand:
        """Opens the next life of a partition; see services.queues.batch.Sink."""
        request = pb.OpenRequest(
            scenario=self._scenario, before=message_of_stand(before), base=base
        )

        async def question() -> pb.Stand:
            return await called(self._stub.Open, request, self._deadline)

        return stand_of_message(await self._server.ask(question, abandoned))

    async def prepare(self, batch: Batch, abandoned: Abandoned) -> RawBatch:
        """Nothing can be done before the remote side has it; see services.queues.batch.Sink."""
        return RawBatch(batch)

    async def store(self, prepared: Sequence[RawBatch], abandoned: Abandoned) -> None:
        """The remote side stores what it counts; see services.queues.batch.Sink."""

    async def count(self, prepared: Sequence[RawBatch], abandoned: Abandoned) -> list[Verdict]:
        """Has batches stored and counted; see services.queues.batch.Sink."""
        outcomes = await asyncio.gather(
            *(self._apply(each.batch, abandoned) for each in prepared), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, Verdict)]

    async def _apply(self, batch: Batch, abandoned: Abandoned) -> Verdict:
        failed = sent = 0
        while True:
            piece, verdict = await self._send(batch, sent, abandoned)
            # the remote side has counted the piece where the answer to an earlier try got lost
            if not verdict.counted and verdict.committed != piece.message.last:
                return Verdict(False, verdict.committed, failed)
            failed += verdict.failed
            sent = piece.after
            if sent >= len(batch.records):
                return Verdict(True, batch.last, failed)
            if abandoned():
                raise AbandonedError

    async def _send(
        self, batch: Batch, start: int, abandoned: Abandoned
    ) -> tuple[Piece, pb.Verdict]:
        async def question() -> tuple[Piece, pb.Verdict]:
            # cut again for each try, as large as the link carries by now
            piece = piece_of(self._scenario, batch, start, self._size)
            if not piece.whole:
                logline.warning("a record is too large for the bridge and arrives cut")
            return piece, await self._measured(piece)

        async with self._limit:
            return await self._server.ask(question, abandoned)

    async def _measured(self, piece: Piece) -> pb.Verdict:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            verdict: pb.Verdict = await called(self._stub.Apply, piece.message, self._deadline)
        except BridgeError as error:
            if error.late:
                self._size = max(LEAST, self._size // 2)
            raise
        if loop.time() - began < QUICK:
            self._size = min(MOST, self._size * 2)
        return verdict


async def called(
    method: Callable[..., Awaitable[T]], request: object, deadline: float = DEADLINE
) -> T:
    """The answer of one call. `deadline` in seconds. Raises BridgeError."""
    try:
        return await method(request, timeout=deadline)
    except grpc.aio.AioRpcError as error:
        late = error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        raise BridgeError(error.details() or error.code().name.lower(), late) from error
