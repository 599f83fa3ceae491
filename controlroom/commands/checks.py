"""What a doctor found, as all doctors print it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from controlroom.commands.exits import Exit
from controlroom.commands.face import emit, emit_json
from controlroom.commands.table import sign
from host.doctor import Check


def show(found: Mapping[str, Sequence[Check]], args: argparse.Namespace) -> Exit:
    """Prints a line for each check and one for its fix; FAILED where any is not ok.

    `found`: context -> checks; the empty context is this machine, and is not named.
    """
    if args.json:
        emit_json([{**asdict(c), **_place(name)} for name, checks in found.items() for c in checks])
    else:
        for name, checks in found.items():
            if name:
                emit(f"{name}:")
            _print(checks, args)
    return Exit.OK if all(c.ok for checks in found.values() for c in checks) else Exit.FAILED


def _place(context: str) -> dict[str, str]:
    return {"context": context} if context else {}


def _print(checks: Sequence[Check], args: argparse.Namespace) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        emit(f"{sign(check.ok, args.settings)} {check.name:<{width}}  {check.message}")
        if not check.ok and check.fix:
            emit(f"  {'':<{width}}  -> {check.fix}")
