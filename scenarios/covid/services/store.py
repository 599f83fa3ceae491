"""`python -m scenarios.covid.services.store`: values by name, kept in Redis for a time."""

from __future__ import annotations

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from scenarios.loading import load
from services.reader.app import Counted, failures
from services.reader.errors import RequestError
from services.shared import golden
from services.shared.entrance import Entrance
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from services.shared.start import main, start
from services.shared.web import serving
from wire import problems
from wire.stores import redis_client

from .kept import MOST_BYTES, MOST_KEYS, MOST_NAME, Kept
from .words import Worded, port_of

PREFIX = "/redis"
"""Where an ingress finds the same routes."""
ROUTES = {
    "GET /": "a greeting",
    "GET /{key}": "the value of a key, as JSON",
    "POST /store/{key}": "keeps a JSON body, or the query as an object, for a day",
}


class Answers:
    """One method per route. `by_get`: whether GET may write, as existing clients do it."""

    def __init__(self, kept: Kept, by_get: bool) -> None:
        self._kept = kept
        self._by_get = by_get

    async def hello(self, request: Request) -> Response:
        """GET /"""
        return PlainTextResponse("Hello world")

    async def read(self, request: Request) -> Response:
        """GET /{key}"""
        found = await self._kept.read(_name(request))
        if found is None:
            raise RequestError(problems.NOT_FOUND, "nothing is kept by that key", "write it first")
        return Response(found, media_type="application/json")

    async def write(self, request: Request) -> Response:
        """POST /store/{key}, or GET"""
        if request.method == "GET" and not self._by_get:
            raise RequestError(
                problems.GET_WRITES_OFF,
                problems.GET_WRITES_OFF.sentence,
                "use POST, or set COMPAT_GET_WRITES=1 for this service",
                {"allow": "POST"},
            )
        value = await _value(request)
        if not await self._kept.write(_name(request), value):
            raise RequestError(
                problems.TOO_MANY_RECORDS,
                f"{MOST_KEYS} keys are kept already",
                "wait, or reuse one",
            )
        return PlainTextResponse("Success")

    def application(self) -> Starlette:
        """All of them, also behind the prefix."""
        routes = [
            Route("/", self.hello, methods=["GET"]),
            Route("/store/{key}", self.write, methods=["GET", "POST"]),
            Route("/{key}", self.read, methods=["GET"]),
        ]
        return Starlette(
            routes=[Mount(PREFIX, routes=routes), *routes], exception_handlers=failures(ROUTES)
        )


def _name(request: Request) -> str:
    name: str = request.path_params["key"]
    if len(name) > MOST_NAME or not name.isprintable():
        fix = f"use at most {MOST_NAME} printable characters"
        raise RequestError(problems.BAD_QUERY, "the key cannot be kept", fix)
    return name


async def _value(request: Request) -> str:
    """The JSON text that is to be kept: a body, else the query. Raises RequestError."""
    body = b""
    async for part in request.stream():
        body += part
        _must_fit(body)
    if not body:
        body = msgspec.json.encode(dict(request.query_params))
        _must_fit(body)
    try:
        msgspec.json.decode(body)
        return body.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RequestError(
            problems.NO_RECORDS, "the body is not JSON", "send JSON, or a query"
        ) from None


def _must_fit(body: bytes) -> None:
    if len(body) > MOST_BYTES:
        fix = f"send at most {MOST_BYTES} bytes"
        raise RequestError(problems.TOO_LARGE, "the value is too large", fix)


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops; a Redis that is away is answered with 503."""
    name = load(settings.scenario).name
    port = port_of(settings.http_port, "PORT")
    redis = redis_client(settings.redis_url, settings.redis_password, settings.redis_username)
    by_get = settings.compat_get_writes
    answers = Answers(Kept(redis, name), by_get).application()
    app = Counted(
        Entrance(Worded(answers), settings.guests, writes_by_get=by_get),
        golden.inbound(f"{settings.pod_ip}:{port}"),
    )
    try:
        async with serving(app, settings.pod_ip, port, "HTTP_PORT", settings.limits):
            lifecycle.service.open()
            await lifecycle.stopping.wait()
    finally:
        await redis.aclose()


if __name__ == "__main__":
    main(start("redis-api", ("redis_url", "admin_port"), serve))
