"""Percentages in sentences: rounded outward, so that none says more than was found."""

from __future__ import annotations

import math

_DIGITS = (0, 1, 2)
_DUST = 1e-9
"""What floating point may add to a percentage."""


def between(low: float, high: float) -> str:
    """`12 to 19 %` for 0.123 and 0.187; as many digits as `low` needs not to be 0, up to two."""
    for digits in _DIGITS:
        least, most = _down(low * 100, digits), _up(high * 100, digits)
        if least > 0:
            break
    if not least:
        return f"up to {_up(high * 100, 0):.0f} %"
    if least == most:
        return f"{most:.{digits}f} %"
    return f"{least:.{digits}f} to {most:.{digits}f} %"


def at_most(share: float, limit: float) -> str:
    """`3 %` for 0.023; with more digits where rounding would go beyond `limit`."""
    for digits in _DIGITS:
        most = _up(share * 100, digits)
        if 0 < most <= limit * 100 + _DUST:
            break
    # values without any noise: measured no more finely than that they are all the same
    return f"{most or 10.0**-digits:.{digits}f} %"


def about(share: float) -> str:
    """`9 %` for 0.094."""
    percent = abs(share) * 100
    return f"{percent:.{0 if percent >= 2 else 1}f} %"


def about_number(count: int) -> str:
    """`about 40` for 38: never less than it is, and no finer than it is known."""
    scale = max(10 ** (len(str(count)) - 1) // 2, 1)
    rounded = math.ceil(count / scale) * scale
    return f"about {rounded:,}"


def _down(value: float, digits: int) -> float:
    return math.floor((value + _DUST) * 10.0**digits) / 10.0**digits


def _up(value: float, digits: int) -> float:
    return math.ceil((value - _DUST) * 10.0**digits) / 10.0**digits
