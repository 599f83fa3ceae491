"""`controlroom undeploy`: takes an overlay away from a cluster again."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path

from controlroom.commands.deploy import INSIST, one_place, overlay_fact
from controlroom.commands.exits import Exit
from controlroom.commands.face import talk
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, perform_verb

DESCRIPTION = """\
Remove from a cluster what `controlroom deploy` made there, and nothing else.
Volumes stay with their data unless --volumes is given. A namespace that holds
anything of somebody else stays, and is named."""
EXAMPLES = (
    "controlroom undeploy --context lab-a --overlay lab-one",
    "controlroom undeploy --context lab-a --overlay lab-one --volumes",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what is taken from where."""
    parser.add_argument("--context", metavar="NAME", help="the cluster, as the kubeconfig names it")
    parser.add_argument("--overlay", metavar="NAME|DIR", help="what was deployed")
    parser.add_argument("--namespace", metavar="NAME", help="where its services are")
    parser.add_argument("--volumes", action="store_true", help="remove the data of the stores too")


@dataclass
class Undeploy(Act):
    """Removes what the inventory in the cluster lists."""

    overlay: str
    volumes: bool = False
    command = "undeploy"

    async def carry_out(self, here: Here) -> Answer:
        from controlroom.targets.kubernetes.deploy.applying import Applier
        from controlroom.targets.kubernetes.target import KubernetesTarget

        target = KubernetesTarget(here.context, here.settings.namespace, INSIST)
        try:
            name = Path(self.overlay).name
            applier = Applier(target.api, await target.namespace(), name, talk)
            removed = await applier.remove(self.volumes)
        finally:
            await target.close()
        lines = [
            f"{len(removed.items)} objects removed.",
            *(f"Kept: {one}" for one in removed.kept),
        ]
        if removed.data:
            again = f"controlroom undeploy --context {target.api.context} --overlay {self.overlay}"
            lines.append(f"Deployed again it is used again. To remove it: {again} --volumes")
        return Answer(
            "\n".join(lines),
            data={"removed": [asdict(i) for i in removed.items], "kept": list(removed.kept)},
        )


async def main(args: argparse.Namespace) -> Exit:
    """Takes it away."""
    return await perform_verb(Undeploy(overlay_fact(one_place(args)), args.volumes), args)
