"""How a source is doing, as the panel that shows it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SourceState = Literal["connecting", "live", "stale", "reconnecting", "absent", "denied"]


@dataclass(frozen=True, slots=True)
class Health:
    """State of one source. Times are seconds since the epoch."""

    state: SourceState = "connecting"
    since: float = 0.0
    error: str = ""
    """What failed, one sentence."""
    fix: str = ""
    """What to do about it, one sentence."""
    retry_at: float | None = None

    @property
    def ok(self) -> bool:
        """Whether what the panel shows can be relied on."""
        return self.state == "live"
