"""What the branches of a split of traffic did, beside what was asked of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BranchFigures:
    """One branch. Shares are 0 to 1, latencies ms; None where nothing was seen."""

    name: str
    service: str
    asked: float
    """Share by its weight."""
    got: float | None = None
    """Share of the requests that came."""
    requests: int = 0
    """Since the split began."""
    failed: int = 0
    success: float | None = None
    rps: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True)
class SplitFigures:
    """All branches, and all of them together."""

    branches: tuple[BranchFigures, ...]
    predicted: float
    """Share of good answers that the weights let expect."""
    success: float | None = None
    """Share of good answers that was seen."""
    requests: int = 0

    def said(self) -> str:
        """In a few words."""
        if not self.requests:
            return f"no request yet, {_percent(self.predicted)} success predicted"
        got = ", ".join(f"{one.name} {_percent(one.got)}" for one in self.branches)
        seen = f"success {_percent(self.success)} ({_percent(self.predicted)} predicted)"
        return f"got {got}; {seen}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f} %"
