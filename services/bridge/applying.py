"""The remote side of the bridge: the consumer's own storing, once per call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import grpc
from google.protobuf.message import Message
from redis.exceptions import RedisError

from services.bridge.lag import LagGauge
from services.bridge.messages import (
    SERVICE,
    batch_of_message,
    message_of_stand,
    part_of_message,
    stand_of_message,
)
from services.consumer.stores import Stores
from services.pb import bridge_pb2 as pb
from services.shared import logline
from services.shared.acknowledged import keep_published
from services.shared.dependencies import AbandonedError
from services.shared.golden import Traffic
from wire import keys

Reply = Callable[[Any], Awaitable[Message]]

MOST_COUNT = 1 << 53
"""Beyond it the numbers of a Lua script are no longer exact."""


class BadCallError(Exception):
    """A call that no local side of the pipeline makes."""


class OtherScenarioError(Exception):
    """The two ends of the bridge are set to different scenarios."""


class Applying:
    """Behaviours of the three calls. A store that is away ends the call; the caller has time."""

    def __init__(self, scenario: str, stores: Stores, traffic: Traffic, lag: LagGauge) -> None:
        self._scenario = scenario
        self._stores = stores
        self._traffic = traffic
        self._lag = lag

    async def committed_offsets(self, request: pb.CommittedRequest) -> pb.CommittedReply:
        """Where reading has to begin."""
        return pb.CommittedReply(
            committed_offsets=await self._stores.committed_offsets(request.fields, _once)
        )

    async def stands(self, request: pb.StandsRequest) -> pb.StandsReply:
        """The same, with the mark that shows whether the local side's log still holds it."""
        parts = [part_of_message(part) for part in request.parts]
        stands = await self._stores.stands(parts, _once)
        return pb.StandsReply(stands=[message_of_stand(stand) for stand in stands])

    async def open(self, request: pb.OpenRequest) -> pb.Stand:
        """The next life of a partition."""
        before = stand_of_message(request.before)
        return message_of_stand(await self._stores.open(before, request.base, _once))

    async def apply(self, request: pb.Batch) -> pb.Verdict:
        """Documents first, then counters behind the committed offset."""
        _plausible(self._scenario, request)
        batch = batch_of_message(request)
        prepared = await self._stores.prepare(batch, _once)
        await self._stores.store([prepared], _once)
        (verdict,) = await self._stores.count([prepared], _once)
        self._lag.publish(batch.topic, batch.partition, batch.end - verdict.committed - 1)
        return pb.Verdict(
            counted=verdict.counted, committed=verdict.committed, failed=verdict.failed
        )

    async def acknowledge(self, request: pb.Acknowledged) -> pb.AcknowledgedReply:
        """For the books."""
        if any(count > MOST_COUNT for count in request.counts.values()):
            raise BadCallError(f"a producer has acknowledged more than {MOST_COUNT} events")
        await keep_published(self._stores.redis, self._scenario, dict(request.counts))
        return pb.AcknowledgedReply()

    def handler(self) -> Any:
        """The service for a gRPC server."""
        kinds: dict[str, tuple[Reply, type[Message]]] = {
            "Committed": (self.committed_offsets, pb.CommittedRequest),
            "Stands": (self.stands, pb.StandsRequest),
            "Open": (self.open, pb.OpenRequest),
            "Apply": (self.apply, pb.Batch),
            "Acknowledge": (self.acknowledge, pb.Acknowledged),
        }
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                self._answered(reply),
                request_deserializer=kind.FromString,
                response_serializer=lambda message: message.SerializeToString(),
            )
            for name, (reply, kind) in kinds.items()
        }
        return grpc.method_handlers_generic_handler(SERVICE, handlers)

    def _answered(self, reply: Reply) -> Any:
        async def call(request: Any, context: Any) -> Message:
            started = self._traffic.begin()
            code = grpc.StatusCode.CANCELLED
            try:
                try:
                    self._same(request.scenario)
                    answer = await reply(request)
                    code = grpc.StatusCode.OK
                    return answer
                except Exception as error:
                    code, text = _told(error)
                    await context.abort(code, text)
            finally:
                self._traffic.end(started, 200, str(code.value[0]))
            raise AssertionError("abort raises")

        return call

    def _same(self, scenario: str) -> None:
        if scenario != self._scenario:
            raise OtherScenarioError(
                f"the local side is set to {scenario!r} and the remote side to {self._scenario!r}; "
                "set SCENARIO alike on both"
            )


def _plausible(scenario: str, message: pb.Batch) -> None:
    """Raises BadCallError for a batch whose offsets cannot be those of a partition's log.

    The committed offset itself is compared where it is moved; here is what can be known without it.
    """
    wrong = ""
    offsets = [record.offset for record in message.records]
    positions = [message.expected, *offsets]
    if message.topic not in (keys.events_topic(scenario), keys.rejected_topic(scenario)):
        wrong = f"{message.topic!r} is no topic of the scenario"
    elif not message.topic_id or "/" in message.topic_id or message.partition < 0:
        wrong = "it names no partition"
    elif message.expected < -1 or message.last < message.expected:
        wrong = f"the committed offset would go from {message.expected} to {message.last}"
    elif any(second <= first for first, second in pairwise(positions)):
        wrong = "its offsets do not rise from the committed offset on"
    elif positions[-1] > message.last:
        wrong = f"offset {positions[-1]} lies beyond its last, {message.last}"
    elif message.end and message.last >= message.end:
        wrong = f"its last, {message.last}, lies beyond the log's end, {message.end}"
    elif not 0 <= message.gaps <= message.last - message.expected - len(offsets):
        wrong = f"{message.gaps} gaps have no room in it"
    if wrong:
        raise BadCallError(f"the batch is refused: {wrong}")


def _once() -> bool:
    """Always true: the server does not try again what failed, because the caller does."""
    return True


def _told(error: Exception) -> tuple[grpc.StatusCode, str]:
    """Status and text of a failure."""
    if isinstance(error, BadCallError):
        return grpc.StatusCode.INVALID_ARGUMENT, str(error)
    if isinstance(error, OtherScenarioError):
        return grpc.StatusCode.FAILED_PRECONDITION, str(error)
    if isinstance(error, AbandonedError | RedisError):
        cause = error.__cause__ or error
        return grpc.StatusCode.UNAVAILABLE, f"a store does not answer: {cause}"
    logline.error("a call failed", trace=error)
    return grpc.StatusCode.INTERNAL, "the call failed; the log of the server has the reason"
