"""`controlroom undeploy`: takes an overlay away from a cluster again."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from controlroom.cli.deploy import INSIST, one_place
from controlroom.cli.exits import Exit
from controlroom.cli.verb import emit_json, talk
from controlroom.runs.audit import acting

DESCRIPTION = """\
Remove from a cluster what `controlroom deploy` made there, and nothing else. A
namespace that holds anything of somebody else stays, and is named."""
EXAMPLES = (
    "controlroom undeploy --context lab-a --overlay lab-one",
    "controlroom undeploy --context prod --overlay one --keep-data",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what is taken from where."""
    parser.add_argument("--context", metavar="NAME", help="the cluster, as the kubeconfig names it")
    parser.add_argument("--overlay", metavar="NAME|DIR", help="what was deployed")
    parser.add_argument("--namespace", metavar="NAME", help="where its services are")
    parser.add_argument("--keep-data", action="store_true", help="leave the volumes of the stores")


async def main(args: argparse.Namespace) -> Exit:
    """Removes what the inventory in the cluster lists."""
    from controlroom.targets.kubernetes.deploy.applying import Applier
    from controlroom.targets.kubernetes.target import KubernetesTarget

    context, overlay = one_place(args)
    target = KubernetesTarget(context, args.settings.namespace, INSIST)
    try:
        applier = Applier(target.api, await target.namespace(), Path(overlay).name, talk)
        with acting(args.settings.state_dir, "undeploy", context, overlay=overlay):
            removed = await applier.remove(args.keep_data)
    finally:
        await target.close()
    if args.json:
        emit_json({"removed": [asdict(i) for i in removed.items], "kept": list(removed.kept)})
    talk(f"{len(removed.items)} objects removed.")
    for sentence in removed.kept:
        talk(f"Kept: {sentence}")
    return Exit.OK
