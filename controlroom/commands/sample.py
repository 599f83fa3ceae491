"""`controlroom sample`: records made by the samples of a scenario, as a file for `run -f`."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from controlroom.commands.exits import CommandError, Exit
from controlroom.commands.face import NobodyReadsError, talk
from scenarios.events import EventCodec
from scenarios.loading import load

MOST = 10_000_000
DESCRIPTION = """\
Print records of a scenario as a JSON array, one record a line, made by its samples.
The same seed makes the same records; the seed is said on standard error."""
EXAMPLES = (
    "controlroom sample covid -n 100000 -o traffic.json",
    "controlroom sample covid -n 50 --seed 7 | jq '.[0]'",
    "controlroom run -f traffic.json --seed 7 --wait 0.1-0.9",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares which scenario, how many records, and where they go."""
    add = parser.add_argument
    add("scenario", nargs="?", default="", metavar="SCENARIO", help="name, folder or file")
    add("-n", "--number", type=int, default=1_000, metavar="N", help="how many records (1000)")
    add("--seed", type=int, metavar="N", help="makes the same records again")
    add("-o", "--output", default="", metavar="FILE", help="write it there instead")


def main(args: argparse.Namespace) -> Exit:
    """Writes them. Raises CommandError for a number or a file, ScenarioError for a scenario."""
    if not 1 <= args.number <= MOST:
        raise CommandError(f"-n {args.number} cannot be made.", f"Give 1 to {MOST}.")
    codec = EventCodec(load(args.scenario or args.settings.scenario))
    seed = random.randrange(1 << 31) if args.seed is None else args.seed
    with _opened(args.output) as out:
        for piece in text_of(codec, args.number, seed):
            out.write(piece)
    talk(f"{args.number} records of {codec.scenario.name}, seed {seed}")
    return Exit.OK


def text_of(codec: EventCodec, number: int, seed: int) -> Iterator[str]:
    """The file, a line at a time."""
    chance = random.Random(seed)
    for at in range(number):
        record = json.dumps(codec.generate(chance), ensure_ascii=False, separators=(",", ":"))
        yield f"{',' if at else '['}\n{record}"
    yield "\n]\n"


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    """Standard output, or a file that is there once it is whole."""
    if not name:
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise NobodyReadsError from error
        return
    path = Path(name).expanduser()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise CommandError(f"-o {name}: {error.strerror}.", "Name a file in a folder.") from error
    finally:
        part.unlink(missing_ok=True)
