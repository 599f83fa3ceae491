"""What a doctor found, as both doctors print it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from controlroom.cli.exits import Exit
from controlroom.cli.table import sign
from controlroom.cli.verb import emit, emit_json
from stack.doctor import Check


def show(checks: Sequence[Check], args: argparse.Namespace) -> Exit:
    """Prints a line for each check and one for its fix; FAILED where any is not ok."""
    if args.json:
        emit_json([asdict(check) for check in checks])
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            emit(f"{sign(check.ok, args.settings)} {check.name:<{width}}  {check.message}")
            if not check.ok and check.fix:
                emit(f"  {'':<{width}}  -> {check.fix}")
    return Exit.OK if all(check.ok for check in checks) else Exit.FAILED
