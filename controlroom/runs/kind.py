"""What one kind of run is: how it is kept, conducted and told.

A kind is one file that holds `KIND`. See docs/contributing.md for how to add one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from controlroom.model.run import RunView
from controlroom.runs.errors import SpecError

if TYPE_CHECKING:
    from controlroom.runs.run_writer import RunWriter


class Spec(Protocol):
    """What is asked of a run: a frozen dataclass whose fields JSON can hold."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    run_kind: ClassVar[str]
    """Name of its kind."""

    @property
    def title(self) -> str:
        """One line for the run strip."""

    def command(self) -> str:
        """The command line that does the same."""


class RunKind:
    """One kind. A new one sets `name` and `spec`, and carries out `conduct`."""

    name: str = ""
    """As the files of its runs have it."""
    spec: type[Any]
    """Dataclass of what is asked, see `Spec`."""
    ended_by: Mapping[str, str] = MappingProxyType({"stopped": "it was stopped"})
    """Bound by which a run ended -> the same for people."""
    injects: bool = False
    """Whether its runs are faults, with `chaos` in their views; `run stop --all` leaves these."""

    def read(self, asked: Mapping[str, Any]) -> Spec:
        """What was asked, from its file. Raises SpecError, msgspec.ValidationError."""
        # imported here: a room that shows no run can do without
        import msgspec

        found: Spec = msgspec.convert(asked, type=self.spec)
        return found

    def check(self, spec: Any) -> None:
        """Raises SpecError for what cannot be started."""

    def first(self, view: RunView, spec: Any) -> RunView:
        """What readers see until the runner speaks; `ends_at` where the end is known."""
        return view

    async def conduct(self, run: RunWriter, spec: Any) -> None:
        """All of it, in the runner's process, until `run.end`.

        It looks at `run.stop_asked` at least every second and ends then.
        """
        raise NotImplementedError

    def by_target(self, asked: Mapping[str, Any]) -> bool:
        """Whether the target carries the load on by itself when the runner is dead."""
        return False

    def said(self, view: RunView) -> str:
        """Its figures in a few words, for the strip."""
        return ", ".join(f"{value} {name}" for name, value in (view.figures or {}).items())

    def report(self, view: RunView, result: Mapping[str, Any]) -> list[str]:
        """Its figures in lines, for `controlroom runs show`."""
        return [said] if (said := self.said(view)) else []


class UnknownRunKind(RunKind):
    """Stands in for one that is not here: its runs are shown and stopped, and not started."""

    def __init__(self, name: str, setting: str, why: str) -> None:
        self.name = name
        self._error = SpecError(
            f"No kind of run is called {name}{why and f': {why}'}.",
            f"Name its folder in {setting}.",
        )

    def read(self, asked: Mapping[str, Any]) -> Spec:
        raise self._error

    def check(self, spec: Any) -> None:
        raise self._error
