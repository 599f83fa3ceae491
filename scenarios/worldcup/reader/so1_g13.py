"""The read API of MarvEdCV/so1_proyecto_g13: the stored events, and whether Redis answers.

The original answers with the whole collection; here it is the newest LINES.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.reader.endpoint import Endpoint
from services.reader.repository import Repository

LINES = 500


def endpoints(repository: Repository) -> list[Endpoint]:
    """The routes."""
    routes = _Routes(repository)
    return [
        Endpoint(
            "GET", "/get-all-mongo", f"The newest {LINES} events.", routes.events, {"type": "array"}
        ),
        Endpoint(
            "GET",
            "/get-all-redis",
            "Whether Redis answers.",
            routes.ping,
            {"const": "PONG"},
            polled=False,
        ),
    ]


class _Routes:
    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def events(self, request: Request) -> Response:
        return JSONResponse(await self._repository.newest(LINES))

    async def ping(self, request: Request) -> Response:
        await self._repository.ping()
        return JSONResponse("PONG")
