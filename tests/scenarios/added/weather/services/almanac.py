"""`python -m scenarios.weather.services.almanac`: the newest stored reports of one station."""

from __future__ import annotations

import os

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scenarios.loading import load
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from services.shared.start import main, start
from services.shared.web import serving
from wire import keys
from wire.committed import read_committed
from wire.documents import Documents
from wire.stores import redis_client

from ..words import spoken

LINES = 100


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serves until the lifecycle stops."""
    name = load(settings.scenario).name
    redis = redis_client(settings.redis_url, settings.redis_password, settings.redis_username)
    documents = Documents(settings.mongo_url, settings.mongo_username, settings.mongo_password)
    reader = httpx.AsyncClient(base_url=os.environ["READER_URL"])

    async def station(request: Request) -> Response:
        wanted = request.path_params["station"]
        ranges = (await read_committed(redis, name)).ranges()
        stored = await documents.newest(keys.logs_collection(name), ranges, LINES)
        events = [one["event"] for one in stored]
        found = [one["degrees"] for one in events if one["station"] == wanted]
        total = (await reader.get("/total")).json()["total"]
        return JSONResponse({"title": spoken(wanted), "degrees": found, "of": total})

    app = Starlette(routes=[Route("/almanac/{station}", station)])
    async with serving(app, settings.pod_ip, settings.http_port, "HTTP_PORT", settings.limits):
        lifecycle.service.open()
        await lifecycle.stopping.wait()
    await reader.aclose()
    await redis.aclose()
    await documents.close()


if __name__ == "__main__":
    main(start("almanac", ("redis_url", "mongo_url", "http_port"), serve))
