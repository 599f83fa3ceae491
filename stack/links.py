"""Links between deployments and engines: one toxiproxy proxy each, so faults are real ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from host.errors import StackError
from host.ports import Ports
from stack.engines.registry import Engines
from stack.engines.toxiproxy import Toxiproxy, api_client
from stack.strangers import Stranger, strangers
from stack.toxics import Toxic, link_name


class StackLinks:
    """All links of a stack, and the toxics that should be on them now."""

    def __init__(self, engines: Engines, ports: Ports, deployments: Iterable[str]) -> None:
        self._engines = engines
        self.engines = tuple(engines.linked)
        """Names of those that links lead to."""
        self._deployments = tuple(deployments)
        self._listen = {
            link_name(deployment, engine): ports.choose(link_name(deployment, engine))
            for deployment in self._deployments
            for engine in self.engines
        }
        self._toxics: dict[tuple[str, str], Toxic] = {}
        self._lock = asyncio.Lock()
        self._client: httpx.AsyncClient | None = None
        for engine in self.engines:
            links = {each: self._place(each, engine) for each in self._deployments}
            engines[engine].linked_by(links)

    def _place(self, deployment: str, engine: str) -> str:
        return f"127.0.0.1:{self._listen[link_name(deployment, engine)]}"

    def linked(self, engine: str) -> str:
        """Empty when there is a link to the engine, otherwise why there is none."""
        return self._engines[engine].past_links()

    def endpoints(self, deployment: str) -> dict[str, str]:
        """The deployment's values of the ConfigMap `endpoints`."""
        return {
            variable: self._address(deployment, engine)
            for engine, variable in self._engines.linked.items()
        }

    def _address(self, deployment: str, engine: str) -> str:
        address = self._engines[engine].address()
        if self.linked(engine):
            return address
        place = self._place(deployment, engine)
        return urlunsplit(urlsplit(address)._replace(netloc=place)) if "://" in address else place

    def _proxies(self) -> list[dict[str, Any]]:
        return [
            {
                "name": link_name(deployment, engine),
                "listen": self._place(deployment, engine),
                "upstream": self._engines[engine].upstream(deployment),
                "enabled": True,
            }
            for deployment in self._deployments
            for engine in self.engines
            if not self.linked(engine)
        ]

    async def sync(self) -> None:
        """Makes every proxy and toxic again in a toxiproxy that may have forgotten them."""
        async with self._lock:
            await self._fill()

    async def _fill(self) -> None:
        await self._call("POST", "/populate", self._proxies())
        for toxic in self._toxics.values():
            await self._put(toxic)

    async def add(self, toxics: Iterable[Toxic]) -> None:
        """Puts them on their links; they stay until `remove`, whatever dies meanwhile."""
        async with self._lock:
            for toxic in toxics:
                self._toxics[toxic.link, toxic.name] = toxic
                await self._put(toxic)

    async def again(self, toxics: Iterable[Toxic]) -> None:
        """Draws again for toxics that hit a share of the connections."""
        async with self._lock:
            for toxic in toxics:
                if (toxic.link, toxic.name) in self._toxics:
                    await self._drop(toxic)
                    await self._put(toxic)

    async def remove(self, toxics: Iterable[Toxic]) -> None:
        """Takes them away and looks whether they are gone. Raises StackError if not."""
        wanted = list(toxics)
        async with self._lock:
            for toxic in wanted:
                self._toxics.pop((toxic.link, toxic.name), None)
                await self._drop(toxic)
            found = await self._found()
        left = [t.link for t in wanted if t.name in _names(found.get(t.link, {}))]
        if left:
            raise StackError(
                f"Toxics are left on {', '.join(sorted(set(left)))}.", "Restart toxiproxy."
            )

    async def strangers(self) -> list[Stranger]:
        """Links that are not as the stack made them; none while toxiproxy does not answer."""
        async with self._lock:
            try:
                return self._strange(await self._found())
            except StackError:
                return []

    async def restore(self, link: str) -> None:
        """Takes from a link what is not the stack's. Raises StackError if something is left."""
        async with self._lock:
            for one in self._strange(await self._found()):
                if one.link == link:
                    await self._take_away(one)
            left = [one for one in self._strange(await self._found()) if one.link == link]
        if left:
            raise StackError(f"{link}: {', '.join(left[0].wrongs)}.", "Restart toxiproxy.")

    async def _take_away(self, one: Stranger) -> None:
        name = quote(one.link, safe="")
        if one.proxy:
            await self._call("DELETE", f"/proxies/{name}", allowed=(404,))
            await self._fill()
            return
        for toxic in one.toxics:
            path = f"/proxies/{name}/toxics/{quote(toxic, safe='')}"
            await self._call("DELETE", path, allowed=(404,))
            if (one.link, toxic) in self._toxics:
                await self._put(self._toxics[one.link, toxic])

    def _strange(self, found: Mapping[str, Any]) -> list[Stranger]:
        leased = {place: toxic.to_json() for place, toxic in self._toxics.items()}
        return strangers(found, self._proxies(), leased)

    async def status(self) -> list[dict[str, Any]]:
        """All links as toxiproxy shows them; empty while it does not answer."""
        try:
            found = await self._found()
        except StackError:
            return []
        return [
            {
                "name": name,
                "listen": proxy["listen"],
                "upstream": proxy["upstream"],
                "enabled": proxy["enabled"],
                "toxics": _names(proxy),
            }
            for name, proxy in sorted(found.items())
        ]

    async def close(self) -> None:
        """Lets go of the connection."""
        if self._client is not None:
            await self._client.aclose()

    async def _put(self, toxic: Toxic) -> None:
        await self._call("POST", f"/proxies/{toxic.link}/toxics", toxic.to_json(), allowed=(409,))

    async def _drop(self, toxic: Toxic) -> None:
        await self._call("DELETE", f"/proxies/{toxic.link}/toxics/{toxic.name}", allowed=(404,))

    async def _found(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(await self._call("GET", "/proxies"))
        return answer

    async def _call(
        self, method: str, path: str, body: object = None, allowed: tuple[int, ...] = ()
    ) -> bytes:
        if self._client is None:
            self._client = api_client(self._engines.own(Toxiproxy).address())
        try:
            answer = await self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise StackError(
                f"toxiproxy does not answer: {error or type(error).__name__}.",
                "It is being restarted; try again in a moment.",
                "unreachable",
            ) from error
        if answer.is_error and answer.status_code not in allowed:
            raise StackError(f"toxiproxy: {method} {path}: {answer.text.strip()[:300]}")
        return answer.content


def _names(proxy: Mapping[str, Any]) -> list[str]:
    return [str(toxic["name"]) for toxic in proxy.get("toxics", ())]
