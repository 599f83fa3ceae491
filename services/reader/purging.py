"""Purging over HTTP: on the admin port, which no ingress reaches, and for the token only."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.reader.endpoint import Endpoint, Handler, small_body, writes_by_get_are_off
from services.reader.errors import RequestError
from services.reader.repository import Repository
from services.shared import logline
from wire import problems

WAYS = (("POST", "/purge"), ("DELETE", "/logs"))
_JSON = "application/json"


async def elsewhere(request: Request) -> Response:
    """The answer of the port that ingresses reach."""
    raise RequestError(
        problems.PURGE_INSIDE,
        "a purge is not taken at this door",
        "use controlroom logs --purge, or POST /purge at the reader's admin port with its token",
    )


class Purging:
    """The handlers behind the token; every one of them checks it first."""

    def __init__(self, repository: Repository, token: str) -> None:
        self._repository = repository
        self._token = token

    def routes(self, compatible: Iterable[Endpoint], get: bool) -> dict[tuple[str, str], Handler]:
        """Method and path -> handler. `compatible` purge by GET, where `get` allows that."""
        found: dict[tuple[str, str], Handler] = dict.fromkeys(WAYS, self._behind(self._purge))
        for each in compatible:
            handler = self._behind(each.handler) if get else writes_by_get_are_off
            found[each.method, each.path] = handler
        return found

    def _behind(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            self._check(request.headers.get("authorization", ""))
            return await handler(request)

        return checked

    def _check(self, given: str) -> None:
        if not self._token:
            raise RequestError(
                problems.PURGE_INSIDE,
                "no token for purges is set",
                "set PURGE_TOKEN in the Secret purge, or use controlroom logs --purge",
            )
        kind, _, token = given.partition(" ")
        right = hmac.compare_digest(token.strip().encode(), self._token.encode())
        if kind.lower() != "bearer" or not right:
            raise RequestError(
                problems.WRONG_TOKEN,
                problems.WRONG_TOKEN.sentence,
                "send Authorization: Bearer TOKEN, with the PURGE_TOKEN of the reader",
                {"www-authenticate": "Bearer"},
            )

    async def _purge(self, request: Request) -> Response:
        await self._confirmed(request)
        removed = await self._repository.purge()
        logline.info("logs purged", documents=removed)
        return JSONResponse({"scenario": self._repository.scenario.name, "purged": removed})

    async def _confirmed(self, request: Request) -> None:
        name = self._repository.scenario.name
        fix = f'send {{"confirm": "{name}"}} as JSON'
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _JSON:
            raise RequestError(problems.WRONG_TYPE, f"a purge is sent as {_JSON}", fix)
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
