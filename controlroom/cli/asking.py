"""What a command shows before it acts, and the question that it asks."""

from __future__ import annotations

import sys

from controlroom.cli.exits import CommandError, Exit
from controlroom.targets.abilities import Preview


def preview_lines(preview: Preview) -> list[str]:
    """What would be hit, what stays, how it ends."""
    return [
        f"hits    {preview.hit_count} of {preview.matched}: {_hits(preview)}",
        f"stays   {preview.stays}",
        f"effect  {preview.effect}",
        f"ends    {preview.ends}",
        *(f"note    {remark}" for remark in preview.remarks),
    ]


def confirm(question: str, done: str, typed: str = "") -> None:
    """Returns when a person has agreed; `typed` has to be written out, else y is enough.

    Raises CommandError where nobody is there, or somebody said no: nothing was `done`.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError(
            "Nobody is there to confirm this.", "Give --yes to do it unasked.", Exit.REFUSED
        )
    sys.stderr.write(f"Type {typed} to go on: " if typed else f"{question}? [y/N] ")
    sys.stderr.flush()
    given = sys.stdin.readline().strip()
    if given != typed if typed else given.lower() not in ("y", "yes"):
        raise CommandError(f"Not confirmed; nothing was {done}.", "", Exit.REFUSED)


def _hits(preview: Preview) -> str:
    names = ", ".join(preview.hits) or "none"
    return f"drawn from {names}" if preview.hit_count < len(preview.hits) else names
