"""The books of a pipeline whose Kafka is in one target and whose stores are in another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlroom.feeds.books import BooksSource
from controlroom.feeds.doors import Doors
from controlroom.targets.abilities import Endpoints, Refused, TargetInfo
from controlroom.targets.halves import WholePath
from tests.feeds.world import World, vote

ALL = Endpoints(
    {
        "ingress": "http://in:1",
        "kafka": "kafka:1",
        "redis": "redis://r",
        "mongo": "mongodb://m",
        "prometheus": "http://p",
    }
)


def moved(doors: Endpoints, **addresses: str) -> Endpoints:
    """Some doors elsewhere; one without an address is absent."""
    absent = {name: "none" for name, address in addresses.items() if not address}
    return replace(doors, addresses={**doors.addresses, **addresses}, absent=absent)


NEAR = moved(ALL, redis="", mongo="")
FAR = moved(ALL, ingress="http://out:1", kafka="")


class Side:
    """A target with these doors."""

    def __init__(self, name: str, doors: Endpoints, scenario: str = "worldcup") -> None:
        self.name, self.doors, self.scenario = name, doors, scenario
        self.closed = False

    async def endpoints(self) -> Endpoints:
        return self.doors

    async def info(self) -> TargetInfo:
        return TargetInfo(self.name, self.scenario)

    async def close(self) -> None:
        self.closed = True


async def test_either_half_leads_to_the_books_of_the_whole_path(bands: World) -> None:
    """The stores themselves are real; only who says where they are is made here."""
    whole = await bands.target.endpoints()
    near = Side("a", moved(whole, redis="", mongo=""), bands.scenario.name)
    far = Side("b", moved(whole, kafka=""), bands.scenario.name)
    await bands.produce([vote()] * 5)
    await bands.store([vote()] * 3)
    for one, other in ((near, far), (far, near)):
        source = BooksSource(Doors(WholePath(one, [other])), bands.scenario)
        await source.open()
        books = (await source.read()).books
        await source.close()
        assert (books.acknowledged, books.taken, books.stored, books.in_flight) == (5, 5, 3, 2)
        assert (books.lost, books.doubled) == (0, 0)


@pytest.mark.parametrize("turned", [False, True])
async def test_each_door_is_that_of_the_half_that_has_it(turned: bool) -> None:
    sides = [Side("a", NEAR), Side("b", FAR)]
    one, other = reversed(sides) if turned else sides
    found = await WholePath(one, [other], strict=True).endpoints()
    assert found == ALL


async def test_a_target_that_has_everything_is_taken_as_it_is() -> None:
    assert await WholePath(Side("a", ALL), []).endpoints() == ALL
    assert await WholePath(Side("a", ALL), [Side("b", FAR)]).endpoints() == ALL


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Side("a", ALL), Side("b", ALL)),
        (Side("a", NEAR), Side("b", ALL)),
        (Side("a", NEAR), Side("b", NEAR)),
        (Side("a", NEAR), Side("b", FAR, "bands")),
    ],
    ids=["two wholes", "one whole", "two near halves", "other scenarios"],
)
async def test_two_that_are_no_halves_of_one_pipeline_are_refused(one: Side, other: Side) -> None:
    with pytest.raises(Refused, match="not the two halves of one pipeline"):
        await WholePath(one, [other], strict=True).endpoints()


@pytest.mark.parametrize(("doors", "missing"), [(NEAR, "stores"), (FAR, "Kafka")])
async def test_a_half_alone_says_what_is_missing(doors: Endpoints, missing: str) -> None:
    with pytest.raises(Refused, match=f"without {missing}") as refused:
        await WholePath(Side("lab-x", doors), [Side("other", ALL)]).endpoints()
    assert "--context lab-x --context NAME" in refused.value.fix


async def test_closing_closes_both() -> None:
    one, other = Side("a", NEAR), Side("b", FAR)
    await WholePath(one, [other]).close()
    assert (one.closed, other.closed) == (True, True)
