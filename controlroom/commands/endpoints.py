"""`controlroom endpoints`: the addresses of the stores, the ingress and Prometheus."""

from __future__ import annotations

import argparse
import asyncio

from controlroom.commands.exits import Exit
from controlroom.commands.face import emit, emit_json, refuse_inside, talk
from controlroom.commands.table import table
from controlroom.targets.abilities import Endpoints
from controlroom.targets.choosing import target_of

DESCRIPTION = """\
Print the addresses of the ingress and of the stores, usable by any client on
this machine. Addresses of stores hold their passwords. Those of a cluster are
forwarded ports, which end with this command. Exit code 1 when one is missing."""
EXAMPLES = (
    "controlroom endpoints",
    "controlroom endpoints --json",
    "curl $(controlroom endpoints --json | jq -r .ingress)/live",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares how long forwarded ports stay."""
    parser.add_argument(
        "--hold",
        action="store_true",
        help="with --context: keep the forwarded ports open until ctrl+c",
    )


async def main(args: argparse.Namespace) -> Exit:
    """Asks the target. Endpoints of a cluster are held open until ctrl+c with --hold."""
    if args.hold:
        refuse_inside("--hold", "Forwarded ports end with the command.")
    target = target_of(args.settings)
    try:
        found = await target.endpoints()
        if args.json:
            # a cluster adds the addresses of its brokers, and why an endpoint is missing
            more = {"brokers": found.brokers, "absent": found.absent}
            emit_json({**found.addresses, **{name: each for name, each in more.items() if each}})
        else:
            emit(shown(found))
        if found.missing:
            talk(f"controlroom: missing: {', '.join(found.missing)}.")
        if args.hold:
            talk("The ports stay open until ctrl+c.")
            await asyncio.Event().wait()
    finally:
        await target.close()
    return Exit.FAILED if found.missing else Exit.OK


def shown(endpoints: Endpoints) -> str:
    """One line for each endpoint; why one is missing stands in its place."""
    return table(
        ("door", "address"),
        [
            (name, address or f"- {endpoints.absent.get(name, '')}")
            for name, address in endpoints.addresses.items()
        ],
        left=2,
    )
