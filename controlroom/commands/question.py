"""What is asked before an act, the same by every face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controlroom.targets.abilities import Preview

Fact = tuple[str, str]
"""A word at the left, and what it says."""


@dataclass(frozen=True, slots=True)
class Question:
    """A confirmation: by yes or no, or by a name that is typed."""

    heading: str
    verb: str
    """What is done, as the button says it: `Inject`."""
    done: str
    """The same when it is done: `injected`."""
    command: str
    """The equal command line."""
    typed: str = ""
    """What has to be typed; yes or no where it is empty."""
    facts: Sequence[Fact] = ()
    preview: Preview | None = None
    title: str = ""
    """What stands above a preview on the command line."""
    running: bool = False
    """Whether what runs now matters, where that is known."""
    alone: bool = False
    """Whether it is done without a question where nobody can answer, as in a script. That holds for
    what scripts may always do, and for what ends something, which must always work."""
    by_hand: bool = False
    """Whether `--yes` is not enough, because a name must be typed."""
    unconfirmed: tuple[str, str] | None = None
    """The error and its fix where it is not confirmed; otherwise a plain sentence."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What was agreed to beforehand, by flags."""

    yes: bool = False
    typed: str | None = None


def preview_facts(preview: Preview) -> list[Fact]:
    """What it would hit, what stays, how it ends."""
    if preview.branches:
        return [*_split_facts(preview), *(("note", remark) for remark in preview.remarks)]
    names = ", ".join(preview.hits[:3]) + (" …" if len(preview.hits) > 3 else "")
    facts = [
        ("hits now", f"{preview.hit_count} of {preview.matched}   {names}"),
        ("stays", f"{preview.stays} ready"),
        ("effect", preview.effect),
        ("ends", preview.ends),
    ]
    return facts + [("note", remark) for remark in preview.remarks]


def preview_lines(preview: Preview) -> list[str]:
    """The same as lines, with every name."""
    if preview.branches:
        return [f"{word:<8}{said}" for word, said in preview_facts(preview)]
    return [
        f"hits    {preview.hit_count} of {preview.matched}: {_hits(preview)}",
        f"stays   {preview.stays}",
        f"effect  {preview.effect}",
        f"ends    {preview.ends}",
        *(f"note    {remark}" for remark in preview.remarks),
    ]


def _split_facts(preview: Preview) -> list[Fact]:
    """What goes where, and until when."""
    words = ("goes to", *[""] * (len(preview.branches) - 1))
    goes = list(zip(words, preview.branches, strict=True))
    return [("effect", preview.effect), *goes, ("ends", preview.ends)]


def _hits(preview: Preview) -> str:
    names = ", ".join(preview.hits) or "none"
    return f"drawn from {names}" if preview.hit_count < len(preview.hits) else names
