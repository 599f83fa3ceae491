"""A command line that is typed inside: carried out where a face is. Names that it can hold."""

from __future__ import annotations

import asyncio
import inspect
import shlex
from collections.abc import Sequence
from dataclasses import replace

from controlroom.commands import parsers
from controlroom.commands.completing import experiment_names, layout_names, split_names
from controlroom.commands.errors import report
from controlroom.commands.exits import Exit
from controlroom.commands.registry import find
from controlroom.model.frame import FLEET, RUNS, Frame
from controlroom.runs.catalog import chaos_dir
from controlroom.runs.registry import kind_of
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

    @property
    def read_only(self) -> bool:
        """Whether the room may not act."""
        return self._frame.read_only

    def names(self, need: str) -> Sequence[str]:
        """Those of one kind of need; none of a kind that is not known."""
        runs = self._frame[RUNS].value
        if need == "deployment":
            fleet = self._frame[FLEET].value
            return [one.name for one in fleet.deployments] if fleet else []
        if need == "experiment":
            return sorted(path.stem for path in chaos_dir().glob("*.yaml"))
        if need in ("layout", "layout_word"):
            return layout_names(need)
        if need == "split":
            return split_names(self._frame.scenario)
        if need == "experiment_file":
            return experiment_names(self._frame.scenario)
        if need == "run":
            return [run.id for run in runs.runs] if runs else []
        if need == "fault":
            mine = [run.id for run in runs.runs if kind_of(run.kind).injects] if runs else []
            return [*mine, *(one.id for one in runs.left)] if runs else []
        return [self._frame.scenario] if need == "scenario" else []
