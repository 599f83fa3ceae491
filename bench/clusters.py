"""What real clusters on this machine cost: start, deployment, events/s, and the room's questions.

`python -m bench.clusters [--seconds 8] [--rounds 3] [--quiet 30]` brings up a lab of its own and a
local stack of its own, sends the same load to each in turns, opens the room on the cluster, prints
tables, and takes both down, also when interrupted. Needs root and the lab's programs
(`make lab`). No time is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.room_cost import print_room
from bench.running_stack import INTERRUPTED, print_machine
from bench.until_stored import World, print_rates
from tests.clusters.environment import DEPLOY_PATIENCE, ClusterEnvironment
from tests.own_lab import OwnLab
from tests.own_stack import OwnStack

CONTEXT, OVERLAY = "lab-a", "lab-one"
PATIENCE = 1200.0
PHASES = {"node": "node Ready", "addons": "name service and metrics serve"}
"""What `lab status` calls the phases of a start, in words."""


class Steps:
    """Rows of the first table, printed as they are measured."""

    def __init__(self) -> None:
        print("| step | seconds |\n|---|---:|", flush=True)

    def row(self, what: str, seconds: float) -> None:
        """One row."""
        print(f"| {what} | {seconds:.1f} |", flush=True)

    @contextlib.contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """A row with the time that the block took."""
        began = time.monotonic()
        yield
        self.row(what, time.monotonic() - began)


def bring_up(lab: OwnLab, stack: OwnStack | None, folder: Path) -> None:
    """Both worlds, with a row for each step; without a stack the lab alone."""
    steps = Steps()
    with steps.timed("`lab up`, two clusters"):
        lab.lab("up", timeout=PATIENCE)
    for cluster in lab.lab_status()["clusters"]:
        for what, seconds in cluster["seconds"].items():
            steps.row(f"{cluster['context']}: {PHASES.get(what, what)}, since its start", seconds)
    environment = ClusterEnvironment(lab, folder)
    with steps.timed(f"images of {OVERLAY}, made and given to {CONTEXT}"):
        environment.load_images(CONTEXT, OVERLAY)
    where = ("--context", CONTEXT, "--overlay", OVERLAY)
    for what in (f"deploy {OVERLAY} until ready", "deploy it again, nothing changed"):
        done = lab.run("deploy", *where, "--timeout", DEPLOY_PATIENCE, "--json", timeout=PATIENCE)
        steps.row(what, done.json()["seconds"])
    if stack is not None:
        with steps.timed("local stack until ready, for comparison"):
            stack.run("up", "--scenario", "bands", timeout=PATIENCE)


def take_down(lab: OwnLab, stack: OwnStack) -> None:
    """Both worlds, whatever state they are in."""
    stack.run("down", check=False)
    began = time.monotonic()
    lab.lab("down", check=False)
    print(f"\nlab down: {time.monotonic() - began:.1f} s")


def verdict(name: str, said: str) -> str:
    """What the books of a world say, in one line."""
    books = json.loads(said)
    return (
        f"books of the {name}: {books['stored']:,} stored, lost {books['lost']}, "
        f"doubled {books['doubled']}"
    )


def main() -> int:
    """Brings both up, measures, takes both down; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.clusters", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="load in each round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds for each; 0: no stack")
    parser.add_argument("--quiet", type=float, default=30.0, help="with the room, and without")
    args = parser.parse_args()
    print_machine()
    print()
    with tempfile.TemporaryDirectory(prefix="controlroom-bench-") as name:
        folder = Path(name)
        lab, stack = OwnLab(folder / "lab-state"), OwnStack(folder / "stack-state")
        try:
            bring_up(lab, stack if args.rounds else None, folder)
            worlds: dict[str, World] = {"cluster": (lab, ("--context", CONTEXT))}
            if args.rounds:
                worlds["local stack"] = (stack, ())
                asyncio.run(print_rates(worlds, args.seconds, args.rounds))
            print_room(lab, CONTEXT, args.quiet)
            for each, (world, where) in worlds.items():
                said = world.run("books", "--json", *where, check=False)
                print(f"\n{verdict(each, said.out)}")
        except KeyboardInterrupt:
            print("interrupted; what was started is taken down", file=sys.stderr)
            return INTERRUPTED
        finally:
            take_down(lab, stack)
    return 0


if __name__ == "__main__":
    sys.exit(main())
