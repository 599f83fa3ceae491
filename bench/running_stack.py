"""A stack that belongs to one run of a bench and goes with it, however the run ends."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.own_stack import OwnStack

INTERRUPTED = 130


def on_own_stack(measure: Callable[[OwnStack], None]) -> int:
    """Brings a stack up, measures, takes it down; the exit code."""
    with tempfile.TemporaryDirectory(prefix="controlroom-bench-") as folder:
        stack = OwnStack(Path(folder))
        try:
            up = stack.run("up", "--scenario", "bands", timeout=600, check=False)
            if up.code:
                print(up.err, file=sys.stderr)
                return up.code
            measure(stack)
        except KeyboardInterrupt:
            print("interrupted; what was started is taken down", file=sys.stderr)
            return INTERRUPTED
        finally:
            stack.run("down", check=False)
    return 0
