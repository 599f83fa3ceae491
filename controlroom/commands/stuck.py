"""Faults that should be gone and are not: what holds them, and their removal by force."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import emit, emit_json, talk
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer
from controlroom.commands.question import Question
from controlroom.settings import Settings

if TYPE_CHECKING:
    from controlroom.targets.kubernetes.faults.mesh import ChaosMesh


async def show_stuck(settings: Settings, as_json: bool) -> Exit:
    """One sentence for each; exit code 6 where there is one, for it may still be injected."""
    async with _mesh(settings) as mesh:
        found = await mesh.stuck()
    if as_json:
        emit_json(found)
    for sentence in [] if as_json else found:
        emit(sentence)
    if not found:
        talk("Nothing is stuck.")
    return Exit.UNCLEAN if found else Exit.OK


@dataclass
class Force(Act):
    """Removes it without recovering, once its id was typed; always exit code 6."""

    fault: str
    command = "force"

    async def prepare(self, here: Here) -> Question:
        facts = (("effect", "finalizers are removed WITHOUT recovering: what it did stays done"),)
        return Question(
            f"force · {self.fault}",
            "Remove",
            "removed",
            f"controlroom chaos force {self.fault}",
            self.fault,
            facts,
            by_hand=True,
            unconfirmed=("A forced removal is confirmed by hand.", "Call it in a terminal."),
        )

    async def carry_out(self, here: Here) -> Answer:
        async with _mesh(here.settings) as mesh:
            await mesh.force(self.fault)
        return Answer(
            f"{self.fault} is removed; it may still be injected: restart the pods that it had hit.",
            code=Exit.UNCLEAN,
        )


@asynccontextmanager
async def _mesh(settings: Settings) -> AsyncIterator[ChaosMesh]:
    from controlroom.targets.kubernetes.target import KubernetesTarget

    if len(settings.contexts) != 1:
        raise CommandError(
            "Only objects of Chaos Mesh get stuck, so one --context is wanted.",
            "Give --context NAME; on the local stack use `controlroom chaos stop`.",
        )
    target = KubernetesTarget(settings.contexts[0], settings.namespace)
    try:
        yield (await target.injector()).mesh
    finally:
        await target.close()
