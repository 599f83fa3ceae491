"""`python -m images [NAME...]`: writes container images as archives that containerd imports."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from host.errors import StackError
from host.paths import images_dir, private_dir
from images.making import make
from images.recipes import RECIPES


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all are written, 1 with one sentence and its fix otherwise."""
    parser = argparse.ArgumentParser(prog="python -m images", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RECIPES)}")
    parser.add_argument("--to", type=Path, help="folder of the archives (default: the cache)")
    parser.add_argument(
        "--scenario", type=Path, metavar="DIR", help="make services-NAME too, with the code of it"
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in RECIPES]
    if unknown:
        parser.error(f"no such image: {', '.join(unknown)} (there are {', '.join(RECIPES)})")
    started = time.monotonic()

    def progress(line: str) -> None:
        print(f"[{time.monotonic() - started:5.1f} s] {line}", file=sys.stderr, flush=True)

    try:
        target = private_dir((options.to or images_dir()).absolute())
        with tempfile.TemporaryDirectory(prefix="controlroom-images-") as folder:
            names = options.names or ([] if options.scenario else list(RECIPES))
            made = make(names, target, Path(folder), progress, options.scenario)
            for image in asyncio.run(made):
                megabytes = f"{image.bytes / 1e6:6.1f} MB"
                print(f"{image.name}  {megabytes}  {image.digest}  {image.file}")
    except StackError as error:
        print(f"error: {error.message}\nfix: {error.fix}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
