"""Who may call across: both ends of the bridge hold the same secret."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from prometheus_client import Counter

STRANGERS = Counter("controlroom_bridge_strangers", "Calls without the secret of the bridge.")
REFUSAL = "this call lacks the secret of the bridge; set BRIDGE_TOKEN alike on both sides"
_KEY = "authorization"


def metadata_of(token: str) -> tuple[tuple[str, str], ...]:
    """What a caller sends with each call."""
    return ((_KEY, _value(token)),)


class Admission(grpc.aio.ServerInterceptor):  # type: ignore[type-arg] # generic in its stubs only
    """Answers UNAUTHENTICATED to whoever does not know the token, before anything is decoded."""

    def __init__(self, token: str) -> None:
        self._wanted = _value(token).encode()

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any
    ) -> Any:
        """The handler of a call, or one that refuses it."""
        if self._admits(handler_call_details.invocation_metadata or ()):
            return await continuation(handler_call_details)
        STRANGERS.inc()
        return grpc.unary_unary_rpc_method_handler(_refuse)

    def _admits(self, metadata: Any) -> bool:
        given = [_bytes(value) for key, value in metadata if key == _KEY]
        return len(given) == 1 and hmac.compare_digest(given[0], self._wanted)


def _value(token: str) -> str:
    return f"Bearer {token}"


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


async def _refuse(request: bytes, context: Any) -> bytes:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, REFUSAL)
    raise AssertionError("abort raises")
