"""From the words of the command line to an exit code. No traceback reaches a person."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from controlroom.commands import parsers
from controlroom.commands.exits import Exit
from controlroom.commands.face import NobodyReadsError, emit, talk
from controlroom.commands.registry import find, read_user_commands

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
        from controlroom.commands.errors import report

        return report(error, argv)


def _run(argv: Sequence[str]) -> int:
    if argv[:1] == ["--complete"]:
        return _completed(argv[1:])
    before, rest = parsers.split(argv)
    for sentence in read_user_commands(os.environ):
        talk(f"controlroom: {sentence}")
    if before.version or before.help:
        rest = ["version" if before.version else "help"]
    if not rest:
        talk(parsers.overview())
        return Exit.USAGE
    entry = find(rest[0])
    verb, args = parsers.parse(entry, rest[1:])
    args.json = args.json or before.json
    if entry.itself:
        return _finished(verb.main(args))
    # a verb may have the same flag: where it was not given there, the one before the verb holds
    args.settings = _settings(parsers.flags_of(before, args))
    return _finished(verb.main(args))


def _completed(words: Sequence[str]) -> int:
    """What a shell asks for at a key: an error is no candidate, and nothing is said of it."""
    with contextlib.suppress(Exception):
        from controlroom.commands.completing import for_shell

        read_user_commands(os.environ)
        emit(for_shell(words))
    return Exit.OK


def _settings(flags: Mapping[str, Any]) -> Settings:
    from controlroom.settings import load

    settings = load(flags)
    if settings.keys:
        from controlroom.commands.keymap import apply

        apply(settings.keys, settings.origin("keys"))
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

    from host.ending import EndedBySignal, cancelled_by

    async def awaited() -> int:
        with cancelled_by(signal.SIGTERM, _terminate):
            return await answer

    try:
        return asyncio.run(awaited())
    except EndedBySignal as end:
        return end.code


def _terminate(number: int, frame: object) -> NoReturn:
    raise SystemExit(Exit.TERMINATED)


def _tolerate_terminals() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
