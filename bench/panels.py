"""How long each panel of a room takes to its first figures: `python -m bench.panels`.

It opens all feeds of a room on the stack of this state folder, without a terminal, waits until
every panel has figures and the books are counted to the end, and prints JSON: panel -> seconds.
"""

from __future__ import annotations

import asyncio
import json
import time

from controlroom.model.frame import BOOKS, KEYS, Frame
from controlroom.settings import load as load_settings
from controlroom.targets.choosing import scenario_of, targets_of
from controlroom.wiring import Room
from scenarios.loading import load

_PATIENCE = 900.0


def there(frame: Frame) -> list[str]:
    """The panels that have figures."""
    found = [key.name for key in KEYS if frame[key].value is not None]
    books = frame[BOOKS].value
    return [*found, "books, all counted"] if books and not books.books.unaudited else found


async def measure() -> dict[str, float]:
    """Seconds from the start of the feeds."""
    (target,) = targets_of(settings := load_settings())
    info = await target.info()
    scenario = load(scenario_of(info, ""))
    room = Room(scenario, target, settings)
    begun, seen = time.monotonic(), dict[str, float]()
    await room.start()
    try:
        async with asyncio.timeout(_PATIENCE):
            while len(seen) <= len(KEYS):
                for name in there(room.frame()):
                    seen.setdefault(name, time.monotonic() - begun)
                await asyncio.sleep(0.01)
    finally:
        await room.stop()
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure())))
