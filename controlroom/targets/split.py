"""A split deployment: one pipeline over two targets, Kafka in the one and the stores in the other.

The bridge joins them. Books need all of it, so the endpoints of both are put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from controlroom.targets.abilities import Endpoints, Located, Refused, TargetInfo

SplitSide = Literal["local", "remote", ""]
"""`local` has Kafka and no stores, `remote` the stores and no Kafka; empty is neither."""
STORES = ("redis", "mongo")


def side_of(endpoints: Endpoints) -> SplitSide:
    """Which side of a split deployment has these endpoints."""
    found = tuple(endpoints.has(name) for name in ("kafka", *STORES))
    if found == (True, False, False):
        return "local"
    return "remote" if found == (False, True, True) else ""


def joined(one: Endpoints, other: Endpoints) -> Endpoints | None:
    """The endpoints of the whole pipeline; None where these two are not its two sides."""
    sides = {side_of(one): one, side_of(other): other}
    if sides.keys() != {"local", "remote"}:
        return None
    local, remote = sides["local"], sides["remote"]
    absent = {name: why for name, why in local.absent.items() if name not in STORES}
    stores = {name: remote.addresses[name] for name in STORES}
    addresses = {**local.addresses, **stores}
    return replace(local, addresses=addresses, absent=absent, elsewhere=frozenset())


class WholePipeline:
    """The endpoints of the pipeline that a target is part of, its other side among `others`.

    A target that has both Kafka and stores is taken as it is; with `strict` that is refused where
    there are others, since their figures would be left out.
    """

    def __init__(self, here: Located, others: Sequence[Located], strict: bool = False) -> None:
        self._here = here
        self._others = others
        self._strict = strict

    async def info(self) -> TargetInfo:
        """Who the first of them is."""
        return await self._here.info()

    async def endpoints(self) -> Endpoints:
        """All endpoints. Raises Refused for one side without the other, Unreachable."""
        own = await self._here.endpoints()
        side = side_of(own)
        if not side and not (self._strict and self._others):
            return own
        mine = await self._here.info()
        for other in self._others:
            info = await other.info()
            whole = joined(own, await other.endpoints()) if side else None
            if whole is not None and info.scenario == mine.scenario:
                return whole
            if self._strict:
                raise Refused(
                    f"{mine.name} ({mine.scenario}) and {info.name} ({info.scenario}) are not the "
                    "two sides of one split pipeline.",
                    "Ask for the books of each: one --context at a time.",
                )
        missing = "stores" if side == "local" else "Kafka"
        raise Refused(
            f"{mine.name} is one side of a split pipeline, without {missing}; the books need both.",
            f"Name the other side too: --context {mine.name} --context NAME.",
        )

    async def close(self) -> None:
        """Lets go of all of them."""
        for each in (self._here, *self._others):
            await each.close()
