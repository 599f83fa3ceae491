"""Pictures for README and docs, made from real runs.

`python -m bench.picture [FILE]` brings up a stack of its own, starts a load, kills a consumer,
and writes what the room shows a few seconds later as SVG. With `--scenario covid` all four queues
have load, and a split of traffic is on.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from controlroom.app import ControlRoom
from controlroom.model.frame import BOOKS
from controlroom.opening import Opening
from controlroom.settings import load
from tests.own_stack import OwnStack

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SIZE = (120, 40)
FONTS = "DejaVu Sans Mono, Menlo, Consolas"


async def until(seen: Callable[[], bool], what: str, timeout: float = 90.0) -> None:
    """Waits for the room to show something; RuntimeError where it does not."""
    deadline = time.monotonic() + timeout
    while not seen():
        if time.monotonic() > deadline:
            raise RuntimeError(f"the room never showed {what}")
        await asyncio.sleep(0.1)


def self_contained(svg: str) -> str:
    """The picture without the web fonts that it asks for: fonts of the reader's own will do."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(r"Fira Code", FONTS, svg)


class Sight:
    """What the room of a stack shows, for those who wait for it."""

    def __init__(self, stack: OwnStack, opening: Opening) -> None:
        self._stack = stack
        self._opening = opening

    async def run(self, *words: str) -> None:
        """One command line."""
        await asyncio.to_thread(self._stack.run, *words)

    async def load(self, *words: str) -> None:
        """A load that goes on beside."""
        await self.run("run", *words, "--timeout", "3m", "--detach")

    @property
    def stored(self) -> int:
        """Events, of all queues."""
        books = self._opening.frame(time.time())[BOOKS].value
        return books.books.stored if books else 0

    def marked(self, sign: str) -> bool:
        """Whether the time axis has such a mark."""
        return any(mark.sign == sign for mark in self._opening.frame(time.time()).marks)

    async def ingress(self) -> str:
        """Its address."""
        return str((await asyncio.to_thread(self._stack.endpoints))["ingress"])


async def broken(sight: Sight) -> None:
    """A consumer dies under load."""
    await sight.load("--rate", "150")
    await sight.load("--path", "grpc", "--rate", "60")
    await until(lambda: sight.stored > 5000, "5,000 stored events")
    await sight.run("chaos", "run", "pod-kill-consumer", "--yes")
    await until(lambda: sight.marked("fault"), "the mark of the fault")
    before = sight.stored
    await until(lambda: sight.stored > before + 1500, "events stored after the fault")


async def divided(sight: Sight) -> None:
    """Each queue has load, and a third of what comes to `/` fails."""
    ingress = await sight.ingress()
    await sight.load("--rate", "40")
    await sight.load("--url", f"{ingress}/streams", "--rate", "40")
    await sight.load("--url", f"{ingress}/", "--rate", "60")
    await sight.run("split", "start", "test-3-grpc-33-redis-33-faulty-33", "--yes", "--detach")
    await until(lambda: sight.marked("fault"), "the mark of the split")
    before = sight.stored
    await until(lambda: sight.stored > before + 4000, "4,000 events stored since")


SHOWN = {"bands": ("room.svg", broken), "covid": ("covid.svg", divided)}


async def draw(stack: OwnStack, scenario: str, position: Path) -> None:
    """Opens the room without a terminal, has something happen in it, keeps the picture."""
    opening = Opening(load({"state_dir": str(stack.state), "scenario": scenario}))
    app = ControlRoom(opening, opening, on_ready=opening.start)
    async with app.run_test(size=SIZE):
        await SHOWN[scenario][1](Sight(stack, opening))
        position.parent.mkdir(parents=True, exist_ok=True)
        position.write_text(self_contained(app.export_screenshot(title="controlroom")))
    await asyncio.to_thread(stack.run, "run", "stop", "--all", check=False)


def main() -> None:
    """Stack up, picture, stack down."""
    parser = argparse.ArgumentParser(prog="python -m bench.picture", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--scenario", default="bands", choices=sorted(SHOWN))
    args = parser.parse_args()
    position: Path = args.file or IMAGES / SHOWN[args.scenario][0]
    with tempfile.TemporaryDirectory(prefix="controlroom-") as folder:
        stack = OwnStack(Path(folder))
        os.environ["CONTROLROOM_STATE_DIR"] = folder
        stack.run("up", "--scenario", args.scenario, timeout=600)
        try:
            asyncio.run(draw(stack, args.scenario, position))
        finally:
            stack.run("down")
    print(position)


if __name__ == "__main__":
    main()
