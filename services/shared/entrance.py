"""Whom an HTTP door answers: no page of a stranger's web site, and other origins only when named.

A browser sends whatever a page asks for, also to this machine; it says so by Origin, and where a
name was bent to this address (DNS rebinding) by Host. Programs send no Origin and go on working.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.shared.guests import Guests, name_of
from services.shared.problem import problem_body
from services.shared.web import App, Headers, Message, Receive, Send, answer
from wire import problems
from wire.problems import Problem

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SIMPLE = frozenset({"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})
"""What a page may send without asking first; programs send it too, such as `curl -d`."""
_PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"content-type, idempotency-key, x-event-id"),
    (b"access-control-max-age", b"600"),
)
_EXPOSED = (b"access-control-expose-headers", b"etag, retry-after")
_VARY = (b"vary", b"origin")


class Entrance:
    """An application behind a door. `writes_by_get`: a GET changes something here."""

    def __init__(self, app: App, guests: Guests, *, writes_by_get: bool = False) -> None:
        self._app = app
        self._guests = guests
        self._safe = _SAFE - {"GET"} if writes_by_get else _SAFE

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Hands the request on, or refuses it with a sentence that says how to fix it."""
        found = _told(scope["headers"])
        origin = found.get(b"origin")
        if origin is not None and self._guests.welcomes(origin):
            await self._welcome(scope, receive, send, origin)
            return
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in found:
            await _refuse(send, problems.FOREIGN_ORIGIN, _origin_fix(origin or ""))
            return
        if scope["method"] not in self._safe:
            refused = self._refused(found)
            if refused is not None:
                await _refuse(send, *refused)
                return
        await self._app(scope, receive, send)

    async def _welcome(self, scope: Message, receive: Receive, send: Send, origin: str) -> None:
        named = (b"access-control-allow-origin", origin.encode("latin-1"))
        if scope["method"] == "OPTIONS":
            await answer(send, 200, b"", headers=(named, _VARY, *_PREFLIGHT))
            return

        async def named_too(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], named, _EXPOSED, _VARY]
            await send(message)

        await self._app(scope, receive, named_too)

    def _refused(self, found: Mapping[bytes, str]) -> tuple[Problem, str] | None:
        host, origin = found.get(b"host", ""), found.get(b"origin")
        if host and not self._guests.knows(host):
            return problems.FOREIGN_HOST, (
                f"{name_of(host)!r} is no name of this service; "
                "use its address, or add the name to ALLOWED_HOSTS"
            )
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return problems.FOREIGN_ORIGIN, _origin_fix(origin)
        if origin is None and found.get(b"sec-fetch-site") in ("cross-site", "same-site"):
            return problems.FOREIGN_ORIGIN, _origin_fix("another site")
        kind = found.get(b"content-type", "").partition(";")[0].strip().lower()
        if kind in _SIMPLE and (origin is not None or b"sec-fetch-site" in found):
            return problems.WRONG_TYPE, f"a page sends application/json here, not {kind}"
        return None


async def _refuse(send: Send, problem: Problem, message: str) -> None:
    close: Headers = ((b"connection", b"close"),)
    await answer(send, problem.status, problem_body(problem, message), headers=close)


def _origin_fix(origin: str) -> str:
    return f"pages of {origin!r} may not use this; add the origin to ALLOWED_ORIGINS if they may"


_ASKED = frozenset(
    {b"host", b"origin", b"content-type", b"sec-fetch-site", b"access-control-request-method"}
)


def _told(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in headers if name in _ASKED}
