"""The pages /live and /logs, their streams and their files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from scenarios.scenario import NamedView
from services.reader.errors import RequestError
from services.reader.logs import wanted_lines
from services.reader.pages import markup
from services.reader.repository import Repository
from services.reader.stream import LiveStream, Watcher
from wire import problems
from wire.documents import DocumentsError

HERE = Path(__file__).parent
PACE = 1.0
"""Seconds between two changes of a page."""
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "vary": "accept",
    "x-content-type-options": "nosniff",
}
_FILES = {"page.js": "text/javascript", "page.css": "text/css"}
_encode = msgspec.json.Encoder().encode
Answer = Callable[[Any, Request], Awaitable[Response]]
Query = Mapping[str, str]


def wanted(request: Request) -> bool:
    """Whether a page is asked for: browsers name text/html, programs */* or application/json."""
    kinds = request.headers.get("accept", "")
    return "text/html" in kinds and "application/json" not in kinds


def _for_people(answer: Answer) -> Answer:
    """What cannot be answered is a page too."""

    @wraps(answer)
    async def told(self: Any, request: Request) -> Response:
        try:
            return await answer(self, request)
        except RequestError as error:
            page, status = markup.failed(str(error), error.fix), error.problem.status
        except (RedisError, DocumentsError, OSError):
            page = markup.failed("A store does not answer.", "Reload the page in a moment.")
            status = problems.STORE_AWAY.status
        return HTMLResponse(page, status, HEADERS)

    return told


class Pages:
    """The pages of one reader. `purge`: the log's has the form that removes what is stored."""

    def __init__(self, repository: Repository, watcher: Watcher, purge: bool = False) -> None:
        self._repository = repository
        self._watcher = watcher
        self._purge = purge

    def routes(self) -> list[Route]:
        """What the pages ask for themselves; below paths that every ingress sends here."""
        found = [
            Route("/live/page/stream", self.live_stream),
            Route("/logs/stream", self.logs_stream),
        ]
        for name, kind in _FILES.items():
            found.append(Route(f"/live/{name}", _file((HERE / name).read_bytes(), kind)))
        return found

    @_for_people
    async def live(self, request: Request) -> Response:
        """GET /live, as a page"""
        query = dict(request.query_params)
        named = self._named(query)
        try:
            found = await self._found(query, named)
        except RequestError as error:
            if error.problem is not problems.BAD_QUERY or not named.view.choosing:
                raise
            # another phase was chosen, which does not have the match that was shown
            query = {key: query[key] for key in ("view", named.view.choosing[0]) if key in query}
            found = await self._found(query, named)
        views = [(each.name, each.title) for each in self._repository.scenario.views]
        asked = {"view": named.name, **found.get("selected", {})}
        chosen = {key: value for key, value in asked.items() if value is not None}
        shown = await self._shown(found, named)
        return HTMLResponse(markup.live(found, views, shown, urlencode(chosen)), 200, HEADERS)

    @_for_people
    async def logs(self, request: Request) -> Response:
        """GET /logs, as a page"""
        last = wanted_lines(request.query_params.get("last"))
        name = self._repository.scenario.name
        shown = await self._logged(last)
        return HTMLResponse(markup.logs(name, last, shown, self._purge), 200, HEADERS)

    async def live_stream(self, request: Request) -> Response:
        """GET /live/page/stream"""
        await self._found(request.query_params, self._named(request.query_params))
        return self._stream(request, self._live_event)

    async def logs_stream(self, request: Request) -> Response:
        """GET /logs/stream"""
        wanted_lines(request.query_params.get("last"))
        return self._stream(request, self._logs_event)

    def _stream(self, request: Request, make: Callable[[Query], Awaitable[bytes]]) -> Response:
        self._watcher.enter()
        return LiveStream(self._watcher, request, make, "page", PACE)

    async def _live_event(self, query: Query) -> bytes:
        named = self._named(query)
        return _encode((await self._shown(await self._found(query, named), named)).to_json())

    async def _logs_event(self, query: Query) -> bytes:
        return _encode((await self._logged(wanted_lines(query.get("last")))).to_json())

    def _named(self, query: Query) -> NamedView:
        scenario = self._repository.scenario
        if "view" not in query:
            return scenario.views[0]
        try:
            return scenario.named_view(query["view"])
        except KeyError:
            known = ", ".join(each.name for each in scenario.views)
            raise RequestError(
                problems.BAD_QUERY, f"no view is called {query['view']!r}", f"use one of: {known}"
            ) from None

    async def _found(self, query: Query, named: NamedView) -> dict[str, Any]:
        asked = {key: value for key, value in query.items() if key != "view"}
        found = await self._repository.view(named, asked)
        only = len(self._repository.scenario.views) == 1
        return found | {"title": self._repository.scenario.title} if only else found

    async def _shown(self, found: Mapping[str, Any], named: NamedView) -> markup.Shown:
        rows = found[named.view.rows]
        total = found.get("total", None)
        if total is None:
            total = await self._repository.total()
        columns = list(dict.fromkeys(name for row in rows for name in row))
        summary = f"{total:,} {found.get('noun', 'events')} in all."
        if found.get("others"):
            summary += f" {len(rows):,} of {found['members']:,} rows are shown."
        return markup.Shown(summary, markup.table(columns, rows, found["title"]))

    async def _logged(self, last: int) -> markup.Shown:
        entries = await self._repository.entries(last)
        columns = ("createdat", "data", "origin", "partition", "offset")
        total = await self._repository.total()
        caption = f"The newest {last}, newest first"
        return markup.Shown(
            f"{total:,} events are stored.", markup.table(columns, entries, caption)
        )


def _file(content: bytes, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def told(request: Request) -> Response:
        headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
        return Response(content, media_type=kind, headers=headers)

    return told
