"""What the last word of a command line can become, for the command bar and for shells."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from typing import Protocol

from controlroom.commands import parsers
from controlroom.commands.command import Verb
from controlroom.commands.exits import CommandError
from controlroom.commands.registry import commands, verbs
from controlroom.settings import CHOICES, load
from host.project import PROJECT

Candidate = tuple[str, str]
"""A word, and what is said of it where somebody shows that."""


class Names(Protocol):
    """Where names come from that only the target knows."""

    def names(self, need: str) -> Sequence[str]:
        """Those of one kind of need; none of a kind that is not known."""
        ...


class OnDisk:
    """Names that are known without asking a stack or a cluster."""

    def names(self, need: str) -> Sequence[str]:
        """As `Names` has it. Imports only what the kind needs: somebody waits at a prompt."""
        if need in ("run", "fault"):
            from controlroom.runs.registry import kind_of
            from controlroom.runs.store import RunStore
            from host.paths import runs_dir

            runs = RunStore(runs_dir(load().state_dir)).runs().runs
            return [run.id for run in runs if need == "run" or kind_of(run.kind).injects]
        if need == "experiment":
            from controlroom.runs.catalog import chaos_dir

            return sorted(path.stem for path in chaos_dir().glob("*.yaml"))
        if need == "split":
            return split_names(load().scenario)
        if need == "experiment_file":
            return experiment_names(load().scenario)
        if need in ("layout", "layout_word"):
            return layout_names(need)
        if need == "overlay":
            return sorted(path.name for path in (PROJECT / "k8s" / "overlays").iterdir())
        if need == "deployment":
            files = sorted((PROJECT / "k8s" / "base").glob("*.yaml"))
            return [file.stem for file in files if "kind: Deployment" in file.read_text()]
        if need == "scenario":
            from scenarios.loading import names

            return names()
        return []


def layout_names(need: str) -> list[str]:
    """The layouts; for `layout_word` also what else stands after `layout`."""
    from controlroom.layouts import WORDS, names

    return [*(WORDS if need == "layout_word" else ()), *names(os.environ)]


def split_names(scenario: str) -> list[str]:
    """The splits that a scenario has; none of one that cannot be read."""
    from controlroom.runs.splits import split_files, splits_dir
    from scenarios.errors import ScenarioError
    from scenarios.loading import load as scenario_of

    try:
        return [one.name for one in split_files(splits_dir(scenario_of(scenario)))]
    except ScenarioError:
        return []


def experiment_names(scenario: str) -> list[str]:
    """The experiments that a scenario has; none of one that cannot be read."""
    from scenarios.errors import ScenarioError
    from scenarios.loading import load as scenario_of

    try:
        folder = scenario_of(scenario).folder
    except ScenarioError:
        return []
    return sorted(path.stem for path in (folder / "experiments").glob("*.yaml")) if folder else []


def complete(text: str, known: Names, read_only: bool = False) -> list[str]:
    """What the last word of a line of the command bar can become, in order; of a room that is
    read-only without what would act."""
    before, _, last = text.rpartition(" ")
    words = before.split()
    words = words[1:] if words[:1] == ["controlroom"] else words
    acts = {one.verb for one in commands() if read_only and one.changes}
    found = [word for word, _ in candidates(words, last, known, inside=True)]
    return [word for word in found if " ".join((*words, word)) not in acts]


def common(found: Sequence[str]) -> str:
    """What all of them begin with."""
    first, last = min(found), max(found)
    return next((first[:n] for n, sign in enumerate(first) if last[n : n + 1] != sign), first)


def candidates(
    words: Sequence[str], last: str, known: Names, inside: bool = False
) -> list[Candidate]:
    """The same for words after `controlroom`; `inside` is a room, which takes no flag before."""
    flag, equals, value = last.partition("=")
    if equals and flag.startswith("--"):
        found = candidates([*words, flag], value, known, inside)
        return [(f"{flag}={word}", about) for word, about in found]
    every: dict[str, str] = {}
    for word, about in _candidates(words, last, known, inside):
        every.setdefault(word, about)
    return [(word, about) for word, about in every.items() if word.startswith(last)]


def _candidates(words: Sequence[str], last: str, known: Names, inside: bool) -> Iterator[Candidate]:
    if not inside:
        before = parsers.before_parser()
        try:
            words = parsers.split(words)[1]
        except CommandError:  # a flag before the verb lacks its value, or there is no such flag
            if (action := _open_flag(before, words)) is not None:
                yield from _values(action, known)
            return
    if not words:
        yield from ((verb.name, verb.line) for verb in verbs(inside))
        if not inside:
            yield from _options(before)
            yield from _settings(before)
        return
    entry = next((verb for verb in verbs(inside) if verb.name == words[0]), None)
    if entry is not None:
        yield from _of_verb(entry, words, last, known, inside)


def _of_verb(
    entry: Verb, words: Sequence[str], last: str, known: Names, inside: bool
) -> Iterator[Candidate]:
    parser = parsers.verb_parser(entry, entry.load())
    action = _open_flag(parser, words)
    if action is not None and (found := [*_values(action, known)]):
        yield from found
        return
    if last.startswith("-"):
        yield from _options(parser)
        if not inside:
            yield from _settings(parser)
        return
    positional = [each for each in parser._actions if not each.option_strings]
    for command in commands():
        said = command.verb.split()
        place = len(words) - len(said)
        named = said and (positional or said[-1][0] == "-")
        if named and list(words[: len(said)]) == said and place < len(command.needs):
            yield from ((name, "") for name in known.names(command.needs[place]))
        if place < 0 and said[: len(words)] == list(words) and said[len(words)][0] != "-":
            yield said[len(words)], ""
    if len(words) == 1 and action is None:
        choices = (each.choices or known.names(each.dest) for each in positional)
        yield from ((str(choice), "") for each in choices for choice in each)
    if list(words) == ["help"]:
        yield from ((verb.name, verb.line) for verb in verbs(inside))


def _open_flag(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Action | None:
    """The flag that the last word is, where a value has to follow it."""
    action = parser._option_string_actions.get(words[-1]) if words else None
    return action if action is not None and action.nargs is None else None


def _values(action: argparse.Action, known: Names) -> Iterator[Candidate]:
    choices = action.choices or CHOICES.get(action.dest) or known.names(action.dest)
    yield from ((str(choice), "") for choice in choices)


def _options(parser: argparse.ArgumentParser) -> Iterator[Candidate]:
    for each in parser._actions:
        if each.help != argparse.SUPPRESS:
            about = " ".join((each.help or "").split())
            yield from ((name, about) for name in each.option_strings if name.startswith("--"))


def _settings(parser: argparse.ArgumentParser) -> Iterator[Candidate]:
    """Flags that every verb takes and no help lists."""
    for flag, _ in parsers.SETTINGS:
        yield from ((name, "") for name in parser._option_string_actions[flag].option_strings)


def for_shell(words: Sequence[str]) -> str:
    """Lines `WORD<tab>WHAT IT IS`; empty where nothing is known, and never an error.

    `words` are those of the line up to the cursor, without the program's name. Where a shell cuts
    a word at `=`, it is put together again.
    """
    *before, last = words or [""]
    whole: list[str] = []
    for word in (*before, last):
        if whole and whole[-1].startswith("--") and (word == "=" or whole[-1].endswith("=")):
            whole[-1] += word
        else:
            whole.append(word)
    *before, whole_last = whole
    found = candidates(before, whole_last, OnDisk())
    # the shell replaces what it takes for the last word, which is what stands after the sign
    cut = len(whole_last) - len(last) if whole_last != last else 0
    cut += 1 if last == "=" else 0
    return "\n".join(f"{word[cut:]}\t{about}" for word, about in found)
