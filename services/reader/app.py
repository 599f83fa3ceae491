"""The routes of the reader, and how it answers what cannot be answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from scenarios.scenario import Scenario
from services.reader.declared import endpoints_of
from services.reader.endpoint import (
    Endpoint,
    Handler,
    list_of,
    object_of,
)
from services.reader.errors import RequestError
from services.reader.logs import MOST, wanted_lines
from services.reader.pages.routes import Pages, wanted
from services.reader.purging import WAYS, Purging, elsewhere
from services.reader.repository import Repository
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

_encode = msgspec.json.Encoder().encode
OUTPUT = "/output"
"""Prefix under which every route is found too: the one that ingresses send to the reader."""


class Answers:
    """One method per route."""

    def __init__(self, repository: Repository, watcher: Watcher) -> None:
        self._repository = repository
        self._watcher = watcher
        self.pages = Pages(repository, watcher)

    async def live(self, request: Request) -> Response:
        """GET /live"""
        return JSONResponse(await self._repository.live(request.query_params))

    async def views(self, request: Request) -> Response:
        """GET /views"""
        scenario = self._repository.scenario
        found = [
            {"name": each.name, "title": each.title, "path": f"/views/{each.name}"}
            for each in scenario.views
        ]
        return JSONResponse({"scenario": scenario.name, "views": found})

    async def view(self, request: Request) -> Response:
        """GET /views/{name}"""
        scenario, name = self._repository.scenario, request.path_params["name"]
        try:
            named = scenario.named_view(name)
        except KeyError:
            known = ", ".join(each.name for each in scenario.views)
            raise RequestError(
                problems.NOT_FOUND, f"no view is called {name!r}", f"use one of: {known}"
            ) from None
        return JSONResponse(await self._repository.view(named, request.query_params))

    async def stream(self, request: Request) -> Response:
        """GET /live/stream"""
        # a choice that is not offered is refused before the stream begins
        await self._repository.live(request.query_params)
        self._watcher.enter()
        return LiveStream(self._watcher, request, self._live)

    async def _live(self, query: Mapping[str, str]) -> bytes:
        return _encode(await self._repository.live(query))

    async def logs(self, request: Request) -> Response:
        """GET /logs"""
        last = wanted_lines(request.query_params.get("last"))
        return JSONResponse(await self._repository.entries(last))

    async def total(self, request: Request) -> Response:
        """GET /total"""
        name = self._repository.scenario.name
        return JSONResponse({"scenario": name, "total": await self._repository.total()})

    async def books(self, request: Request) -> Response:
        """GET /books"""
        return JSONResponse((await self._repository.books()).to_json())

    def endpoints(self) -> list[Endpoint]:
        """All routes. Raises ScenarioError where a preset does not fit the scenario."""
        return [*self._reading(), *endpoints_of(self._repository)]

    def _reading(self) -> list[Endpoint]:
        choice = {"<selector>": "the key of a choice, for a view with selections"}
        entries = list_of("data", "createdat", "id", "origin", offset="integer", event="object")
        last = {"last": f"how many, 1 to {MOST}"}
        total = object_of(scenario="string", total="integer")
        return [
            Endpoint("GET", "/live", "The tallies.", self.live, query=choice, page=self.pages.live),
            Endpoint("GET", "/views", "The views of the scenario.", self.views),
            Endpoint(
                "GET",
                "/views/{name}",
                "What a view shows.",
                self.view,
                query={"name": "name of a view", **choice},
            ),
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
                "GET",
                "/logs",
                "The newest stored events, newest first.",
                self.logs,
                entries,
                last,
                page=self.pages.logs,
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
        streams = whole = False

        async def noting(message: Message) -> None:
            nonlocal status, streams, whole
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = any(value.startswith(KIND.encode()) for _, value in message["headers"])
                if streams:
                    self._traffic.end(started, status)
            await send(message)
            whole = message["type"] == "http.response.body" and not message.get("more_body")

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            # Starlette hands on what it has answered with 500; the server would end the connection,
            # on which the client's next request may be on its way
            if not whole:
                raise
            logline.error("a request failed", trace=error)
        finally:
            if not streams:
                self._traffic.end(started, status)


def document(scenario: Scenario, endpoints: list[Endpoint]) -> Json:
    """The OpenAPI document of this service."""
    shown = [endpoint.operation() for endpoint in endpoints if not endpoint.writes]
    return openapi("reader", scenario, shown)


def application(repository: Repository, watcher: Watcher) -> Starlette:
    """What everybody may read, with every error as JSON; purges are named and refused.

    Raises ScenarioError for a preset that does not fit.
    """
    answers = Answers(repository, watcher)
    endpoints = answers.endpoints()
    open_ones = [each for each in endpoints if not each.writes]
    listed = _listed(open_ones)
    described = encoded(document(repository.scenario, endpoints))

    async def documented(request: Request) -> Response:
        return Response(described, media_type="application/json")

    async def listing(request: Request) -> Response:
        """GET /output: what is there, so that a prefix alone leads somewhere."""
        return JSONResponse({"scenario": repository.scenario.name, "routes": listed})

    closed = [*WAYS, *((each.method, each.path) for each in endpoints if each.writes)]
    routes = [
        *(
            Route(each.path, _handler(repository, each), methods=[each.method])
            for each in open_ones
        ),
        *answers.pages.routes(),
        *(Route(path, elsewhere, methods=[method]) for method, path in closed),
        Route(DOCUMENT, documented, methods=["GET"]),
    ]
    return Starlette(
        routes=[
            *routes,
            Route(OUTPUT, listing),
            Mount(OUTPUT, routes=[Route("/", listing), *routes]),
        ],
        exception_handlers=failures(listed),
    )


def inner_application(
    repository: Repository, watcher: Watcher, token: str, get_writes: bool = False
) -> Starlette:
    """What the admin port takes for the token: purges. `get_writes`: also by GET, as presets do.

    With a token it has the pages too, that of the log with a form that purges.
    """
    compatible = [each for each in endpoints_of(repository) if each.writes]
    found = Purging(repository, token).routes(compatible, get_writes)
    pages = Pages(repository, watcher, purge=True)
    shown = [Route("/live", pages.live), Route("/logs", pages.logs), *pages.routes()]
    closed = [Route(path, call, methods=[method]) for (method, path), call in found.items()]
    return Starlette(
        routes=[*closed, *(shown if token else [])],
        exception_handlers=failures({f"{method} {path}": "" for method, path in found}),
    )


def _listed(endpoints: list[Endpoint]) -> dict[str, str]:
    return {f"{each.method} {each.path}": each.summary for each in endpoints}


def _handler(repository: Repository, endpoint: Endpoint) -> Handler:
    page, for_programs = endpoint.page, _for_programs(repository, endpoint)
    if page is None:
        return for_programs

    async def either(request: Request) -> Response:
        if wanted(request):
            return await page(request)
        answer = await for_programs(request)
        answer.headers["vary"] = "accept"
        return answer

    return either


def _for_programs(repository: Repository, endpoint: Endpoint) -> Handler:
    if not endpoint.polled:
        return endpoint.handler

    async def unless_known(request: Request) -> Response:
        """304 where nothing changed since the answer whose tag the client has."""
        # asked before the answer is made: a change in between is seen at the next poll
        tag = f'W/"{repository.scenario.name}-{await repository.version()}"'
        headers = {"etag": tag, "cache-control": "no-cache"}
        known = request.headers.get("if-none-match", "")
        if known and (known.strip() == "*" or tag in (each.strip() for each in known.split(","))):
            return Response(status_code=304, headers=headers)
        answer = await endpoint.handler(request)
        answer.headers.update(headers)
        return answer

    return unless_known


def failures(routes: Mapping[str, str]) -> dict[Any, Any]:
    """How an application with these routes answers each error, as Starlette wants it."""

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
