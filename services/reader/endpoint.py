"""One route of the reader, described well enough to be served and to be documented."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.reader.errors import RequestError
from services.shared.openapi import Operation
from wire import problems

Json = dict[str, Any]
Handler = Callable[[Request], Awaitable[Response]]

MOST_BODY = 1_000
"""Bytes of a request's body that are looked at."""
_EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route, its handler, and what documents it."""

    method: str
    path: str
    """`{name}` stands for any text without a `/`, which is in `request.path_params`."""
    summary: str
    handler: Handler
    schema: Json = field(default_factory=dict)
    """JSON schema of the answer."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Parameter of the query, or of the path -> what it means."""
    body: Json | None = None
    polled: bool = True
    """Whether it says 304 while nothing has changed."""
    writes: bool = False
    """A GET that changes something: only with COMPAT_GET_WRITES."""
    kind: str = "application/json"
    page: Handler | None = None
    """Answers who asks for text/html, which browsers do, instead of `handler`."""

    def operation(self) -> Operation:
        """As the OpenAPI document has it."""
        answers: dict[int, Json] = {200: self.schema or {"type": "object"}}
        if self.polled:
            answers[304] = {}
        possible = [problems.STORE_AWAY]
        if "{" in self.path:
            possible.append(problems.NOT_FOUND)
        if self.query:
            possible.append(problems.BAD_QUERY)
        if self.kind == _EVENTS:
            possible.append(problems.TOO_MANY_STREAMS)
        if self.writes:
            possible.append(problems.GET_WRITES_OFF)
        return Operation(
            self.method,
            self.path,
            self.summary,
            answers,
            possible,
            self.query,
            self.body,
            self.kind,
        )


def list_of(*names: str, **kinds: str) -> Json:
    """The schema of a list of objects; texts, but for the `kinds` that are given."""
    fields = dict.fromkeys(names, "string") | kinds
    return {"type": "array", "items": object_of(**fields)}


def object_of(**kinds: str) -> Json:
    """The schema of an object: name -> JSON type."""
    properties = {name: {"type": kind} for name, kind in kinds.items()}
    return {"type": "object", "required": list(kinds), "properties": properties}


async def small_body(request: Request) -> bytes:
    """The body, as far as anything asked of it could reach."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            break
    return body


async def writes_by_get_are_off(request: Request) -> Response:
    """The answer of a GET that would change something."""
    raise RequestError(
        problems.GET_WRITES_OFF,
        f"GET {request.url.path} would change something",
        "use POST /purge, or set COMPAT_GET_WRITES=1 for the reader",
        {"allow": "POST"},
    )
