"""`python -m scenarios.covid.services.server`: greetings by gRPC, posted to the API."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import aiohttp
import msgspec

from scenarios.bodies import BodyTooLargeError, Given, Unreadable
from scenarios.loading import load
from services.producer_grpc.calls import Calls
from services.producer_grpc.grouping import Grouping
from services.producer_grpc.routes import RoutesHandler
from services.producer_grpc.server import answering, bounded_server
from services.queues.port import DEADLINE, Unavailable
from services.shared import golden
from services.shared.ids import Ids
from services.shared.inflight import InFlight
from services.shared.intake import Receipt, RecordError
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from services.shared.start import main, start

from .words import ORIGEN, needed, port_of

ORIGIN = "grpc"
_TIMEOUT = DEADLINE + 1.0
_CONNECTIONS = 16
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Posting:
    """The `accept` port by way of POST /subscribers, over connections that stay open."""

    def __init__(self, session: aiohttp.ClientSession, url: str, traffic: golden.Traffic) -> None:
        self._session = session
        self._url = url
        self._traffic = traffic

    async def accept(self, records: Given, ids: Ids) -> Receipt:
        """Post records, and say what the API said of them; see services.shared.intake.Accept."""
        assert isinstance(records, Sequence)
        named = [_named(each, ids[place] if ids else "") for place, each in enumerate(records)]
        with self._traffic.call() as call:
            try:
                headers = {"content-type": "application/json"}
                body = _encode(named)
                async with self._session.post(self._url, data=body, headers=headers) as answer:
                    call.status = answer.status
                    told = await answer.read()
                    after = answer.headers.get("retry-after", "1")
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                call.status = 503
                reason = str(error) or type(error).__name__
                raise Unavailable(f"the subscribers API does not answer: {reason}") from error
        return _receipt(call.status, told, after)


def _named(record: Any, event_id: str) -> Any:
    if isinstance(record, Unreadable):
        # no record to the API either, which keeps it with the reason
        return record.text.decode(errors="replace")
    # protobuf has no absence: what was not set is an empty text
    given = {name: value for name, value in record.items() if value != ""}
    return {**given, ORIGEN: ORIGIN} | ({"_id": event_id} if event_id else {})


def _receipt(status: int, body: bytes, after: str) -> Receipt:
    """Raises Unavailable, BodyTooLargeError, or RuntimeError for what the API should not answer."""
    try:
        told = _decode(body)
        if "accepted" in told:
            errors = [RecordError(e["index"], e["field"], e["message"]) for e in told["errors"]]
            return Receipt(told["accepted"], told["rejected"], errors)
        message = str(told.get("message", ""))
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        message = body[:200].decode(errors="replace")
    if status == 413:
        raise BodyTooLargeError(message)
    if status in (502, 503, 504):
        raise Unavailable(message, int(after) if after.isdecimal() else 1)
    raise RuntimeError(f"the subscribers API answered {status}: {message}")


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops."""
    scenario = load(settings.scenario)
    limits = settings.limits
    url = f"{needed('SUBSCRIBERS_URL').rstrip('/')}/subscribers"
    address = f"{settings.pod_ip}:{port_of(settings.grpc_port, 'HOST')}"
    ready = asyncio.Event()
    ready.set()
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT),
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
    ) as session:
        posting = Posting(session, url, golden.outbound("subscribers", url.split("/")[2]))
        accept = Grouping(posting.accept, len(scenario.fields)).accept
        calls = Calls(golden.inbound(address), InFlight(limits.max_bytes_in_flight))
        routes = RoutesHandler(scenario.grpc, accept, calls, limits.max_record_bytes)
        server = bounded_server(address, [routes], limits)
        await answering(server, routes.services, calls, ready, lifecycle)


if __name__ == "__main__":
    main(start("grpcserver", ("admin_port",), serve))
