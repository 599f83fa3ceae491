"""What has no place in a tally is told by the reader, the command and the room, end to end."""

from __future__ import annotations

import httpx

from controlroom.commands.tallies import shown
from controlroom.feeds.tallies import TalliesSource
from controlroom.model.frame import TALLIES
from tests.consumer.rig import Rig
from tests.room import frames
from tests.room.rooms import room_of, screen_text
from tests.waiting import until

MEMBERS = 2
ROUNDS = (7, 5, 3, 2)
"""Votes of each band; those of the bands beyond the bound have no place."""
OTHERS = sum(ROUNDS[MEMBERS:])


async def test_the_bound_of_a_consumer_is_seen_as_others(bands: Rig) -> None:
    await bands.consumer(TALLY_MEMBERS_MAX=str(MEMBERS))
    vote = bands.events(1)[0] | {"album": "One", "rank": 1}
    # one band after the other in one partition, so that it is known which ones come first
    for number, votes in enumerate(ROUNDS):
        events = [vote | {"name": f"Band {number}"}] * votes
        await bands.produce(events, first=sum(ROUNDS[:number]), partitions=1)
        await bands.settled(sum(ROUNDS[: number + 1]))

    service, address = await bands.reader()
    await until(service.ready, "a reader that is ready", timeout=60)
    async with httpx.AsyncClient(base_url=address, timeout=20) as client:
        told = (await client.get("/live")).json()
    kept = list(ROUNDS[:MEMBERS])
    assert [row["count"] for row in told["rows"]] == kept
    assert (told["members"], told["others"], told["total"]) == (MEMBERS, OTHERS, sum(ROUNDS))

    async def redis() -> str:
        return bands.engines.redis

    source = TalliesSource(redis, bands.scenario)
    await source.open()
    found = await source.read()
    await source.close()
    assert [row.count for row in found.rows] == kept
    (line,) = (line for line in shown(found).splitlines() if line.startswith("others"))
    assert str(OTHERS) in line.split()

    room = room_of(frames.calm().having(TALLIES, frames.live(found)))
    async with room.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        (row,) = (row for row in screen_text(room).splitlines() if "others" in row)
    assert str(OTHERS) in row.split()
