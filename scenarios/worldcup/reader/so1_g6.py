"""The read API of AlexIngGuerra/so1_proyecto_g6 (GoWebApi): always 200, the outcome in `Codigo`.

The original answers /obtenerLogs with the whole collection; here it is the newest LINES, and
`Cantidad` still says how many there are.
"""

from __future__ import annotations

import json
from typing import Any

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scenarios.templates import escape, split_member
from services.reader.endpoint import Endpoint, object_of, small_body
from services.reader.repository import Repository
from services.shared import logline

LINES = 500


def endpoints(repository: Repository) -> list[Endpoint]:
    """The routes."""
    repository.bars_view("so1-g6")
    routes = _Routes(repository)
    coded = {"type": "object", "properties": {"Codigo": {"type": "integer"}}}
    wanted = object_of(Pais="string", Fase="integer")
    return [
        Endpoint("POST", "/GetPaises", "All matches.", routes.matches, coded, polled=False),
        Endpoint(
            "POST",
            "/GetPaisFase",
            "The scores of one match in one phase; 201 where there is no data.",
            routes.match,
            coded,
            body=wanted,
            polled=False,
        ),
        Endpoint("GET", "/obtenerLogs", f"The newest {LINES} events.", routes.logs, coded),
        Endpoint(
            "GET",
            "/deleteLogs",
            "Removes the stored events.",
            routes.purge,
            {"const": "Listo"},
            polled=False,
            writes=True,
        ),
    ]


class _Routes:
    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def matches(self, request: Request) -> Response:
        try:
            offered = await self._repository.offered()
        except RedisError:
            return _coded(302, "Hubo un error", Paises={"Paises": None})
        names = sorted({_joined(member) for members in offered.values() for member in members})
        if not names:
            return _coded(301, "No existe llave", Paises={"Paises": None})
        return _coded(200, "Todo correcto", Paises={"Paises": names})

    async def match(self, request: Request) -> Response:
        name, value = _wanted(await small_body(request))
        try:
            members = await self._repository.among(value, _parted(name))
            counts = await self._repository.bars(value, members[0]) if members else {}
        except RedisError:
            return _coded(301, "Error inesperado ha ocurrido", Fase=_NONE)
        if not counts:
            return _coded(201, "No hay datos con esta fase para ese país", Fase=_NONE)
        scores = [
            {"Punteo": score, "Votos": count, "Resultado": ""} for score, count in counts.items()
        ]
        found = {"Pais": f"{name},{value}", "Predics": scores}
        return _coded(200, "Estas soon las predicciones", Fase=found)

    async def logs(self, request: Request) -> Response:
        events = await self._repository.newest(LINES)
        return JSONResponse(
            {
                "Codigo": 200,
                "Mensaje": "",
                "Logs": [{name: str(each) for name, each in event.items()} for event in events],
                "Cantidad": await self._repository.total(),
            }
        )

    async def purge(self, request: Request) -> Response:
        removed = await self._repository.purge()
        logline.info("logs purged by GET", documents=removed)
        return JSONResponse("Listo")


_NONE = {"Pais": "", "Predics": None}


def _coded(code: int, text: str, **more: Any) -> Response:
    return JSONResponse({"Codigo": code, **more, "Resultado": text})


def _joined(member: str) -> str:
    return "-".join(split_member(member))


def _parted(name: str) -> list[str]:
    """The members that are joined to a name: it says not which of its hyphens parts the two."""
    hyphens = [place for place, sign in enumerate(name) if sign == "-"]
    return [f"{escape(name[:place])}:{escape(name[place + 1 :])}" for place in hyphens]


def _wanted(body: bytes) -> tuple[str, str]:
    """Match and phase of a request; empty texts where it names none."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(given, dict):
        return "", ""
    return str(given.get("Pais", "")), str(given.get("Fase", ""))
