"""`python -m stack.install`: the engines; with `--rust-store` the faster document store too.

`--aside` builds that store alone, with one core at the lowest priority.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence

from host.errors import StackError
from host.install.progress import Progress
from stack.engines.mongo.programs import build_rust
from stack.install.engines import install_all


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is there, 1 with one sentence and its fix otherwise."""
    parser = argparse.ArgumentParser(prog="python -m stack.install", description=__doc__)
    parser.add_argument("--rust-store", action="store_true", help="compile SecantusDB (minutes)")
    parser.add_argument("--aside", action="store_true", help="in nobody's way")
    options = parser.parse_args(arguments)
    started = time.monotonic()

    def progress(line: str) -> None:
        print(f"[{time.monotonic() - started:5.1f} s] {line}", file=sys.stderr, flush=True)

    try:
        if options.aside:
            os.nice(19)
            os.environ["CARGO_BUILD_JOBS"] = os.environ["CMAKE_BUILD_PARALLEL_LEVEL"] = "1"
        asyncio.run(_install(options.rust_store, options.aside, progress))
    except StackError as error:
        print(f"error: {error.message}\nfix: {error.fix}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _install(rust_store: bool, aside: bool, progress: Progress) -> None:
    if rust_store:
        await build_rust(progress)
    if not aside:
        await install_all(progress)


if __name__ == "__main__":
    sys.exit(main())
