"""What every RPC of the server shares: counting, and failures as gRPC statuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc

from services.producer_grpc.messages import message_of_receipt
from services.shared import logline
from services.shared.golden import Traffic
from services.shared.intake import MAX_ERRORS, Receipt
from services.shared.publisher import Unavailable

RECEIPT_KEY = "receipt-bin"
"""Trailing metadata that holds the receipt of a refused event."""

if TYPE_CHECKING:
    # generic for the type checker only
    Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
    Handler: TypeAlias = grpc.GenericRpcHandler[Any, Any]
else:
    Context = grpc.aio.ServicerContext
    Handler = grpc.GenericRpcHandler

Behaviour = Callable[[Any, Context], Awaitable[Any]]


class RefusedError(Exception):
    """A single event was not accepted; the receipt says why."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__("; ".join(f"{e.field} {e.message}".strip() for e in receipt.errors))
        self.receipt = receipt


class TooMuchError(Exception):
    """More than the server takes at once."""


def counted(traffic: Traffic, behaviour: Behaviour) -> Behaviour:
    """The behaviour, counted in `traffic`, with its errors as statuses of the call."""

    async def call(request: Any, context: Context) -> Any:
        started = traffic.begin()
        code = grpc.StatusCode.CANCELLED
        try:
            reply = await behaviour(request, context)
            code = grpc.StatusCode.OK
            return reply
        except RefusedError as error:
            code = grpc.StatusCode.INVALID_ARGUMENT
            receipt = message_of_receipt(error.receipt).SerializeToString()
            await context.abort(code, _short(str(error)), ((RECEIPT_KEY, receipt),))
        except TooMuchError as error:
            code = grpc.StatusCode.RESOURCE_EXHAUSTED
            await context.abort(code, str(error))
        except Unavailable as error:
            code = grpc.StatusCode.UNAVAILABLE
            retry = (("retry-after", str(error.retry_after)),)
            await context.abort(code, str(error), retry)
        except Exception as error:
            code = grpc.StatusCode.INTERNAL
            logline.error("a call failed", trace=error)
            await context.abort(code, "the service failed; its log has the reason")
        finally:
            traffic.end(started, 200, str(code.value[0]))

    return call


def _short(text: str) -> str:
    return text if len(text) <= MAX_ERRORS * 10 else f"{text[: MAX_ERRORS * 10]} ..."
