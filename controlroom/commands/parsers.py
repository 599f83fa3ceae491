"""The parsers: one of the words before the verb, one of each verb."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

from controlroom.commands.command import Verb, VerbModule
from controlroom.commands.exits import CommandError
from controlroom.commands.face import emit
from controlroom.commands.registry import verbs

WIDTH = 80


class AddContext(argparse.Action):
    """`--context a --context b` are two names; each is one as it stands."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Adds one."""
        before = getattr(namespace, self.dest, None) or []
        setattr(namespace, self.dest, [*before, str(values)])


SETTINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--scenario", {"metavar": "NAME|DIR|FILE"}),
    ("--state-dir", {"metavar": "DIR"}),
    ("--durability", {"metavar": "process|power"}),
    ("--read-only", {"action": argparse.BooleanOptionalAction}),
    ("--context", {"metavar": "NAME", "action": AddContext}),
    ("--namespace", {"metavar": "NAME"}),
    ("--color", {"metavar": "WHEN"}),
    ("--theme", {"metavar": "NAME"}),
    ("--layout", {"metavar": "NAME"}),
    ("--ascii", {"action": argparse.BooleanOptionalAction}),
    ("--mouse", {"action": argparse.BooleanOptionalAction}),
    ("--fps", {"metavar": "N"}),
    ("--window", {"metavar": "SECONDS"}),
    ("--pace", {"metavar": "N"}),
    ("--profile", {"metavar": "NAME"}),
    ("--max-fault-seconds", {"metavar": "N"}),
    ("--max-load-seconds", {"metavar": "N"}),
    ("--max-users", {"metavar": "N"}),
)
"""Flags of the settings, accepted before and after every verb."""

SUMMARY = """\
  --context NAME (a cluster, not the local stack)   --scenario NAME|DIR|FILE
  --json   --read-only"""


class Parser(argparse.ArgumentParser):
    """Errors become a CommandError, so that they look like all others."""

    def error(self, message: str) -> NoReturn:
        """Raises CommandError with the usage as its fix."""
        raise CommandError(f"{self.prog}: {message}", f"See `{self.prog} --help`.")

    def print_help(self, file: object = None) -> None:
        """Help is data."""
        emit(self.format_help().rstrip())


class _Format(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=WIDTH)


def overview() -> str:
    """What `controlroom --help` prints; fits 24 lines."""
    named = [verb for verb in verbs() if verb.itself or verb.seldom]
    lines = "\n".join(f"  {verb.name:<10} {verb.line}" for verb in verbs() if verb not in named)
    own = ", ".join(verb.name for verb in named)
    usage = "usage: controlroom VERB [options]      controlroom help VERB explains it"
    also = textwrap.fill(
        f"also: {own}", WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )
    return f"{usage}\n{lines}\n{SUMMARY}\n{also}"


def split(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Options that stand before the verb, and the verb with all that follows it."""
    found = before_parser().parse_args(argv)
    return found, found.rest


def before_parser() -> Parser:
    """The parser of what stands before the verb."""
    parser = Parser("controlroom", add_help=False, allow_abbrev=False)
    _add_settings(parser)
    parser.add_argument("-h", "--help", action="store_true", help="list the verbs")
    parser.add_argument("-V", "--version", action="store_true", help="print the version")
    parser.add_argument("--json", action="store_true", help="print data as JSON on stdout")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    return parser


def verb_parser(entry: Verb, verb: VerbModule) -> Parser:
    """The parser of one verb: its own options, `--json`, and the settings' flags, unlisted."""
    examples = "\n".join(f"  {line}" for line in verb.EXAMPLES)
    parser = Parser(
        f"controlroom {entry.name}",
        description=textwrap.fill(" ".join(verb.DESCRIPTION.split()), WIDTH),
        epilog=f"examples:\n{examples}",
        formatter_class=_Format,
        allow_abbrev=False,
        # a verb may declare a flag of the settings itself, to list and explain it
        conflict_handler="resolve",
    )
    _add_settings(parser)
    # a target that is production asks it of every verb that changes something
    parser.add_argument("--confirm", metavar="NAME", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print data as JSON on stdout")
    verb.add_arguments(parser)
    return parser


def parse(entry: Verb, words: Sequence[str]) -> tuple[VerbModule, argparse.Namespace]:
    """The verb's module, and what its words mean. Raises CommandError, SystemExit after a help."""
    verb = entry.load()
    parser = verb_parser(entry, verb)
    if not getattr(verb, "TAKES_MORE", False):
        return verb, parser.parse_args(words)
    args, more = parser.parse_known_args(words)
    args.more = more
    return verb, args


def flags_of(*given: argparse.Namespace) -> dict[str, Any]:
    """Flags of the settings among the words; of two the later one holds."""
    from controlroom.settings import NAMES

    every = [(name, value) for words in given for name, value in vars(words).items()]
    return {name: value for name, value in every if name in NAMES and value is not None}


def _add_settings(parser: argparse.ArgumentParser) -> None:
    for flag, more in SETTINGS:
        parser.add_argument(flag, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **more)
