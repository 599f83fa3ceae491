"""One pipeline over two targets: Kafka lies in the one, the stores in the other.

The hop joins them. Books need all of it, so their doors are gathered from both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from controlroom.targets.abilities import Endpoints, Located, Refused, TargetInfo

Half = Literal["near", "far", ""]
"""`near` has Kafka and no stores, `far` the stores and no Kafka; empty is neither."""
STORES = ("redis", "mongo")


def half_of(doors: Endpoints) -> Half:
    """Which half of a pipeline has these doors."""
    found = tuple(doors.has(name) for name in ("kafka", *STORES))
    if found == (True, False, False):
        return "near"
    return "far" if found == (False, True, True) else ""


def joined(one: Endpoints, other: Endpoints) -> Endpoints | None:
    """The doors of the whole pipeline; None where these two are no halves of one."""
    halves = {half_of(one): one, half_of(other): other}
    if halves.keys() != {"near", "far"}:
        return None
    near, far = halves["near"], halves["far"]
    absent = {name: why for name, why in near.absent.items() if name not in STORES}
    stores = {name: far.addresses[name] for name in STORES}
    return replace(near, addresses={**near.addresses, **stores}, absent=absent)


class WholePath:
    """The doors of the pipeline that a target is part of, its other half among `others`.

    A target that is no half is taken as it is; with `strict` that is refused where there are
    others, since their figures would be left out.
    """

    def __init__(self, here: Located, others: Sequence[Located], strict: bool = False) -> None:
        self._here = here
        self._others = others
        self._strict = strict

    async def info(self) -> TargetInfo:
        """Who the first of them is."""
        return await self._here.info()

    async def endpoints(self) -> Endpoints:
        """All doors. Raises Refused for a half without its other one, Unreachable."""
        own = await self._here.endpoints()
        half = half_of(own)
        if not half and not (self._strict and self._others):
            return own
        mine = await self._here.info()
        for other in self._others:
            info = await other.info()
            whole = joined(own, await other.endpoints()) if half else None
            if whole is not None and info.scenario == mine.scenario:
                return whole
            if self._strict:
                raise Refused(
                    f"{mine.name} ({mine.scenario}) and {info.name} ({info.scenario}) are not the "
                    "two halves of one pipeline.",
                    "Ask for the books of each: one --context at a time.",
                )
        missing = "stores" if half == "near" else "Kafka"
        raise Refused(
            f"{mine.name} is one half of a pipeline, without {missing}; the books need both.",
            f"Name the other half too: --context {mine.name} --context NAME.",
        )

    async def close(self) -> None:
        """Lets go of all of them."""
        for each in (self._here, *self._others):
            await each.close()
