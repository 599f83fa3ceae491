"""The HTTP door of the producers: one ASGI application around an `accept` port."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from scenarios.bodies import (
    BodyError,
    BodyTooDeepError,
    BodyTooLargeError,
    Given,
    Records,
    Stream,
    TooManyRecordsError,
    read_records,
)
from scenarios.scenario import HttpRoutes
from services.queues.port import Unavailable
from services.shared import logline
from services.shared.encoding import ACCEPTED, BadEncodingError, encoding_of, unpacked
from services.shared.golden import Traffic
from services.shared.ids import KEY_NAME, BadIdError, Ids, Numbered, checked, ids_of
from services.shared.inflight import Charge, InFlight
from services.shared.intake import Accept, Receipt
from services.shared.limits import Limits
from services.shared.problem import problem_body
from services.shared.web import Message, Receive, Send, answer
from wire import problems
from wire.problems import Problem

_encode = msgspec.json.Encoder().encode
_ID_HEADERS = (b"x-event-id", KEY_NAME.encode())
DOCUMENT = "/openapi.json"
"""Where the OpenAPI document is answered."""
_DISCARD = 64 << 20
_SLOWLY = 0.02
"""Seconds between two readings of a body for which there is no room: its client would send the
next one at once, and reading that would cost all others."""

Header = tuple[bytes, bytes]


class Answer(NamedTuple):
    """Status, body and extra headers of one answer."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = ()


class _GoneError(Exception):
    """The client has left before its body was whole."""


_REFUSALS: tuple[tuple[type[BodyError], Problem], ...] = (
    (BadIdError, problems.BAD_ID),
    (BadEncodingError, problems.BAD_ENCODING),
    (TooManyRecordsError, problems.TOO_MANY_RECORDS),
    (BodyTooLargeError, problems.TOO_LARGE),
    (BodyTooDeepError, problems.TOO_DEEP),
    (BodyError, problems.NO_RECORDS),
)


class IngestApp:
    """POST of events on the paths of a scenario.

    201 all accepted (the scenario's reply to a single event, else counts), 207 some, 422 none;
    400 no records at all, 413 too large, 415 encoded otherwise than by gzip, 404, 405; 503 with
    Retry-After when the queue is away or too much is under way.
    A 2xx is sent after the queue has every accepted event and every rejected record. Every error
    has a code of `wire.problems`. `document` is what GET /openapi.json answers; `get_writes`
    takes an event from the query of a GET too.
    """

    def __init__(
        self,
        routes: HttpRoutes,
        accept: Accept,
        traffic: Traffic,
        limits: Limits | None = None,
        *,
        document: bytes = b"{}",
        get_writes: bool = False,
    ) -> None:
        replies = dict.fromkeys(routes.paths, routes.reply) | dict(routes.replies)
        self._created = {path: Answer(201, _encode(reply)) for path, reply in replies.items()}
        self._unknown = _failure(
            problems.UNKNOWN_ROUTE, f"the paths are {', '.join(replies)} and {DOCUMENT}"
        )
        self._accept = accept
        self._traffic = traffic
        self._limits = limits or Limits()
        self._bounds = self._limits.bounds
        self._in_flight = InFlight(self._limits.max_bytes_in_flight)
        self._document = Answer(200, document)
        self._get_writes = get_writes

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
        created = self._created.get(scope["path"])
        if created is None:
            return self._elsewhere(scope)
        method = scope["method"]
        if method != "POST" and not (method == "GET" and self._get_writes):
            return self._wrong_method(scope)
        try:
            with self._in_flight.charge() as charge:
                event_id = _event_id(scope["headers"])
                records = await self._records(scope, receive, charge)
                receipt = await self._accept(records, self._ids(event_id, records))
        except BodyError as error:
            return _refusal(error)
        except Unavailable as error:
            after = [(b"retry-after", str(error.retry_after).encode())]
            return _failure(error.problem, str(error), *(after if error.problem.retry else ()))
        except _GoneError:
            raise
        except Exception as error:
            logline.error("a request failed", trace=error)
            return _failure(problems.FAILED)
        if not _is_single(records):
            return _batch(receipt)
        if not receipt.accepted:
            return _invalid(receipt)
        return created if receipt.reply is None else Answer(201, _encode(receipt.reply))

    def _elsewhere(self, scope: Message) -> Answer:
        if scope["path"] == DOCUMENT and scope["method"] in ("GET", "HEAD"):
            return self._document
        return self._unknown

    def _wrong_method(self, scope: Message) -> Answer:
        allow = (b"allow", b"POST")
        if scope["method"] == "GET" and scope.get("query_string"):
            return _failure(problems.GET_WRITES_OFF, "", allow)
        return _failure(problems.WRONG_METHOD, "events are sent by POST", allow)

    async def _records(self, scope: Message, receive: Receive, charge: Charge) -> Given:
        if scope["method"] == "GET":
            return _query_record(scope["query_string"])
        encoding = encoding_of(scope["headers"])
        body = await self._body(receive, charge)
        if encoding:
            body = await unpacked(body, self._limits.max_body_bytes, charge)
        return read_records(body, self._bounds)

    def _ids(self, event_id: str, records: Given) -> Ids:
        if not event_id:
            return ()
        if isinstance(records, Stream):
            return Numbered(event_id, records, self._limits.max_records)
        return (event_id,) if _is_single(records) else ids_of(event_id, len(records))

    async def _body(self, receive: Receive, charge: Charge) -> bytes | bytearray:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            body: bytes = message.get("body", b"")
            return body
        parts = bytearray()
        while message["type"] == "http.request":
            parts += message.get("body", b"")
            if len(parts) > self._limits.max_body_bytes:
                await self._discard(receive, message, charge, parts)
                raise BodyTooLargeError(f"at most {self._limits.max_body_bytes} bytes are taken")
            try:
                charge.grow(len(parts))
            except Unavailable:
                await self._discard(receive, message, charge, parts, _SLOWLY)
                raise
            if not message.get("more_body"):
                return parts
            message = await receive()
        raise _GoneError

    async def _discard(
        self,
        receive: Receive,
        message: Message,
        charge: Charge,
        parts: bytearray,
        pause: float = 0.0,
    ) -> None:
        """Read on for a while: a client that still sends would not see the answer."""
        parts.clear()
        charge.release()
        if not message.get("more_body"):
            return
        left = _DISCARD
        while left > 0:
            await asyncio.sleep(pause)
            message = await receive()
            left -= len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body"):
                break


def _invalid(receipt: Receipt) -> Answer:
    errors = [{"field": error.field, "message": error.message} for error in receipt.errors]
    return _failure(receipt.problem, _summary(receipt), errors=errors)


def _batch(receipt: Receipt) -> Answer:
    counts: dict[str, Any] = {
        "accepted": receipt.accepted,
        "rejected": receipt.rejected,
        "errors": receipt.errors,
    }
    if not receipt.accepted:
        return _failure(receipt.problem, _summary(receipt), **counts)
    return Answer(207 if receipt.rejected else 201, _encode(counts))


def _summary(receipt: Receipt) -> str:
    if not receipt.errors:
        return "there are no events in the body"
    first = receipt.errors[0]
    return f"{first.field} {first.message}" if first.field else first.message


def _refusal(error: BodyError) -> Answer:
    problem = next(problem for kind, problem in _REFUSALS if isinstance(error, kind))
    more: dict[int, Header] = {
        413: (b"connection", b"close"),
        415: (b"accept-encoding", ACCEPTED),
    }
    headers = [more[problem.status]] if problem.status in more else []
    return _failure(problem, str(error), *headers)


def _failure(problem: Problem, message: str = "", *headers: Header, **more: Any) -> Answer:
    return Answer(problem.status, problem_body(problem, message, **more), headers)


def _query_record(query: bytes) -> Records:
    """The event in the query of a GET."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="replace")
    records = Records([dict(pairs)])
    records.single = True
    return records


def _event_id(headers: Sequence[Header]) -> str:
    """The id that the client gave; BadIdError where it cannot be kept."""
    for name, value in headers:
        if name in _ID_HEADERS:
            return checked(name.decode(), value.decode("latin-1"))
    return ""


def _is_single(records: Given) -> bool:
    return bool(getattr(records, "single", False))
