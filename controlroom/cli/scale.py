"""`controlroom scale`: another number of replicas, or all pods anew."""

from __future__ import annotations

import argparse

from controlroom.cli.asking import confirm, preview_lines
from controlroom.cli.exits import CommandError, Exit
from controlroom.cli.verb import emit_json, talk
from controlroom.runs.audit import acting
from controlroom.settings import Settings
from controlroom.targets.abilities import Target
from controlroom.targets.choosing import target_of, title_of

DESCRIPTION = (
    "Set the number of replicas of a deployment, within its autoscaler's bounds, or\n"
    "replace its pods by new ones (--restart), which is shown first and confirmed."
)
EXAMPLES = ("controlroom scale consumer 5", "controlroom scale consumer --restart --context lab-a")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares deployment and number."""
    parser.usage = "controlroom scale DEPLOYMENT REPLICAS | DEPLOYMENT --restart [--yes]"
    parser.add_argument("deployment", help="such as consumer")
    parser.add_argument("replicas", type=int, nargs="?", help="how many pods")
    parser.add_argument("--restart", action="store_true", help="replace all pods by new ones")
    parser.add_argument("--yes", action="store_true", help="of --restart: do not ask")


async def main(args: argparse.Namespace) -> Exit:
    """Records the wish; the target brings it about."""
    settings: Settings = args.settings
    if args.restart == (args.replicas is not None):
        raise CommandError(
            "`controlroom scale` wants a number of replicas, or --restart, and not both.",
            "Give `controlroom scale DEPLOYMENT 3` or `controlroom scale DEPLOYMENT --restart`.",
        )
    if settings.read_only:
        raise CommandError(
            "This is read-only: nothing is scaled.", "Leave --read-only out.", Exit.REFUSED
        )
    target = target_of(settings)
    try:
        if args.restart:
            return await _restart(target, settings, args)
        facts = {"deployment": args.deployment, "replicas": args.replicas}
        with acting(settings.state_dir, "scale", title_of(settings), **facts):
            await target.scale(args.deployment, args.replicas)
    finally:
        await target.close()
    talk(f"{args.deployment}: {args.replicas} replicas wanted; `controlroom status` shows them")
    if args.json:
        emit_json({"deployment": args.deployment, "replicas": args.replicas})
    return Exit.OK


async def _restart(target: Target, settings: Settings, args: argparse.Namespace) -> Exit:
    with acting(settings.state_dir, "restart", title_of(settings), deployment=args.deployment):
        preview = await target.preview_restart(args.deployment)
        for line in preview_lines(preview):
            talk(line)
        if not args.yes:
            confirm("Restart it", "restarted")
        await target.restart(args.deployment)
    talk(f"{args.deployment}: {preview.hit_count} pods are replaced; `controlroom status` shows it")
    if args.json:
        emit_json({"deployment": args.deployment, "restarts": preview.hits})
    return Exit.OK
