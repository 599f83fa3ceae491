"""The read API of Jodyannre/so1_proyecto_g5 (goApi): logs, total, phases, shares of a match.

An empty list is `[]`, also where the original says null. Whole per cent are rounded half away
from zero, as Go's math.Round does.
"""

from __future__ import annotations

import math

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.reader.endpoint import Endpoint, list_of
from services.reader.repository import Repository

_LINES = 10


def endpoints(repository: Repository) -> list[Endpoint]:
    """The routes."""
    repository.bars_view("so1-g5")
    routes = _Routes(repository)
    return [
        Endpoint("GET", "/getLogsMongo", "The newest 10 events.", routes.logs, {"type": "array"}),
        Endpoint(
            "GET",
            "/getTotalMongo",
            "How many events are stored.",
            routes.total,
            {"type": "object", "properties": {"Total": {"type": "integer"}}},
        ),
        Endpoint("GET", "/getDataFases", "The matches of each phase.", routes.phases),
        Endpoint(
            "GET",
            "/getDataPartidos",
            "Whole per cent of each score, by the text of the score, last first.",
            routes.shares,
            list_of("Partido", Total="integer"),
            {"key": "`<team>:<team>:<phase>`, as /getDataFases lists the match"},
        ),
    ]


class _Routes:
    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def logs(self, request: Request) -> Response:
        return JSONResponse(await self._repository.newest(_LINES))

    async def total(self, request: Request) -> Response:
        return JSONResponse({"Total": await self._repository.total()})

    async def phases(self, request: Request) -> Response:
        offered = await self._repository.offered()
        return JSONResponse({f"Fase{value}": members for value, members in offered.items()})

    async def shares(self, request: Request) -> Response:
        member, _, value = request.query_params.get("key", "").rpartition(":")
        counts = await self._repository.bars(value, member)
        whole = max(1, sum(counts.values()))
        return JSONResponse(
            [
                {"Partido": score, "Total": math.floor(100 * counts[score] / whole + 0.5)}
                for score in sorted(counts, reverse=True)
            ]
        )
