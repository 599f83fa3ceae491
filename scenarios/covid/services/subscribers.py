"""`python -m scenarios.covid.services.subscribers`: the stored events by HTTP, as subscribers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scenarios.events import EventCodec
from scenarios.fields import FieldReader, RefusedValue
from scenarios.loading import load
from scenarios.scenario import HttpRoutes, Scenario
from services.queues.port import Publisher
from services.queues.registry import publishing, side
from services.reader.app import Counted, failures
from services.reader.endpoint import small_body
from services.reader.errors import RequestError
from services.shared import golden
from services.shared.acknowledged import AcknowledgedCounter, keeping
from services.shared.beside import run_beside
from services.shared.entrance import Entrance
from services.shared.ingest_app import IngestApp
from services.shared.intake import Accept, Intake
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from services.shared.start import main, start
from services.shared.web import App, Message, Receive, Send, serving
from wire import problems
from wire.documents import Documents
from wire.stores import redis_client

from .documents import MOST_LISTED, Subscribers
from .taking import Taking
from .words import ORIGEN, ORIGINS, Worded, port_of

PREFIX = "/subscribers"
PATHS = HttpRoutes((PREFIX, f"{PREFIX}/"), {"message": "Created Subscriber"})
CHANGEABLE = ("name", "location")
ROUTES = {
    f"GET {PREFIX}/": "the documents, in pages: ?limit=&after=",
    f"GET {PREFIX}/origen/": "those of one origin: ?origen=, or a body with `origen`",
    f"GET {PREFIX}/totalorigen/": "how many of each origin",
    f"GET {PREFIX}/{{id}}": "one document",
    f"POST {PREFIX}/": "stores one document, or a list",
    f"PATCH {PREFIX}/{{id}}": "changes name or location",
    f"DELETE {PREFIX}/{{id}}": "takes a document back",
}


class Answers:
    """One method per route that does not store."""

    def __init__(self, scenario: Scenario, subscribers: Subscribers) -> None:
        self._subscribers = subscribers
        self._readers = [FieldReader(scenario.field(name)) for name in CHANGEABLE]

    async def listed(self, request: Request) -> Response:
        """GET /subscribers/"""
        return await self._page(request)

    async def of_origin(self, request: Request) -> Response:
        """GET /subscribers/origen/"""
        origin = request.query_params.get(ORIGEN)
        if origin is None:
            origin = (await _object(request)).get(ORIGEN)
        if origin not in ORIGINS:
            raise RequestError(
                problems.BAD_QUERY, f"{ORIGEN} is {origin!r}", f"use one of {', '.join(ORIGINS)}"
            )
        return await self._page(request, origin)

    async def _page(self, request: Request, origin: str = "") -> Response:
        after, limit = _wanted_page(request.query_params)
        try:
            page = await self._subscribers.page(after, limit, origin)
        except KeyError:
            fix = "give the _id of a document, or leave it out"
            raise RequestError(problems.BAD_QUERY, f"after is {after!r}", fix) from None
        headers = {}
        if page.after:
            more = {"limit": limit, "after": page.after} | ({ORIGEN: origin} if origin else {})
            headers["link"] = f'<{request.url.replace_query_params(**more)}>; rel="next"'
        return JSONResponse(page.subscribers, headers=headers)

    async def totals(self, request: Request) -> Response:
        """GET /subscribers/totalorigen/"""
        totals = await self._subscribers.totals()
        return JSONResponse([{ORIGEN: name, "total": n} for name, n in sorted(totals.items())])

    async def one(self, request: Request) -> Response:
        """GET /subscribers/{id}"""
        return JSONResponse(_there(await self._subscribers.one(request.path_params["id"])))

    async def change(self, request: Request) -> Response:
        """PATCH /subscribers/{id}"""
        event_id = request.path_params["id"]
        # who asks for what is not there learns that first
        _there(await self._subscribers.one(event_id))
        fields = self._changes(await _object(request))
        return JSONResponse(_there(await self._subscribers.change(event_id, fields)))

    def _changes(self, given: Mapping[str, Any]) -> dict[str, str]:
        """The fields that are given; an absent one is left as it is. Raises RequestError."""
        changes: dict[str, str] = {}
        for reader in self._readers:
            if given.get(reader.name) is None:
                continue
            value = reader.read(given[reader.name])
            if isinstance(value, RefusedValue):
                raise RequestError(problems.INVALID, f"{reader.name} {value.message}", "mend it")
            changes[reader.name] = str(value)
        if not changes:
            names = " or ".join(CHANGEABLE)
            raise RequestError(problems.INVALID, "nothing to change", f"give {names}")
        return changes

    async def take_back(self, request: Request) -> Response:
        """DELETE /subscribers/{id}"""
        if not await self._subscribers.take_back(request.path_params["id"]):
            _there(None)
        return JSONResponse({"message": "Deleted Subscriber"})

    def application(self) -> Starlette:
        """All of them, with and without a final slash."""
        one = f"{PREFIX}/{{id}}"
        wanted = [
            (PREFIX, "GET", self.listed),
            (f"{PREFIX}/origen", "GET", self.of_origin),
            (f"{PREFIX}/totalorigen", "GET", self.totals),
            (one, "GET", self.one),
            (one, "PATCH", self.change),
            (one, "DELETE", self.take_back),
        ]
        routes = [
            Route(f"{path}{slash}", handler, methods=[method])
            for path, method, handler in wanted
            for slash in ("", "/")
        ]
        return Starlette(routes=routes, exception_handlers=failures(ROUTES))


def _there(found: dict[str, Any] | None) -> dict[str, Any]:
    if found is None:
        raise RequestError(problems.NOT_FOUND, "Cannot find subscriber", "see GET /subscribers/")
    return found


def _wanted_page(query: Mapping[str, str]) -> tuple[str, int]:
    limit = query.get("limit", str(MOST_LISTED))
    if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:9]) <= MOST_LISTED):
        raise RequestError(
            problems.BAD_QUERY, f"limit is {limit!r}", f"set limit to 1 to {MOST_LISTED}"
        )
    return query.get("after", ""), int(limit)


async def _object(request: Request) -> dict[str, Any]:
    """The small object in a body; empty where there is no body. Raises RequestError."""
    body = await small_body(request)
    try:
        found = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if not isinstance(found, dict):
        raise RequestError(problems.NO_RECORDS, "the body is no object", "send a JSON object")
    return found


def split(storing: App, answering: App) -> App:
    """POST to the door of events, and everything else to the other application."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        takes = scope["method"] == "POST" and scope["path"] in PATHS.paths
        await (storing if takes else answering)(scope, receive, send)

    return app


def _intakes(
    codec: EventCodec, publisher: Publisher, acknowledged: AcknowledgedCounter, settings: Settings
) -> Taking:
    def intake_of(origin: str) -> Accept:
        return Intake(codec, publisher, acknowledged, origin, settings.dedup).accept

    return Taking(codec, intake_of)


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops; a store that is away is answered with 503."""
    scenario = load(settings.scenario)
    port = port_of(settings.http_port, "PORT")
    redis = redis_client(settings.redis_url, settings.redis_password, settings.redis_username)
    documents = Documents(settings.mongo_url, settings.mongo_username, settings.mongo_password)
    subscribers = Subscribers(scenario, redis, documents)
    traffic = golden.inbound(f"{settings.pod_ip}:{port}")
    preparing = run_beside(subscribers.prepare, "indexes")
    try:
        async with (
            keeping(settings, scenario.name, side(settings, scenario)) as acknowledged,
            publishing(settings, scenario, lifecycle) as publisher,
        ):
            taking = _intakes(EventCodec(scenario), publisher, acknowledged, settings)
            storing = IngestApp(PATHS, taking.accept, traffic, settings.limits)
            answering = Counted(Answers(scenario, subscribers).application(), traffic)
            app = Entrance(Worded(split(storing, answering)), settings.guests)
            async with serving(app, settings.pod_ip, port, "HTTP_PORT", settings.limits):
                lifecycle.service.open()
                await lifecycle.stopping.wait()
    finally:
        preparing.cancel()
        await redis.aclose()
        await documents.close()


if __name__ == "__main__":
    needs = ("redis_url", "mongo_url", "ledger_dir", "admin_port")
    main(start("subscribers", needs, serve))
