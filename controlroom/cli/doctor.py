"""`controlroom doctor`: is everything here that the local stack, or a context, needs?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from controlroom.cli.exits import Exit
from controlroom.cli.table import sign
from controlroom.cli.verb import emit, emit_json
from controlroom.settings import Settings
from stack.doctor import Check, examine

DESCRIPTION = """\
Check this machine: programs, folders, disk, ports, terminal. With --context check
that cluster instead: reached, rights, what is deployed, metrics, faults. Every
fault comes with a line that mends it. Exit code 1 when there is one."""
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
    if settings.contexts:
        found = [(name, await _clusters(name, settings)) for name in settings.contexts]
    else:
        found = [("", await examine(settings.state_dir))]
    if args.json:
        emit_json([{**asdict(c), **_place(name)} for name, checks in found for c in checks])
    else:
        for name, checks in found:
            _print(name, checks, settings)
    return Exit.OK if all(check.ok for _, checks in found for check in checks) else Exit.FAILED


def _place(context: str) -> dict[str, str]:
    return {"context": context} if context else {}


def _print(context: str, checks: Sequence[Check], settings: Settings) -> None:
    if context:
        emit(f"{context}:")
    width = max(len(check.name) for check in checks)
    for check in checks:
        emit(f"{sign(check.ok, settings)} {check.name:<{width}}  {check.message}")
        if not check.ok and check.fix:
            emit(f"  {'':<{width}}  -> {check.fix}")


async def _clusters(context: str, settings: Settings) -> list[Check]:
    from controlroom.targets.kubernetes.doctor import examine as examine_context
    from controlroom.targets.kubernetes.target import KubernetesTarget

    target = KubernetesTarget(context, settings.namespace)
    try:
        return [check async for check in examine_context(target, settings.read_only)]
    finally:
        await target.close()
