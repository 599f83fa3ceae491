"""A command line that is typed inside: carried out where a face is, and completed."""

from __future__ import annotations

import argparse
import asyncio
import inspect
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from controlroom.commands import parsers
from controlroom.commands.errors import report
from controlroom.commands.exits import Exit
from controlroom.commands.registry import commands, find, verbs
from controlroom.model.frame import Frame
from controlroom.runs.catalog import chaos_dir
from controlroom.settings import Settings, over


async def run(text: str, settings: Settings) -> Exit:
    """Carries it out and says what came of it, also what is wrong with it, through the face.

    Never raises but where it is cancelled.
    """
    words: Sequence[str] = ()
    try:
        words = _words(text)
        if not words:
            return Exit.OK
        entry = find(words[0], inside=True)
        # what a verb imports must not hold the screen up
        await asyncio.to_thread(entry.load)
        verb, args = parsers.parse(entry, words[1:])
        args.settings = over(replace(settings, color="never"), parsers.flags_of(args))
        code = verb.main(args)
        return await code if inspect.isawaitable(code) else code
    except SystemExit:
        return Exit.OK
    except Exception as error:
        return report(error, words)


def _words(text: str) -> list[str]:
    words = shlex.split(text)
    return words[1:] if words[:1] == ["controlroom"] else words


class Known:
    """Names that can be completed, as the newest picture has them."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def names(self, need: str) -> Sequence[str]:
        """Those of one kind of need; none of a kind that is not known."""
        runs = self._frame.runs.value
        if need == "deployment":
            fleet = self._frame.fleet.value
            return [one.name for one in fleet.deployments] if fleet else []
        if need == "experiment":
            return sorted(path.stem for path in chaos_dir().glob("*.yaml"))
        if need == "run":
            return [run.id for run in runs.runs] if runs else []
        if need == "fault":
            mine = [run.id for run in runs.runs if run.kind == "chaos"] if runs else []
            return [*mine, *(one.id for one in runs.left)] if runs else []
        return [self._frame.scenario] if need == "scenario" else []


def complete(text: str, known: Known) -> list[str]:
    """What the last word can become, in order; empty where nothing is known."""
    before, _, last = text.rpartition(" ")
    words = before.split()
    words = words[1:] if words[:1] == ["controlroom"] else words
    found = _candidates(words, last, known)
    return list(dict.fromkeys(one for one in found if one.startswith(last)))


def common(found: Sequence[str]) -> str:
    """What all of them begin with."""
    first, last = min(found), max(found)
    return next((first[:n] for n, sign in enumerate(first) if last[n : n + 1] != sign), first)


def _candidates(words: Sequence[str], last: str, known: Known) -> Iterator[str]:
    if not words:
        yield from (verb.name for verb in verbs(inside=True))
        return
    entry = next((verb for verb in verbs(inside=True) if verb.name == words[0]), None)
    if entry is None:
        return
    parser = parsers.verb_parser(entry, entry.load())
    if last.startswith("-"):
        yield from _options(parser)
        return
    for command in commands():
        said = command.verb.split()
        place = len(words) - len(said)
        if said and list(words[: len(said)]) == said and place < len(command.needs):
            yield from known.names(command.needs[place])
    if len(words) == 1:
        yield from _actions(parser)


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for each in parser._actions:
        if each.help != argparse.SUPPRESS:
            yield from (name for name in each.option_strings if name.startswith("--"))


def _actions(parser: argparse.ArgumentParser) -> Iterator[str]:
    for each in parser._actions:
        if not each.option_strings and each.choices:
            yield from map(str, each.choices)
