"""Rates with what chance leaves open."""

from __future__ import annotations

import math


def rate(hits: int, count: int) -> str:
    """`4.8 [3.6, 6.3]`: per cent, and Wilson's interval of it (95 %)."""
    share, z = hits / count, 1.96
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + (z / count / 2) ** 2)
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)
    return f"{100 * share:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
