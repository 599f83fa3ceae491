"""The picture in the README, made from a real run.

`python -m bench.picture [FILE]` brings up a stack of its own, starts a load, kills a consumer,
and writes what the room shows a few seconds later as SVG.
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

PLACE = Path(__file__).resolve().parent.parent / "docs" / "images" / "room.svg"
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


async def draw(stack: OwnStack, position: Path) -> None:
    """Opens the room without a terminal, breaks something under load, keeps the picture."""
    opening = Opening(load({"state_dir": str(stack.state)}))
    app = ControlRoom(opening, opening, on_ready=opening.start)

    def stored() -> int:
        books = opening.frame(time.time())[BOOKS].value
        return books.books.stored if books else 0

    def marks(sign: str) -> bool:
        return any(mark.sign == sign for mark in opening.frame(time.time()).marks)

    async with app.run_test(size=SIZE):
        await asyncio.to_thread(stack.run, *["run", "--rate", "150", "--timeout", "3m", "--detach"])
        await asyncio.to_thread(
            stack.run, *["run", "--path", "grpc", "--rate", "60", "--timeout", "3m", "--detach"]
        )
        await until(lambda: stored() > 5000, "5,000 stored events")
        await asyncio.to_thread(stack.run, "chaos", "run", "pod-kill-consumer", "--yes")
        await until(lambda: marks("fault"), "the mark of the fault")
        before = stored()
        await until(lambda: stored() > before + 1500, "events stored after the fault")
        position.parent.mkdir(parents=True, exist_ok=True)
        position.write_text(self_contained(app.export_screenshot(title="controlroom")))
    await asyncio.to_thread(stack.run, "run", "stop", "--all", check=False)


def main() -> None:
    """Stack up, picture, stack down."""
    parser = argparse.ArgumentParser(prog="python -m bench.picture", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=PLACE)
    position: Path = parser.parse_args().file
    with tempfile.TemporaryDirectory(prefix="controlroom-") as folder:
        stack = OwnStack(Path(folder))
        os.environ["CONTROLROOM_STATE_DIR"] = folder
        stack.run("up", "--scenario", "bands", timeout=600)
        try:
            asyncio.run(draw(stack, position))
        finally:
            stack.run("down")
    print(position)


if __name__ == "__main__":
    main()
