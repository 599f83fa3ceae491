"""Faults that should be gone and are not: what holds them, and their removal by force."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from controlroom.cli.exits import CommandError, Exit
from controlroom.cli.verb import emit, emit_json, talk
from controlroom.runs.audit import acting
from controlroom.settings import Settings

if TYPE_CHECKING:
    from controlroom.targets.kubernetes.faults.mesh import ChaosMesh

T = TypeVar("T")


def show_stuck(settings: Settings, as_json: bool) -> Exit:
    """One sentence for each; exit code 6 where there is one, for it may still be injected."""
    found = _asked(settings, lambda mesh: mesh.stuck())
    if as_json:
        emit_json(found)
    for sentence in [] if as_json else found:
        emit(sentence)
    if not found:
        talk("Nothing is stuck.")
    return Exit.UNCLEAN if found else Exit.OK


def force(settings: Settings, fault: str) -> Exit:
    """Removes it without recovering, once its id was typed; always exit code 6."""
    if settings.read_only:
        raise CommandError(
            "This is read-only: nothing is removed.", "Leave --read-only out.", Exit.REFUSED
        )
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError(
            "A forced removal is confirmed by hand.", "Call it in a terminal.", Exit.REFUSED
        )
    talk("Its finalizers are removed WITHOUT recovering: what it did stays done.")
    sys.stderr.write(f"Type {fault} to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != fault:
        raise CommandError("Not confirmed; nothing was removed.", "", Exit.REFUSED)
    with acting(settings.state_dir, "force", settings.context, fault=fault):
        _asked(settings, lambda mesh: mesh.force(fault))
    talk(f"{fault} is removed; it may still be injected: restart the pods that it had hit.")
    return Exit.UNCLEAN


def _asked(settings: Settings, work: Callable[[ChaosMesh], Awaitable[T]]) -> T:
    from controlroom.targets.kubernetes.target import KubernetesTarget

    if len(settings.contexts) != 1:
        raise CommandError(
            "Only objects of Chaos Mesh get stuck, so one --context is wanted.",
            "Give --context NAME; on the local stack use `controlroom chaos stop`.",
        )

    async def ask() -> T:
        target = KubernetesTarget(settings.contexts[0], settings.namespace)
        try:
            return await work((await target.injector()).mesh)
        finally:
            await target.close()

    return asyncio.run(ask())
