"""The HTTP door of the producers: one ASGI application around an `accept` port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import msgspec

from scenarios.events import MAX_BODY, BodyError, BodyTooLargeError, Records, parse_records
from scenarios.scenario import HttpRoutes
from services.shared import logline
from services.shared.golden import Traffic
from services.shared.intake import Accept, Receipt
from services.shared.publisher import Unavailable
from services.shared.web import Message, Receive, Send, answer

_encode = msgspec.json.Encoder().encode
_ID_HEADERS = (b"x-event-id", b"idempotency-key")
_MAX_ID = 128
_DISCARD = 64 << 20

Header = tuple[bytes, bytes]


class Answer(NamedTuple):
    """Status, body and extra headers of one answer."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = ()


class _GoneError(Exception):
    """The client has left before its body was whole."""


class IngestApp:
    """POST of events on the paths of a scenario.

    201 all accepted (the scenario's reply to a single event, else counts), 207 some, 422 none;
    400 no records at all, 413 too large, 404, 405; 503 with Retry-After when Kafka is away.
    A 2xx is sent after Kafka has every accepted event and every rejected record.
    """

    def __init__(
        self, routes: HttpRoutes, accept: Accept, traffic: Traffic, max_body: int = MAX_BODY
    ) -> None:
        self._paths = frozenset(routes.paths)
        self._created = Answer(201, _encode(routes.reply))
        self._unknown = _failure(404, f"the paths are {', '.join(routes.paths)}")
        self._accept = accept
        self._traffic = traffic
        self._max_body = max_body

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = self._traffic.begin()
        status = 499
        try:
            reply = await self._reply(scope, receive)
            status = reply.status
            await answer(send, status, reply.body, headers=reply.headers)
        except _GoneError:
            pass
        finally:
            self._traffic.end(started, status)

    async def _reply(self, scope: Message, receive: Receive) -> Answer:
        if scope["path"] not in self._paths:
            return self._unknown
        if scope["method"] != "POST":
            return _failure(405, "events are sent by POST", (b"allow", b"POST"))
        try:
            event_id = _event_id(scope["headers"])
            records = parse_records(await self._body(receive), max_bytes=self._max_body)
            receipt = await self._accept(records, _ids(event_id, records))
        except BodyTooLargeError as error:
            return _failure(413, str(error), (b"connection", b"close"))
        except BodyError as error:
            return _failure(400, str(error))
        except Unavailable as error:
            return _failure(503, str(error), (b"retry-after", str(error.retry_after).encode()))
        except _GoneError:
            raise
        except Exception as error:
            logline.error("a request failed", trace=error)
            return _failure(500, "the service failed; its log has the reason")
        return self._single(receipt) if records.single else _batch(receipt)

    def _single(self, receipt: Receipt) -> Answer:
        if receipt.accepted:
            return self._created
        errors = [{"field": error.field, "message": error.message} for error in receipt.errors]
        return Answer(422, _encode({"error": _summary(receipt), "errors": errors}))

    async def _body(self, receive: Receive) -> bytes:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            body: bytes = message.get("body", b"")
            return body
        parts = bytearray()
        while message["type"] == "http.request":
            parts += message.get("body", b"")
            if not message.get("more_body"):
                return bytes(parts)
            if len(parts) > self._max_body:
                await self._discard(receive)
            message = await receive()
        raise _GoneError

    async def _discard(self, receive: Receive) -> NoReturn:
        """Read on for a while: a client that still sends would not see the answer."""
        left = _DISCARD
        while left > 0:
            message = await receive()
            left -= len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body"):
                break
        raise BodyTooLargeError(f"at most {self._max_body} bytes are taken")


def _batch(receipt: Receipt) -> Answer:
    status = 422 if not receipt.accepted else 207 if receipt.rejected else 201
    body: dict[str, Any] = {
        "accepted": receipt.accepted,
        "rejected": receipt.rejected,
        "errors": receipt.errors,
    }
    if status == 422:
        body = {"error": _summary(receipt), **body}
    return Answer(status, _encode(body))


def _summary(receipt: Receipt) -> str:
    if not receipt.errors:
        return "there are no events in the body"
    first = receipt.errors[0]
    return f"{first.field} {first.message}" if first.field else first.message


def _failure(status: int, message: str, *headers: Header) -> Answer:
    return Answer(status, _encode({"error": message}), headers)


def _event_id(headers: Sequence[Header]) -> str:
    """The id that the client gave; BodyError where it cannot be kept."""
    for name, value in headers:
        if name in _ID_HEADERS:
            text = value.decode("latin-1").strip()
            if not text or len(text) > _MAX_ID or not (text.isascii() and text.isprintable()):
                raise BodyError(f"{name.decode()} must be 1 to {_MAX_ID} printable ASCII signs")
            return text
    return ""


def _ids(event_id: str, records: Records) -> Sequence[str]:
    if not event_id:
        return ()
    if records.single:
        return (event_id,)
    return [f"{event_id}.{index}" for index in range(len(records))]
