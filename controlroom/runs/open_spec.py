"""What is asked of an open load."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import ClassVar

from controlroom.arrivals.address import PathName


@dataclass(frozen=True, slots=True)
class OpenSpec:
    """Arrivals on schedule, whatever becomes of those before."""

    run_kind: ClassVar[str] = "arrivals"
    url: str
    scenario: str
    path: PathName
    rate: float
    """Arrivals per second."""
    seconds: float
    seed: int
    batch: int = 1
    timeout: float = 5.0
    """Seconds that a request waits for its answer."""
    context: str = ""
    namespace: str = ""

    @property
    def title(self) -> str:
        """One line for the run strip."""
        return f"{self.rate:g}/s over {self.path}, seed {self.seed}"

    def command(self) -> str:
        """The command line that does the same, in the run's folder."""
        return shlex.join(["python", "-m", "controlroom.arrivals", "arrivals.json", "FOLDER"])
