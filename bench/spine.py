"""How fast the pipeline is on this machine, beside what others and the stores themselves do.

`python -m bench.spine [--seconds 5] [--rounds 2] [--backlog 500000] [--quick]` brings up a stack
of its own, measures everything on the same engines, and prints tables: (a) accepted events/s,
(b) stored events/s, (c) drain of a backlog, (e) queue time, and how the ratios stand to the aims.
No time is asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from bench import accepting, draining, queueing, storing
from bench.running_stack import STORES, on_own_stack, print_machine
from bench.setting import Setting
from tests.own_stack import OwnStack


async def tables(setting: Setting, parts: str) -> None:
    """Prints the tables of those parts."""
    print_machine()
    if "a" in parts:
        await accepting.print_rows(setting)
    capacity = await storing.print_rows(setting) if set("be") & set(parts) else 0.0
    if "c" in parts:
        quick = setting.backlog < 100_000
        await draining.print_rows(setting, (1, 3) if quick else draining.CONSUMERS)
    if "e" in parts:
        await queueing.print_rows(setting, capacity)
    books = setting.stack.books()
    print(f"\nbooks: lost {books['lost']}, doubled {books['doubled']}")


def main() -> int:
    """Brings a stack up, measures, takes it down; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.spine", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="load on each door and round")
    parser.add_argument("--rounds", type=int, default=2, help="times that each door is measured")
    parser.add_argument("--backlog", type=int, default=500_000, help="events to drain")
    parser.add_argument("--quick", action="store_true", help="two minutes, rough figures")
    parser.add_argument("--parts", default="abce", help="tables to print")
    parser.add_argument("--durability", default="process", choices=("process", "power"))
    parser.add_argument("--store", default="python", choices=STORES, help="the document store")
    args = parser.parse_args()
    seconds, rounds, backlog = args.seconds, args.rounds, args.backlog
    if args.quick:
        seconds, rounds, backlog = 2.0, 1, min(backlog, 50_000)

    def measure(stack: OwnStack) -> None:
        setting = Setting(stack, stack.endpoints(), seconds, rounds, backlog)
        asyncio.run(tables(setting, args.parts))

    env = {"CONTROLROOM_DURABILITY": args.durability, "CONTROLROOM_DOCUMENT_STORE": args.store}
    return on_own_stack(measure, env)


if __name__ == "__main__":
    sys.exit(main())
