"""Links to other clusters in the fleet panel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlroom.model.frame import FLEET
from controlroom.model.links import ClusterLink, ClusterLinks
from tests.room import frames
from tests.room.rooms import room_of, screen_text

WEST = ClusterLink("west", "10.1.2.3:4143", ("bridge-server-west",), alive=True, latency=12.0)
DOWN = replace(WEST, cluster="north", alive=False, latency=None)
TROUBLED = ClusterLink("east", "", (), "its Link is gone")


@pytest.mark.parametrize(
    ("links", "words"),
    [
        (ClusterLinks(installed=False), ["links  not installed"]),
        (ClusterLinks(True), ["links  none"]),
        (
            ClusterLinks(True, (WEST, DOWN, TROUBLED)),
            [
                "west  gateway alive p95 12",
                "bridge-server-west",
                "north  gateway down",
                "east  gateway not probed  its Link is gone",
            ],
        ),
    ],
)
async def test_each_other_cluster_is_a_row(links: ClusterLinks, words: list[str]) -> None:
    frame = frames.calm()
    seen = frame[FLEET].value
    assert seen is not None
    fleet = replace(frame[FLEET], value=replace(seen, links=links))
    room = room_of(frame.having(FLEET, fleet))
    async with room.run_test(size=(160, 60)) as pilot:
        await pilot.press("4", "z")
        await pilot.pause()
        shown = screen_text(room)
    for each in words:
        assert each in shown
