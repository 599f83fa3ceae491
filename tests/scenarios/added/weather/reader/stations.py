"""Routes of the reader: what is known of one station."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.reader.endpoint import Endpoint, object_of
from services.reader.errors import RequestError
from services.reader.repository import Repository
from wire import problems


def endpoints(repository: Repository) -> list[Endpoint]:
    """The routes."""

    async def station(request: Request) -> Response:
        name = request.path_params["name"]
        (reports,) = await repository.counts("reports", [name])
        (warmest,) = await repository.counts("warmest", [name])
        if not reports:
            raise RequestError(
                problems.NOT_FOUND, f"no station is called {name}", "see /live for those there are"
            )
        return JSONResponse({"station": name, "reports": reports, "warmest": warmest})

    return [
        Endpoint(
            "GET",
            "/stations/{name}",
            "What one station reported.",
            station,
            object_of(station="string", reports="integer", warmest="integer"),
            {"name": "as its events have it"},
        )
    ]
