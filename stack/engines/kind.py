"""What one kind of engine is: its words in settings, endpoints and doctor, and how it is made.

A kind is a folder whose `__init__.py` holds `ENGINE`. See docs/contributing.md for how to add one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from host.doctor.check import Check
from host.errors import StackError
from host.install.commands import needed_program
from host.install.progress import Progress
from host.ports import Ports
from stack.engines.engine import Engine


@dataclass(frozen=True, slots=True)
class EnginePlace:
    """Where an engine of one stack lives."""

    state: Path
    ports: Ports
    environ: Mapping[str, str]


class EngineKind(ABC):
    """One kind. What is not abstract fits an engine that only the stack itself uses."""

    name: str
    """As its engine is called."""
    rank: int = 100
    """Its place in lists: small ones first."""
    setting: str = ""
    """Variable that gives the address of one that runs elsewhere; empty where none may be."""
    endpoint: str = ""
    """Its name among the endpoints; empty where clients have no use for it."""
    variable: str = ""
    """Entry of the ConfigMap `endpoints` that gives services its address. Each deployment comes to
    it by a link of its own. Empty where services have no use for it."""
    needed: bool = True
    """Whether services are started only when it serves."""
    title: str = ""
    """What the doctor calls it; its name where this is empty."""

    def engine(self, place: EnginePlace) -> Engine:
        """The engine of one stack. Raises StackError for settings that cannot be used."""
        given = self.given(place.environ)
        return self.elsewhere(given) if given else self.here(place)

    def given(self, environ: Mapping[str, str]) -> str:
        """The address of one that runs elsewhere; empty where the stack runs its own."""
        return environ.get(self.setting, "") if self.setting else ""

    @abstractmethod
    def here(self, place: EnginePlace) -> Engine:
        """One that the stack runs."""

    def elsewhere(self, address: str) -> Engine:
        """One that was given by `setting`. Raises StackError for an address it cannot have."""
        raise NotImplementedError(self.name)

    async def install(self, progress: Progress) -> None:  # noqa: B027
        """Brings what it is made of onto the machine. Raises StackError."""

    async def examine(self, state: Path, environ: Mapping[str, str]) -> Sequence[Check]:
        """Whether it can be had on this machine; quick, and changes nothing."""
        return []


def program_check(title: str, program: str, instead: str = "") -> Check:
    """Whether the program is on this machine, as the doctor says it."""
    try:
        return Check(title, True, f"{program} at {needed_program(program, instead)}.")
    except StackError as error:
        return Check(title, False, error.message, error.fix)
