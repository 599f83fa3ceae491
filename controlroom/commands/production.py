"""What is asked before an act on a target that is declared production: its name, typed."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from controlroom.commands.command import Command
from controlroom.commands.question import Consent, Question
from controlroom.model.marking import PRODUCTION
from controlroom.settings import Settings
from controlroom.targets.choosing import LOCAL

_AGREED = re.compile(r" --(yes|confirm \S+)")
"""Flags of a command line that agree to what is asked elsewhere."""


def production_in(place: str, settings: Settings) -> str:
    """The target of that place (as the audit names it) that is production; empty for none, as for
    a place that is no target, such as the lab."""
    known = (*settings.contexts, LOCAL)
    return settings.targets.production_of([one for one in place.split(", ") if one in known])


def agreed_below(question: Question | None, consent: Consent | None) -> Consent | None:
    """What is agreed to beforehand; a name that answers only what is asked elsewhere is none."""
    if question is None or consent is None or consent.typed != question.typed:
        return consent
    return replace(consent, typed=None)


def raised(question: Question | None, command: Command, target: str) -> Question:
    """The question of an act on production: whatever it asked before, and also where it asked
    nothing, the target's name is typed, which `--yes` is not enough for."""
    asked = question or Question(
        command.title, command.title.capitalize(), "changed", f"controlroom {command.verb}"
    )
    named = shlex.quote(target)
    how = f"Type it when you are asked, or give --confirm {named}."
    command_line = f"{_AGREED.sub('', asked.command)} --confirm {named}"
    return replace(
        asked,
        heading=f"{PRODUCTION} · {asked.heading}",
        command=command_line,
        typed=target,
        facts=((PRODUCTION, target), *asked.facts),
        title=f"{PRODUCTION}: {target}" + (f"   {asked.title}" if asked.title else ""),
        alone=False,
        by_hand=True,
        unconfirmed=(f"{target} is production, and its name was not typed.", how),
    )
