"""The books of a pipeline whose Kafka is in one target and whose stores are in another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlroom.feeds.books import BooksSource
from controlroom.feeds.endpoints import LiveEndpoints
from controlroom.targets.abilities import Endpoints, Refused, TargetInfo
from controlroom.targets.split import WholePipeline
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


def moved(endpoints: Endpoints, **addresses: str) -> Endpoints:
    """Some endpoints elsewhere; one without an address is absent."""
    absent = {name: "none" for name, address in addresses.items() if not address}
    return replace(endpoints, addresses={**endpoints.addresses, **addresses}, absent=absent)


LOCAL = moved(ALL, redis="", mongo="")
REMOTE = moved(ALL, ingress="http://out:1", kafka="")


class FakeSide:
    """A target with these endpoints."""

    def __init__(self, name: str, endpoints: Endpoints, scenario: str = "worldcup") -> None:
        self.name, self.known, self.scenario = name, endpoints, scenario
        self.closed = False

    async def endpoints(self) -> Endpoints:
        return self.known

    async def info(self) -> TargetInfo:
        return TargetInfo(self.name, self.scenario)

    async def close(self) -> None:
        self.closed = True


async def test_either_side_leads_to_the_books_of_the_whole_pipeline(bands: World) -> None:
    """The stores themselves are real; only who says where they are is made here."""
    whole = await bands.target.endpoints()
    local = FakeSide("a", moved(whole, redis="", mongo=""), bands.scenario.name)
    remote = FakeSide("b", moved(whole, kafka=""), bands.scenario.name)
    await bands.produce([vote()] * 5)
    await bands.store([vote()] * 3)
    for one, other in ((local, remote), (remote, local)):
        source = BooksSource(LiveEndpoints(WholePipeline(one, [other])), bands.scenario)
        await source.open()
        books = (await source.read()).books
        await source.close()
        assert (books.acknowledged, books.taken, books.stored, books.in_flight) == (5, 5, 3, 2)
        assert (books.lost, books.doubled) == (0, 0)


@pytest.mark.parametrize("turned", [False, True])
async def test_each_door_is_that_of_the_side_that_has_it(turned: bool) -> None:
    sides = [FakeSide("a", LOCAL), FakeSide("b", REMOTE)]
    one, other = reversed(sides) if turned else sides
    found = await WholePipeline(one, [other], strict=True).endpoints()
    assert found == ALL


async def test_a_target_that_has_everything_is_taken_as_it_is() -> None:
    assert await WholePipeline(FakeSide("a", ALL), []).endpoints() == ALL
    assert await WholePipeline(FakeSide("a", ALL), [FakeSide("b", REMOTE)]).endpoints() == ALL


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FakeSide("a", ALL), FakeSide("b", ALL)),
        (FakeSide("a", LOCAL), FakeSide("b", ALL)),
        (FakeSide("a", LOCAL), FakeSide("b", LOCAL)),
        (FakeSide("a", LOCAL), FakeSide("b", REMOTE, "bands")),
    ],
    ids=["two wholes", "one whole", "two local sides", "other scenarios"],
)
async def test_two_that_are_not_the_sides_of_one_pipeline_are_refused(
    one: FakeSide, other: FakeSide
) -> None:
    with pytest.raises(Refused, match="not the two sides of one split pipeline"):
        await WholePipeline(one, [other], strict=True).endpoints()


@pytest.mark.parametrize(("endpoints", "missing"), [(LOCAL, "stores"), (REMOTE, "Kafka")])
async def test_a_side_alone_says_what_is_missing(endpoints: Endpoints, missing: str) -> None:
    with pytest.raises(Refused, match=f"without {missing}") as refused:
        await WholePipeline(FakeSide("lab-x", endpoints), [FakeSide("other", ALL)]).endpoints()
    assert "--context lab-x --context NAME" in refused.value.fix


async def test_closing_closes_both() -> None:
    one, other = FakeSide("a", LOCAL), FakeSide("b", REMOTE)
    await WholePipeline(one, [other]).close()
    assert (one.closed, other.closed) == (True, True)
