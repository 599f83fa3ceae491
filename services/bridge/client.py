"""`python -m services.bridge.client`: the call across, beside the worker in its pod."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from services.bridge.admission import metadata_of
from services.bridge.breaker import Breaker, OpenError
from services.bridge.messages import MAX_MESSAGE, METHODS, SERVICE
from services.bridge.relay import Relay
from services.shared import golden, logline
from services.shared.lifecycle import Lifecycle, ReadinessGate
from services.shared.settings import Settings, SettingsError
from services.shared.start import main, start

NEEDED = ("bridge_target", "bridge_socket", "admin_port", "bridge_token")

AT_ONCE = 8
"""Calls that are under way at a time; what comes beyond is refused, so memory is bounded."""
_GRACE = 5.0
_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    # a link that works again should be found within a second
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # a link that swallows everything is noticed without a call
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


class RemoteReadiness:
    """Readiness by the remote side, with one line in the log for each change."""

    def __init__(self, gate: ReadinessGate, target: str) -> None:
        self._gate = gate
        self._target = target
        self._away = False

    def changed(self, reason: str) -> None:
        """The remote side is away for that reason, or answers ("")."""
        if reason:
            self._gate.shut(f"{self._target}: {reason}")
        else:
            self._gate.open()
        if bool(reason) != self._away:
            self._away = bool(reason)
            logline.warning(reason or "the remote side answers again", target=self._target)


class RelayHandler(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in its stubs only
    """Takes the calls of the bridge as bytes and hands them to the relay."""

    def __init__(self, relay: Relay) -> None:
        self._handlers = {
            f"/{SERVICE}/{name}": grpc.unary_unary_rpc_method_handler(_behaviour(relay, name))
            for name in METHODS
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of a call, or None where it is none of ours."""
        return self._handlers.get(handler_call_details.method)


def _behaviour(relay: Relay, method: str) -> Any:
    async def call(request: bytes, context: Any) -> bytes:
        try:
            return await relay.call(method, request, context.time_remaining())
        except OpenError as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        except grpc.aio.AioRpcError as error:
            await context.abort(error.code(), error.details() or error.code().name.lower())
        raise AssertionError("abort raises")

    return call


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Relay until the lifecycle stops."""
    gate = lifecycle.gate("bridge")
    gate.shut(f"no connection to {settings.bridge_target} yet")
    async with grpc.aio.insecure_channel(settings.bridge_target, options=_OPTIONS) as channel:
        opening = asyncio.create_task(_open(channel, gate), name="channel")
        traffic = golden.outbound("bridge-server", settings.bridge_target)
        remote = RemoteReadiness(gate, settings.bridge_target)
        metadata = metadata_of(settings.bridge_token)
        relay = Relay(channel, Breaker(), traffic, remote.changed, metadata=metadata)
        server = grpc.aio.server(
            handlers=[RelayHandler(relay)], options=_OPTIONS[:2], maximum_concurrent_rpcs=AT_ONCE
        )
        _listen(server, settings.bridge_socket)
        await server.start()
        lifecycle.service.open()
        try:
            await lifecycle.stopping.wait()
        finally:
            opening.cancel()
            await server.stop(_GRACE)


def _listen(server: grpc.aio.Server, path: str) -> None:
    try:
        server.add_insecure_port(f"unix:{path}")
    except RuntimeError as error:
        raise SettingsError(
            f"cannot listen on {path}", "set BRIDGE_SOCKET to a path in a folder of the pod's own"
        ) from error


async def _open(channel: grpc.aio.Channel, gate: ReadinessGate) -> None:
    await channel.channel_ready()
    gate.open()


if __name__ == "__main__":
    main(start("bridge-client", NEEDED, serve, drain_seconds=0.0))
