"""`controlroom doctor`: is everything here that the local stack, or a context, needs?"""

from __future__ import annotations

import argparse

from controlroom.commands.checks import show
from controlroom.commands.exits import Exit
from controlroom.settings import Settings
from host.doctor import Check
from stack.doctor import examine

DESCRIPTION = """\
Check this machine: programs, folders, disk, ports, terminal. With --context check
that cluster instead: reached, rights, what is deployed, metrics, faults. Every
fault comes with a line that fixes it. Exit code 1 when there is one."""
EXAMPLES = (
    "controlroom doctor",
    "controlroom doctor --context lab-a --context lab-b",
    "controlroom doctor --json | jq '.[] | select(.ok|not)'",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Has no options of its own."""


async def main(args: argparse.Namespace) -> Exit:
    """Runs all checks; changes nothing."""
    settings: Settings = args.settings
    if not settings.contexts:
        return show({"": await examine(settings.state_dir)}, args)
    return show({name: await _cluster(name, settings) for name in settings.contexts}, args)


async def _cluster(context: str, settings: Settings) -> list[Check]:
    from controlroom.targets.kubernetes.doctor import examine as examine_context
    from controlroom.targets.kubernetes.target import KubernetesTarget

    target = KubernetesTarget(context, settings.namespace)
    try:
        return [check async for check in examine_context(target, settings.read_only)]
    finally:
        await target.close()
