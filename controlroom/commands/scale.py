"""`controlroom scale`: another number of replicas, or all pods replaced."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, perform_verb, unsaid
from controlroom.commands.question import Question

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
    parser.add_argument("--yes", action="store_true", help="do not ask")


@dataclass
class Scale(Act):
    """Changes the number of replicas; the target brings it about."""

    deployment: str
    replicas: int
    before: int | None = unsaid(None)
    """How many there are now, where that is known."""
    command = "scale"

    def line(self) -> str:
        """The equal command line."""
        return f"controlroom scale {self.deployment} {self.replicas}"

    async def prepare(self, here: Here) -> Question:
        now = "" if self.before is None else f"{self.before} -> "
        facts = [("replicas", f"{now}{self.replicas}")]
        if self.replicas == 0:
            facts.append(("effect", f"nothing of {self.deployment} is left running"))
        typed = self.deployment if self.replicas == 0 else ""
        heading = f"scale · {self.deployment}"
        return Question(heading, "Scale", "scaled", self.line(), typed, facts, alone=True)

    async def carry_out(self, here: Here) -> Answer:
        await here.target.scale(self.deployment, self.replicas)
        return Answer(
            f"{self.deployment}: {self.replicas} replicas wanted",
            "; `controlroom status` shows them",
            data={"deployment": self.deployment, "replicas": self.replicas},
        )


@dataclass
class Restart(Act):
    """Replaces all pods of a deployment by new ones."""

    deployment: str
    hits: Sequence[str] = unsaid(())
    command = "restart"

    async def prepare(self, here: Here) -> Question:
        preview = await here.target.preview_restart(self.deployment)
        self.hits = preview.hits
        return Question(
            f"restart · {self.deployment}",
            "Restart",
            "restarted",
            f"controlroom scale {self.deployment} --restart",
            self.deployment if preview.matched and not preview.stays else "",
            preview=preview,
            running=True,
        )

    async def carry_out(self, here: Here) -> Answer:
        await here.target.restart(self.deployment)
        return Answer(
            f"{self.deployment}: its pods are replaced",
            "; `controlroom status` shows it",
            data={"deployment": self.deployment, "restarts": list(self.hits)},
        )


async def main(args: argparse.Namespace) -> Exit:
    """Either of the two."""
    if args.restart == (args.replicas is not None):
        raise CommandError(
            "`controlroom scale` wants a number of replicas, or --restart, and not both.",
            "Give `controlroom scale DEPLOYMENT 3` or `controlroom scale DEPLOYMENT --restart`.",
        )
    if args.restart:
        return await perform_verb(Restart(args.deployment), args)
    return await perform_verb(Scale(args.deployment, args.replicas), args)
