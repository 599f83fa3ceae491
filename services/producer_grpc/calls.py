"""What every RPC of the server shares: counting, deadlines, and failures as gRPC statuses."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError, Message

from scenarios.bodies import MAX_RECORD, Unreadable
from services.producer_grpc.large import LargeMessages, NoMessageError
from services.producer_grpc.messages import message_of_receipt
from services.producer_grpc.packed import TooMuchError, too_large
from services.queues.port import Unavailable
from services.shared import logline
from services.shared.golden import Traffic
from services.shared.ids import KEY_NAME, BadIdError, checked
from services.shared.inflight import InFlight
from services.shared.intake import MAX_ERRORS, Receipt
from wire import problems
from wire.problems import Problem

RECEIPT_KEY = "receipt-bin"
"""Trailing metadata that holds the receipt of a refused event."""
CODE_KEY = "code"
"""Trailing metadata that holds the code of `wire.problems`."""

if TYPE_CHECKING:
    # generic for the type checker only
    Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
    Handler: TypeAlias = grpc.GenericRpcHandler[Any, Any]
else:
    Context = grpc.aio.ServicerContext
    Handler = grpc.GenericRpcHandler

Behaviour = Callable[[Any, Context], Awaitable[Any]]
Read = Callable[[bytes], Any]
Metadata = tuple[tuple[str, str | bytes], ...]


class RefusedError(Exception):
    """A single event was not accepted; the receipt says why."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__("; ".join(f"{e.field} {e.message}".strip() for e in receipt.errors))
        self.receipt = receipt


class Calls:
    """The calls that a server is at: counted in the metrics, and known when it has to end."""

    def __init__(self, traffic: Traffic, in_flight: InFlight) -> None:
        self._traffic = traffic
        self._in_flight = in_flight
        self._large = LargeMessages()
        self._active = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def unary(self, behaviour: Behaviour, read: Read, reply: type[Message]) -> Any:
        """The handler of a call of one message, which `read` makes of its bytes."""

        # a stream of one on the wire: so the message is asked for when its turn has come
        async def work(_: Any, context: Context) -> Any:
            with self._in_flight.charge() as charge:
                async with self._large.message(context, charge) as raw:
                    return await behaviour(read(raw), context)

        return grpc.stream_unary_rpc_method_handler(
            self.counted(work), response_serializer=reply.SerializeToString
        )

    def counted(self, behaviour: Behaviour) -> Behaviour:
        """The behaviour with its deadline kept and its errors as statuses of the call."""

        async def call(request: Any, context: Context) -> Any:
            started = self._traffic.begin()
            self._active += 1
            self.idle.clear()
            status = "1"
            try:
                try:
                    reply = await _in_time(behaviour, request, context)
                    status = "0"
                    return reply
                except Exception as error:
                    problem, text, more = _told(error)
                    code = grpc.StatusCode[problem.grpc]
                    status = str(code.value[0])
                    await context.abort(code, text, ((CODE_KEY, problem.code), *more))
            finally:
                self._traffic.end(started, 200, status)
                self._active -= 1
                if not self._active:
                    self.idle.set()

        return call


async def _in_time(behaviour: Behaviour, request: Any, context: Context) -> Any:
    """The reply; TimeoutError where the caller's deadline passes before the queue has it all.

    What was not sent until then will not be sent.
    """
    remaining = context.time_remaining()
    if remaining is None:
        return await behaviour(request, context)
    async with asyncio.timeout(remaining):
        return await behaviour(request, context)


def _told(error: Exception) -> tuple[Problem, str, Metadata]:
    """Kind, text and trailing metadata of a failure."""
    if isinstance(error, RefusedError):
        receipt = message_of_receipt(error.receipt).SerializeToString()
        return error.receipt.problem, _short(str(error)), ((RECEIPT_KEY, receipt),)
    if isinstance(error, BadIdError):
        return problems.BAD_ID, str(error), ()
    if isinstance(error, TooMuchError):
        return problems.TOO_MANY_RECORDS, str(error), ()
    if isinstance(error, Unavailable):
        return error.problem, str(error), (("retry-after", str(error.retry_after)),)
    if isinstance(error, NoMessageError):
        return problems.NO_RECORDS, problems.NO_RECORDS.sentence, ()
    if isinstance(error, TimeoutError):
        return problems.DEADLINE, problems.DEADLINE.sentence, ()
    logline.error("a call failed", trace=error)
    return problems.FAILED, problems.FAILED.sentence, ()


def key_of(context: Context) -> str:
    """The key of a call, empty where it has none. Raises BadIdError."""
    for name, value in context.invocation_metadata() or ():
        if name == KEY_NAME:
            return checked(name, value if isinstance(value, str) else value.decode("latin-1"))
    return ""


def reading(
    kind: type[Message], largest: int = MAX_RECORD
) -> Callable[[bytes], Message | Unreadable]:
    """Reads requests of that kind, each one event; bytes that are none, or more than `largest`,
    become a record that is refused."""
    return functools.partial(_read, kind, largest)


def _read(kind: type[Message], largest: int, raw: bytes) -> Message | Unreadable:
    if len(raw) > largest:
        return too_large(raw, largest)
    try:
        return kind.FromString(raw)
    except DecodeError:
        return Unreadable(raw, f"the bytes are no {kind.DESCRIPTOR.full_name}")


def _short(text: str) -> str:
    return text if len(text) <= MAX_ERRORS * 10 else f"{text[: MAX_ERRORS * 10]} ..."
