"""Requests to one API server over one pool of connections."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from controlroom.targets.abilities import TargetError, Unreachable
from controlroom.targets.kubernetes import plugins
from controlroom.targets.kubernetes.errors import ApiError, refusal, stranger
from controlroom.targets.kubernetes.kubeconfig import Access, access

if TYPE_CHECKING:
    import aiohttp

Params = Mapping[str, str]

PATIENCE = 10.0
"""Seconds that one request may take, watches and logs that are followed aside."""
INSIST_PAUSE = 0.5
BUSY_TRIES = 4
BUSY_PAUSE = 1.0
"""Seconds to wait where a busy server names no time of its own."""
SILENCE = 120.0
"""Seconds without a byte after which a watch is opened again; bookmarks come every minute."""
_KEEP_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 25_000}
"""A peer that is gone without a word is noticed within half a minute."""
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
"""Entries of lists are found by their names."""
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"


class Api:
    """Speaks to the API server of one context; connects at first use.

    Every request raises Unreachable where nothing answers, Denied where a right is missing,
    ApiError for any other refusal. Credentials that ran out are read again, once a request.

    A server that has answered before and is away is asked again for `insist` seconds, where
    asking twice changes nothing.
    """

    def __init__(self, context: str, insist: float = 0.0) -> None:
        self.context = context
        self._insist = insist
        self._answered = False
        self._access: Access | None = None
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()

    async def access(self) -> Access:
        """Who is asked, and as whom."""
        async with self._opening:
            if self._access is None:
                for module in ("aiohttp", "kubernetes.aio.config"):
                    await asyncio.to_thread(importlib.import_module, module)
                self._access = await access(self.context)
                self._session = _session()
            return self._access

    async def get(self, path: str, **params: str) -> Any:
        """The object, or the list, of a path."""
        return await self._decoded("GET", path, params)

    async def create(self, path: str, body: Any, **params: str) -> Any:
        """The object as it was made."""
        return await self._decoded("POST", path, params, body)

    async def patch(self, path: str, body: Any, kind: str = MERGE, **params: str) -> Any:
        """The object as it is after the patch."""
        return await self._decoded("PATCH", path, params, body, kind)

    async def delete(self, path: str, body: Any = None, **params: str) -> Any:
        """What the server says of it."""
        return await self._decoded("DELETE", path, params, body)

    async def text(self, path: str, **params: str) -> str:
        """The answer as text, such as a log."""
        return (await self._bytes("GET", path, params)).decode(errors="replace")

    async def exists(self, path: str) -> bool:
        """Whether the server knows that path."""
        try:
            await self._bytes("GET", path, {})
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def lines(
        self, path: str, params: Params, opened: Callable[[], None] = lambda: None
    ) -> AsyncIterator[bytes]:
        """Lines of an answer that goes on, such as a watch; ends when the server ends it.

        `opened` is called when the server has agreed, which is before the first line.
        """
        async with self._answer("GET", path, params, timeout=None) as answer:
            opened()
            rest = b""
            async for chunk in answer.content.iter_any():
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    yield line
            if rest:
                yield rest

    @asynccontextmanager
    async def websocket(
        self, path: str, params: Params | list[tuple[str, str]], protocol: str
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A stream to a pod: a forwarded port or a command."""
        import aiohttp

        for again in (True, False):
            here = await self.access()
            assert self._session is not None
            opening = self._session.ws_connect(
                here.server + path,
                params=params,
                protocols=(protocol,),
                headers=here.headers,
                ssl=here.tls,
                proxy=here.proxy,
                max_msg_size=0,
                autoping=True,
            )
            try:
                stream = await opening
            except aiohttp.WSServerHandshakeError as error:
                if error.status == 401 and again:
                    await self._renew(here)
                    continue
                raise refusal(error.status, error.message.encode(), "GET", path) from error
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise self._away(error) from error
            try:
                yield stream
            finally:
                await stream.close()
            return

    async def close(self) -> None:
        """Ends all connections; the next request opens new ones."""
        session, self._session, self._access = self._session, None, None
        if session is not None:
            await session.close()

    async def _decoded(
        self, method: str, path: str, params: Params, body: Any = None, kind: str = ""
    ) -> Any:
        said = await self._bytes(method, path, params, body, kind)
        try:
            found = msgspec.json.decode(said)
        except msgspec.DecodeError:
            found = None
        if not isinstance(found, dict):
            raise stranger((await self.access()).server, "something that is no object in JSON")
        return found

    async def _bytes(
        self, method: str, path: str, params: Params, body: Any = None, kind: str = ""
    ) -> bytes:
        until = time.monotonic() + (self._insist if method != "POST" else 0.0)
        while True:
            try:
                async with self._answer(method, path, params, body, kind, PATIENCE) as answer:
                    return await answer.read()
            except Unreachable:
                if not self._answered or time.monotonic() > until:
                    raise
            await asyncio.sleep(INSIST_PAUSE)

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        params: Params,
        body: Any = None,
        kind: str = "",
        timeout: float | None = PATIENCE,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A good answer; a failure that may pass is asked again."""
        import aiohttp

        try:
            for left in range(BUSY_TRIES, -1, -1):
                here = await self.access()
                answer = await self._send(here, method, path, params, body, kind, timeout)
                self._answered = True
                async with answer:
                    if answer.status < 400:
                        yield answer
                        return
                    said = await answer.read()
                    if answer.status == 401 and left == BUSY_TRIES:
                        await self._renew(here)
                        continue
                    if answer.status == 429 and left:
                        await asyncio.sleep(_pause(answer.headers.get("Retry-After")))
                        continue
                page = answer.content_type == "text/html"
                raise refusal(answer.status, said, method, path, here.server if page else "")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._away(error) from error

    async def _send(
        self,
        here: Access,
        method: str,
        path: str,
        params: Params,
        body: Any,
        kind: str,
        timeout: float | None,
    ) -> aiohttp.ClientResponse:
        import aiohttp

        assert self._session is not None
        headers = {**here.headers, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = kind or "application/json"
        limits = aiohttp.ClientTimeout(
            total=timeout, sock_connect=5.0, sock_read=timeout or SILENCE
        )
        return await self._session.request(
            method,
            here.server + path,
            params=params,
            data=None if body is None else msgspec.json.encode(body),
            headers=headers,
            ssl=here.tls,
            server_hostname=here.server_name,
            proxy=here.proxy,
            timeout=limits,
        )

    async def _renew(self, old: Access) -> None:
        """Reads kubeconfig and plugin again, unless another request has just done so."""
        async with self._opening:
            if self._access is old:
                plugins.forget(self.context)
                self._access = await access(self.context)

    def _away(self, error: BaseException) -> TargetError:
        # aiohttp's own words of it hold objects of Python
        cause = getattr(error, "os_error", error)
        why = " ".join(str(cause).split()) or type(cause).__name__
        return Unreachable(
            f"The API server of {self.context} cannot be reached: {why}.",
            "It is asked again by itself; see that the cluster is up.",
        )


def _pause(asked: str | None) -> float:
    with contextlib.suppress(TypeError, ValueError):
        return min(float(asked or BUSY_PAUSE), 30.0)
    return BUSY_PAUSE


def _session() -> aiohttp.ClientSession:
    import aiohttp

    def keep_alive(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, proto, _, _ = info
        made = socket.socket(family, kind, proto)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE.items():
            if hasattr(socket, name):
                made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return made

    # watches hold their connections for ever, so the pool has no bound of its own
    connector = aiohttp.TCPConnector(limit=0, socket_factory=keep_alive)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
