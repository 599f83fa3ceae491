"""The routes of the reader."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka.errors import KafkaError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scenarios.scenario import Scenario
from services.reader.errors import RequestError
from services.reader.live import live
from services.reader.logs import newest, wanted_lines
from services.shared import logline
from services.shared.golden import Traffic
from services.shared.web import Message, Receive, Send
from wire.bookkeeping import Auditor
from wire.documents import Documents, DocumentsError
from wire.purging import purge

ROUTES = {
    "GET /live": "tallies; a view with selections takes them as query parameters",
    "GET /logs?last=20": "the newest stored events",
    "GET /total": "how many events are stored",
    "GET /books": "acknowledged, in Kafka, counted, stored, lost, doubled",
    "POST /purge": 'removes the stored events; body {"confirm": name of the scenario}',
    "DELETE /logs": "the same",
}

_MOST_BODY = 1_000


class Answers:
    """Asks the stores; one method per route."""

    def __init__(
        self, scenario: Scenario, redis: Redis, documents: Documents, auditor: Auditor
    ) -> None:
        self._scenario = scenario
        self._redis = redis
        self._documents = documents
        self._auditor = auditor

    async def live(self, request: Request) -> Response:
        """GET /live"""
        found = await live(self._scenario, self._redis, request.query_params)
        return JSONResponse(found)

    async def logs(self, request: Request) -> Response:
        """GET /logs"""
        last = wanted_lines(request.query_params.get("last"))
        return JSONResponse(await newest(self._scenario, self._redis, self._documents, last))

    async def total(self, request: Request) -> Response:
        """GET /total"""
        found = await self._auditor.found()
        return JSONResponse({"scenario": self._scenario.name, "total": found})

    async def books(self, request: Request) -> Response:
        """GET /books"""
        return JSONResponse((await self._auditor.audit()).to_json())

    async def purge(self, request: Request) -> Response:
        """POST /purge and DELETE /logs"""
        await self._confirmed(request)
        removed = await purge(self._scenario.name, self._redis, self._documents)
        logline.info("logs purged", documents=removed)
        return JSONResponse({"scenario": self._scenario.name, "purged": removed})

    async def _confirmed(self, request: Request) -> None:
        name = self._scenario.name
        fix = f'send {{"confirm": "{name}"}} as JSON'
        try:
            body = json.loads(await _body(request))
        except ValueError as error:
            raise RequestError(400, "a purge has to be confirmed", fix) from error
        if not isinstance(body, dict) or body.get("confirm") != name:
            raise RequestError(400, "the confirmation does not name the scenario", fix)


async def _body(request: Request) -> bytes:
    """The body, as far as a confirmation could reach."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BODY:
            break
    return body


class Counted:
    """An application whose every request is counted as inbound traffic."""

    def __init__(self, app: Callable[..., Awaitable[None]], traffic: Traffic) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = self._traffic.begin()
        status = 499

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._traffic.end(started, status)


def application(answers: Answers) -> Starlette:
    """The routes, with every error as JSON."""
    routes = [
        Route("/live", answers.live, methods=["GET"]),
        Route("/logs", answers.logs, methods=["GET"]),
        Route("/logs", answers.purge, methods=["DELETE"]),
        Route("/total", answers.total, methods=["GET"]),
        Route("/books", answers.books, methods=["GET"]),
        Route("/purge", answers.purge, methods=["POST"]),
    ]
    return Starlette(
        routes=routes,
        exception_handlers={
            RequestError: _refused,
            HTTPException: _unknown,
            RedisError: _away,
            DocumentsError: _away,
            KafkaError: _away,
            OSError: _away,
        },
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return _failure(error.status, str(error), error.fix)


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    what = f"{request.method} {request.url.path} is not a route"
    return _failure(
        error.status_code, what, "use one of the routes", {"routes": ROUTES}, error.headers
    )


async def _away(request: Request, error: Exception) -> Response:
    reason = str(error) or type(error).__name__
    return _failure(503, f"a store does not answer: {reason}", "try again when it is back")


def _failure(
    status: int,
    message: str,
    fix: str,
    more: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = {"error": message, "fix": fix, **(more or {})}
    return JSONResponse(body, status_code=status, headers=dict(headers or {}))
