"""The parsers: one of the words before the verb, one of each verb."""

from __future__ import annotations

import argparse
import difflib
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

from controlroom.cli.exits import CommandError
from controlroom.cli.verb import Verb
from controlroom.cli.verbs import VERBS, Entry

WIDTH = 80


class JoinContexts(argparse.Action):
    """`--context a --context b` is `a,b`."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Adds one."""
        before = getattr(namespace, self.dest, None)
        setattr(namespace, self.dest, f"{before},{values}" if before else str(values))


SETTINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--scenario", {"metavar": "NAME|FILE"}),
    ("--state-dir", {"metavar": "DIR"}),
    ("--durability", {"metavar": "process|power"}),
    ("--read-only", {"action": argparse.BooleanOptionalAction}),
    ("--context", {"metavar": "NAME", "action": JoinContexts}),
    ("--namespace", {"metavar": "NAME"}),
    ("--color", {"metavar": "WHEN"}),
    ("--ascii", {"action": argparse.BooleanOptionalAction}),
    ("--mouse", {"action": argparse.BooleanOptionalAction}),
    ("--fps", {"metavar": "N"}),
    ("--window", {"metavar": "SECONDS"}),
    ("--max-fault-seconds", {"metavar": "N"}),
    ("--max-load-seconds", {"metavar": "N"}),
    ("--max-users", {"metavar": "N"}),
)
"""Flags of the settings, accepted before and after every verb."""

SUMMARY = """\
  --scenario NAME|FILE   --state-dir DIR   --read-only   --color WHEN
  --context NAME (a cluster of the kubeconfig instead of the local stack)
  --json (data on stdout, talk on stderr)   --version   VERB --help"""


class Parser(argparse.ArgumentParser):
    """Errors become a CommandError, so that they look like all others."""

    def error(self, message: str) -> NoReturn:
        """Raises CommandError with the usage as its fix."""
        raise CommandError(f"{self.prog}: {message}", f"See `{self.prog} --help`.")


class _Format(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=WIDTH)


def overview() -> str:
    """What `controlroom --help` prints; fits 24 lines."""
    verbs = "\n".join(f"  {entry.name:<10} {entry.line}" for entry in VERBS)
    return f"usage: controlroom VERB [options]\n\n{verbs}\n\n{SUMMARY}"


def split(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Options that stand before the verb, and the verb with all that follows it."""
    parser = Parser("controlroom", add_help=False, allow_abbrev=False)
    _add_settings(parser)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-V", "--version", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    found = parser.parse_args(argv)
    return found, found.rest


def find(name: str) -> Entry:
    """The verb of that name. Raises CommandError with the nearest one."""
    for entry in VERBS:
        if entry.name == name:
            return entry
    near = difflib.get_close_matches(name, [entry.name for entry in VERBS], n=1)
    fix = f"Did you mean `controlroom {near[0]}`?" if near else "See `controlroom --help`."
    raise CommandError(f"controlroom has no verb {name!r}.", fix)


def verb_parser(entry: Entry, verb: Verb) -> Parser:
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
    parser.add_argument("--json", action="store_true", help="print data as JSON on stdout")
    verb.add_arguments(parser)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    for flag, more in SETTINGS:
        parser.add_argument(flag, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **more)
