"""What a fault would hit, in numbers and sentences that all targets share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

NOBODY_STAYS = "No ready pod stays."
OVER_AT_ONCE = "It is over at once; what was ended starts again by itself."


@dataclass(frozen=True, slots=True)
class Preview:
    """What a fault would hit if it were injected now."""

    matched: int
    """Pods that the selector matches."""
    hits: tuple[str, ...]
    """Names of those that would be hit; chosen at random at injection where the mode says so."""
    hit_count: int
    stays: int
    """Ready pods of the same deployments that stay untouched."""
    effect: str
    """One sentence: what happens."""
    ends: str
    """One sentence: when and how it ends."""
    remarks: tuple[str, ...] = ()
    """How this target carries it out where that differs from Chaos Mesh, and warnings."""
    branches: tuple[str, ...] = ()
    """Of a split: what goes where, a text for each branch. Then it hits no pods."""

    def to_json(self) -> dict[str, Any]:
        """As an API answers it."""
        return asdict(self)


def stays(ready: int, count: int, ready_matched: int) -> int:
    """Ready pods that are left of `ready` ones when `count` of the matched ones are hit."""
    return max(0, ready - min(count, ready_matched))


def amount(count: int, at_most: bool = False) -> str:
    """`2 pods`."""
    return f"{'Up to ' if at_most else ''}{count} pod{'s' if count != 1 else ''}"
