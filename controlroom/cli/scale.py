"""`controlroom scale`: another number of replicas."""

from __future__ import annotations

import argparse

from controlroom.cli.exits import Exit
from controlroom.cli.verb import emit_json, talk
from controlroom.runs.audit import acting
from controlroom.settings import Settings
from controlroom.targets.choosing import target_of, title_of

DESCRIPTION = "Set the number of replicas of a deployment, within its autoscaler's bounds."
EXAMPLES = ("controlroom scale consumer 5", "controlroom scale producer-http 3")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares deployment and number."""
    parser.add_argument("deployment", help="such as consumer")
    parser.add_argument("replicas", type=int, help="how many pods")


async def main(args: argparse.Namespace) -> Exit:
    """Records the wish; the target brings it about."""
    settings: Settings = args.settings
    target = target_of(settings)
    try:
        facts = {"deployment": args.deployment, "replicas": args.replicas}
        with acting(settings.state_dir, "scale", title_of(settings), **facts):
            await target.scale(args.deployment, args.replicas)
    finally:
        await target.close()
    talk(f"{args.deployment}: {args.replicas} replicas wanted; `controlroom status` shows them")
    if args.json:
        emit_json({"deployment": args.deployment, "replicas": args.replicas})
    return Exit.OK
