"""The routes of the reader, and how it answers what cannot be answered."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka.errors import KafkaError
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from scenarios.scenario import Scenario
from services.reader.endpoint import (
    Endpoint,
    Handler,
    list_of,
    object_of,
    small_body,
    writes_by_get_are_off,
)
from services.reader.errors import RequestError
from services.reader.logs import MOST, wanted_lines
from services.reader.presets import endpoints_of
from services.reader.shelf import Shelf
from services.reader.stream import KIND, LiveStream, Watcher
from services.shared import logline
from services.shared.golden import Traffic
from services.shared.ingest_app import DOCUMENT
from services.shared.openapi import Json, encoded, openapi
from services.shared.problem import RETRY_AFTER
from services.shared.web import Message, Receive, Send
from wire import problems
from wire.documents import DocumentsError
from wire.problems import Problem

OUTPUT = "/output"
"""Prefix under which every route is found too: the one that ingresses send to the reader."""


class Answers:
    """One method per route."""

    def __init__(self, shelf: Shelf, watcher: Watcher) -> None:
        self._shelf = shelf
        self._watcher = watcher

    async def live(self, request: Request) -> Response:
        """GET /live"""
        return JSONResponse(await self._shelf.live(request.query_params))

    async def stream(self, request: Request) -> Response:
        """GET /live/stream"""
        # a choice that is not offered is refused before the stream begins
        await self._shelf.live(request.query_params)
        self._watcher.enter()
        return LiveStream(self._watcher, request)

    async def logs(self, request: Request) -> Response:
        """GET /logs"""
        last = wanted_lines(request.query_params.get("last"))
        return JSONResponse(await self._shelf.entries(last))

    async def total(self, request: Request) -> Response:
        """GET /total"""
        name = self._shelf.scenario.name
        return JSONResponse({"scenario": name, "total": await self._shelf.total()})

    async def books(self, request: Request) -> Response:
        """GET /books"""
        return JSONResponse((await self._shelf.books()).to_json())

    async def purge(self, request: Request) -> Response:
        """POST /purge and DELETE /logs"""
        await self._confirmed(request)
        removed = await self._shelf.purge()
        logline.info("logs purged", documents=removed)
        return JSONResponse({"scenario": self._shelf.scenario.name, "purged": removed})

    async def _confirmed(self, request: Request) -> None:
        name = self._shelf.scenario.name
        fix = f'send {{"confirm": "{name}"}} as JSON'
        try:
            body = json.loads(await small_body(request))
        except (ValueError, RecursionError) as error:
            raise RequestError(
                problems.NOT_CONFIRMED, "a purge has to be confirmed", fix
            ) from error
        if not isinstance(body, dict) or body.get("confirm") != name:
            raise RequestError(
                problems.NOT_CONFIRMED, "the confirmation does not name the scenario", fix
            )

    def endpoints(self) -> list[Endpoint]:
        """All routes. Raises ScenarioError where a preset does not fit the scenario."""
        return [*self._reading(), *self._purging(), *endpoints_of(self._shelf)]

    def _reading(self) -> list[Endpoint]:
        choice = {"<selector>": "the key of a choice, for a view with selections"}
        entries = list_of("data", "createdat", "id", "origin", offset="integer", event="object")
        last = {"last": f"how many, 1 to {MOST}"}
        total = object_of(scenario="string", total="integer")
        return [
            Endpoint("GET", "/live", "The tallies.", self.live, query=choice),
            Endpoint(
                "GET",
                "/live/stream",
                "The tallies at every change, as server-sent events.",
                self.stream,
                {"type": "string"},
                choice,
                polled=False,
                kind=KIND,
            ),
            Endpoint(
                "GET", "/logs", "The newest stored events, newest first.", self.logs, entries, last
            ),
            Endpoint("GET", "/total", "How many events are stored.", self.total, total),
            Endpoint(
                "GET",
                "/books",
                "Acknowledged, in Kafka, counted, stored, lost, doubled.",
                self.books,
                polled=False,
            ),
        ]

    def _purging(self) -> list[Endpoint]:
        return [
            Endpoint(
                method,
                path,
                "Removes the stored events; the body names the scenario.",
                self.purge,
                object_of(scenario="string", purged="integer"),
                body=object_of(confirm="string"),
                polled=False,
            )
            for method, path in (("POST", "/purge"), ("DELETE", "/logs"))
        ]


class Counted:
    """An application whose every request is counted as inbound traffic.

    A live stream counts as answered when it begins.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], traffic: Traffic) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = self._traffic.begin()
        status = 499
        streams = False

        async def noting(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = any(value.startswith(KIND.encode()) for _, value in message["headers"])
                if streams:
                    self._traffic.end(started, status)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            if not streams:
                self._traffic.end(started, status)


def document(scenario: Scenario, endpoints: list[Endpoint]) -> Json:
    """The OpenAPI document of this service."""
    return openapi("reader", scenario, [endpoint.operation() for endpoint in endpoints])


def application(shelf: Shelf, watcher: Watcher, get_writes: bool = False) -> Starlette:
    """The routes, with every error as JSON. Raises ScenarioError for a preset that does not fit."""
    endpoints = Answers(shelf, watcher).endpoints()
    described = encoded(document(shelf.scenario, endpoints))

    async def documented(request: Request) -> Response:
        return Response(described, media_type="application/json")

    routes = [
        *(
            Route(each.path, _handler(shelf, each, get_writes), methods=[each.method])
            for each in endpoints
        ),
        Route(DOCUMENT, documented, methods=["GET"]),
    ]
    return Starlette(
        routes=[*routes, Mount(OUTPUT, routes=routes)],
        exception_handlers=_handlers({f"{e.method} {e.path}": e.summary for e in endpoints}),
    )


def _handler(shelf: Shelf, endpoint: Endpoint, get_writes: bool) -> Handler:
    if endpoint.writes and not get_writes:
        return writes_by_get_are_off
    if not endpoint.polled:
        return endpoint.handler

    async def unless_known(request: Request) -> Response:
        """304 where nothing changed since the answer whose tag the client has."""
        # asked before the answer is made: a change in between is seen at the next poll
        tag = f'W/"{shelf.scenario.name}-{await shelf.version()}"'
        headers = {"etag": tag, "cache-control": "no-cache"}
        known = request.headers.get("if-none-match", "")
        if known and (known.strip() == "*" or tag in (each.strip() for each in known.split(","))):
            return Response(status_code=304, headers=headers)
        answer = await endpoint.handler(request)
        answer.headers.update(headers)
        return answer

    return unless_known


def _handlers(routes: Mapping[str, str]) -> dict[Any, Any]:
    async def unknown(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        what = f"{request.method} {request.url.path} is not a route"
        wrong = error.status_code == 405
        problem = problems.WRONG_METHOD if wrong else problems.UNKNOWN_ROUTE
        fix = "use one of the routes"
        return _failure(problem, what, fix, {"routes": routes}, error.headers)

    away = dict.fromkeys((RedisError, DocumentsError, KafkaError, OSError), _away)
    return {
        RequestError: _refused,
        HTTPException: unknown,
        ClientDisconnect: _failed,
        Exception: _failed,
        **away,
    }


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return _failure(error.problem, str(error), error.fix, headers=error.headers)


async def _away(request: Request, error: Exception) -> Response:
    reason = str(error) or type(error).__name__
    return _failure(
        problems.STORE_AWAY,
        f"a store does not answer: {reason}",
        "try again when it is back",
        headers={"retry-after": RETRY_AFTER},
    )


async def _failed(request: Request, error: Exception) -> Response:
    return _failure(problems.FAILED, problems.FAILED.sentence, "see the log of the reader")


def _failure(
    problem: Problem,
    message: str,
    fix: str,
    more: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = {"error": message, "code": problem.code, "fix": fix, **(more or {})}
    return JSONResponse(body, status_code=problem.status, headers=dict(headers or {}))
