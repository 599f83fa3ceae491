"""The read routes of public implementations of the vaccination system.

The originals answer with whole collections; here it is the newest LINES, or the highest members.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scenarios.templates import split_member
from services.reader.endpoint import Endpoint, list_of, object_of
from services.reader.repository import Repository

LINES = MOST = 500
"""Events, and members, of one answer."""
NEWEST = 5


def endpoints(repository: Repository) -> list[Endpoint]:
    """The routes."""
    routes = _Routes(repository)
    person = list_of("name", "location", "gender", "infectedtype", "state", age="integer")
    places = list_of("location", total="integer")
    return [
        Endpoint("GET", "/obtenerUsuarios", f"The newest {LINES} events.", routes.people, person),
        Endpoint("GET", "/api/data", f"The newest {LINES} events.", routes.people, person),
        Endpoint("GET", "/top5/pacientes", f"The newest {NEWEST} events.", routes.five, person),
        Endpoint(
            "GET", "/api/countries", f"Events of the first {MOST} places.", routes.places, places
        ),
        Endpoint(
            "POST",
            "/genders",
            f"Events by place and gender, the first {MOST}.",
            routes.genders,
            {
                "type": "array",
                "items": object_of(location="string", gender="string", total="integer"),
            },
            polled=False,
        ),
    ]


class _Routes:
    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def people(self, request: Request) -> Response:
        return JSONResponse(await self._newest(LINES))

    async def five(self, request: Request) -> Response:
        return JSONResponse((await self._newest(LINES))[:NEWEST])

    async def places(self, request: Request) -> Response:
        return JSONResponse(await self._highest("people", "location"))

    async def genders(self, request: Request) -> Response:
        return JSONResponse(await self._highest("genders", "location", "gender"))

    async def _newest(self, most: int) -> list[dict[str, Any]]:
        """The newest events but for those that were taken back."""
        found = await self._repository.entries(most)
        hidden = await self._repository.removed([one["id"] for one in found])
        return [one["event"] for one in found if one["id"] not in hidden]

    async def _highest(self, tally: str, *names: str) -> list[dict[str, Any]]:
        found = await self._repository.highest(tally, MOST)
        return [
            dict(zip(names, split_member(member), strict=True)) | {"total": count}
            for member, count in found.items()
        ]
