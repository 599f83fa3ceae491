"""`controlroom greet`: an example of a command that is added from outside."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controlroom.commands.command import Command, Verb
from controlroom.commands.exits import Exit
from controlroom.commands.here import Here
from controlroom.commands.performing import Act, Answer, perform_verb
from controlroom.commands.question import Question
from controlroom.commands.registry import register

DESCRIPTION = "Write a greeting into the state folder."
EXAMPLES = ("controlroom greet Anna",)

register(
    Verb("greet", "write a greeting", __name__),
    Command(
        "greet",
        "greet",
        "Write a greeting into the state folder",
        level="reversible",
        key="G",
        label="G",
        verb="greet",
        changes=True,
        refusal="nobody is greeted",
    ),
)


@dataclass
class Greet(Act):
    """Writes it."""

    name: str
    command = "greet"

    def facts(self) -> Mapping[str, Any]:
        return {"name": self.name}

    async def prepare(self, here: Here) -> Question:
        return Question("greet", "Greet", "written", f"controlroom greet {self.name}")

    async def carry_out(self, here: Here) -> Answer:
        here.settings.state_dir.mkdir(parents=True, exist_ok=True)
        (here.settings.state_dir / "greeting").write_text(self.name)
        return Answer(f"{self.name} is greeted", data={"greeted": self.name})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares whom."""
    parser.add_argument("name", nargs="?", default="world", help="whom")
    parser.add_argument("--yes", action="store_true", help="do not ask")


async def main(args: argparse.Namespace) -> Exit:
    """Greets."""
    return await perform_verb(Greet(args.name), args)
