"""All objects of one resource in one namespace, or those that a label selects, up to date.

One list, then one watch.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from controlroom.targets.abilities import Denied, TargetError, Unreachable
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.errors import ApiError, stranger
from controlroom.targets.kubernetes.resources import Json, Resource

PAGE = "500"
WATCH_SECONDS = (240, 480)
"""A watch ends by itself after a time drawn from here, so that not all end at once."""
FIRST_PAUSE, LONGEST_PAUSE = 0.3, 10.0
DENIED_PAUSE = 30.0
ABSENT_PAUSE = 60.0
SETTLED = 5.0
"""Seconds of life after which a watch that ended is opened again without a pause."""
State = Literal["starting", "live", "away", "denied", "absent"]


class Mirror:
    """Lists once, then watches; resumes where it stood, and lists again only where it has to.

    `lists` and `watches` count what the API server was asked.
    """

    def __init__(
        self,
        api: Api,
        resource: Resource,
        namespace: str,
        changed: Callable[[], None],
        selector: str = "",
    ) -> None:
        self.resource = resource
        self.namespace = namespace
        self.state: State = "starting"
        self.error: TargetError | None = None
        self.since = 0.0
        """When the state last changed, seconds since the epoch."""
        self.lists = 0
        self.watches = 0
        self._api = api
        self._changed = changed
        self._selected = {"labelSelector": selector} if selector else {}
        self._objects: dict[str, dict[str, Any]] = {}
        self._version = ""
        self._pause = FIRST_PAUSE
        self._hurry = asyncio.Event()
        self.settled = asyncio.Event()
        """Set once the first list has come, or was refused."""

    @property
    def objects(self) -> Iterable[Json]:
        """As they were last heard of."""
        return self._objects.values()

    def hurry(self) -> None:
        """Tries now instead of at the end of a pause."""
        self._hurry.set()

    async def run(self) -> None:
        """Never returns; ends by cancellation."""
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except Denied as error:
                await self._away("denied", error, DENIED_PAUSE)
            except Unreachable as error:
                await self._away("away", error, self._growing())
            except ApiError as error:
                if error.status == 410:
                    self._version = ""
                elif error.status == 404:
                    self._forget()
                    await self._away("absent", error, ABSENT_PAUSE)
                else:
                    self._version = ""
                    await self._away("away", error, self._growing())
            except TargetError as error:
                # such as a kubeconfig that is being edited
                await self._away("away", error, self._growing())

    async def _list(self) -> None:
        path = self.resource.path(self.namespace)
        found: dict[str, dict[str, Any]] = {}
        more = ""
        while True:
            params = {"limit": PAGE, **self._selected, **({"continue": more} if more else {})}
            page = await self._api.get(path, **params)
            if "metadata" not in page:
                raise stranger((await self._api.access()).server, "a list without metadata")
            self.lists += 1
            for one in page.get("items") or ():
                found[_key(one)] = _slim(one)
            more = page["metadata"].get("continue", "")
            if not more:
                break
        self._objects = found
        self._version = page["metadata"]["resourceVersion"]
        self._live()
        self._changed()

    async def _watch(self) -> None:
        begun = time.monotonic()
        self.watches += 1
        params = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(random.randint(*WATCH_SECONDS)),
            **self._selected,
        }
        path = self.resource.path(self.namespace)
        async for line in self._api.lines(path, params, self._live):
            if line:
                self._take(msgspec.json.decode(line))
        if time.monotonic() - begun < SETTLED:
            await self._rest(self._growing())

    def _take(self, event: Json) -> None:
        kind, one = event["type"], event["object"]
        if kind == "ERROR":
            message = str(one.get("message", ""))
            raise ApiError(message, "", int(one.get("code", 0)), str(one.get("reason", "")))
        self._version = one["metadata"]["resourceVersion"]
        self._pause = FIRST_PAUSE
        if kind == "BOOKMARK":
            return
        if kind == "DELETED":
            self._objects.pop(_key(one), None)
        else:
            self._objects[_key(one)] = _slim(one)
        self._changed()

    def _live(self) -> None:
        if self.state != "live":
            self._enter("live", None)

    def _forget(self) -> None:
        self._objects, self._version = {}, ""

    def _enter(self, state: State, error: TargetError | None) -> None:
        if state != self.state:
            self.since = time.time()
        self.state, self.error = state, error
        self.settled.set()
        self._changed()

    async def _away(self, state: State, error: TargetError, pause: float) -> None:
        self._enter(state, error)
        await self._rest(pause)

    def _growing(self) -> float:
        pause = self._pause * random.uniform(0.7, 1.3)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return pause

    async def _rest(self, seconds: float) -> None:
        self._hurry.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return


def _key(one: Json) -> str:
    meta = one["metadata"]
    return f"{meta.get('namespace', '')}/{meta['name']}"


def _slim(one: dict[str, Any]) -> dict[str, Any]:
    """Without the record of who set which field, which is most of an object."""
    one["metadata"].pop("managedFields", None)
    return one
