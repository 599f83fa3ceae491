"""What engines take on their disks, as the fleet panel and `controlroom status` say it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlroom.commands.status import shown
from controlroom.model.fleet import DiskUse
from controlroom.model.frame import FLEET
from controlroom.settings import Settings
from controlroom.targets.reading import fleet
from tests.room import frames
from tests.room.rooms import room_of, screen_text

GIB = 1 << 30


@pytest.mark.parametrize(("full", "words"), [(False, "1.5G disk"), (True, "disk full")])
async def test_the_fleet_panel_tells_what_an_engine_takes(full: bool, words: str) -> None:
    seen = frames.fleet()
    mongo = replace(seen.engines[2], disk=DiskUse(GIB * 3 // 2, GIB, full))
    frame = frames.calm()
    panel = replace(frame[FLEET], value=replace(seen, engines=(*seen.engines[:2], mongo)))
    room = room_of(frame.having(FLEET, panel))
    async with room.run_test(size=(200, 60)) as pilot:
        await pilot.pause()
        rows = [row for row in screen_text(room).splitlines() if " mongo " in row]
    assert any(words in row for row in rows)


def test_status_names_the_engine_whose_disk_is_nearly_full() -> None:
    disk = {"used": GIB, "free": GIB // 4, "total": 2 * GIB, "reserve": GIB // 2, "full": True}
    engines = [
        {"name": "mongo", "state": "ready", "disk": disk},
        {"name": "redis", "state": "external", "disk": None},
    ]
    status = {"stack": {"state": "ready"}, "engines": engines}
    assert fleet(status, (), 0.0).engines[1].disk is None
    mongo, redis = shown(status, Settings(color="never", ascii=True)).splitlines()[3:5]
    assert mongo.split()[5:7] == ["1.0G", "256M"]
    assert "NO the disk is nearly full" in mongo
    assert "ok" in redis
