"""From the words of the command line to an exit code. No traceback reaches a person."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, NoReturn

from controlroom.cli import parsers
from controlroom.cli.exits import Exit
from controlroom.cli.verb import NobodyReadsError, emit, talk

if TYPE_CHECKING:
    from controlroom.settings import Settings


def enter(argv: Sequence[str]) -> int:
    """Runs one verb, or shows the help."""
    _tolerate_terminals()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return int(_run(argv))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except NobodyReadsError:
        # whoever read us has seen enough; the interpreter must not complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.OK
    except Exception as error:
        from controlroom.cli.errors import report

        return report(error, argv)


def _run(argv: Sequence[str]) -> int:
    before, rest = parsers.split(argv)
    if before.version:
        from stack.version import VERSION

        emit(f"controlroom {VERSION}")
        return Exit.OK
    if before.help or (rest and rest[0] == "help"):
        emit(parsers.overview())
        return Exit.OK
    if not rest:
        talk(parsers.overview())
        return Exit.USAGE
    entry = parsers.find(rest[0])
    verb = entry.load()
    parser = parsers.verb_parser(entry, verb)
    args = _parse(parser, rest[1:], getattr(verb, "TAKES_MORE", False))
    args.json = args.json or before.json
    args.settings = _settings(before, args)
    return _finished(verb.main(args))


def _parse(parser: parsers.Parser, words: Sequence[str], more: bool) -> argparse.Namespace:
    if not more:
        return parser.parse_args(words)
    args, args_more = parser.parse_known_args(words)
    args.more = args_more
    return args


def _settings(before: argparse.Namespace, args: argparse.Namespace) -> Settings:
    from controlroom.settings import NAMES, load

    # a verb may have the same flag: where it was not given there, the one before the verb holds
    given = [(name, value) for words in (before, args) for name, value in vars(words).items()]
    flags = {name: value for name, value in given if name in NAMES and value is not None}
    settings = load(flags)
    if "scenario" in flags:
        from scenarios.loading import load as load_scenario

        # also by verbs that do not need one, or not yet: it is wrong all the same
        load_scenario(settings.scenario)
    # the stack and the runs that are started from here find their folder by this
    os.environ["CONTROLROOM_STATE_DIR"] = str(settings.state_dir)
    # a stack that is started from here takes it from there
    os.environ["CONTROLROOM_DURABILITY"] = settings.durability
    return settings


def _finished(answer: Exit | Awaitable[Exit]) -> int:
    if isinstance(answer, int):
        return answer
    import asyncio

    async def awaited() -> int:
        return await answer

    return asyncio.run(awaited())


def _terminate(number: int, frame: object) -> NoReturn:
    raise SystemExit(Exit.TERMINATED)


def _tolerate_terminals() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
