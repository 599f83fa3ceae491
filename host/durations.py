"""Durations as Go writes them: `500ms`, `3m`, `1h30m`."""

from __future__ import annotations

import re

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|us|µs|ns|h|m|s)", re.ASCII)
_LONGEST = 366 * 24 * 3600.0


def parse_duration(text: str) -> float:
    """Seconds of a Go duration. Raises ValueError with a sentence that names the text."""
    wanted = text.strip().replace("μ", "µ")
    hint = "write it like 3m, 1h30m, 45s or 500ms"
    if not wanted:
        raise ValueError(f"A duration is missing; {hint}.")
    if wanted.startswith("-"):
        raise ValueError(f"The duration {text!r} is negative; {hint}.")
    if re.fullmatch(r"\d+(\.\d+)?", wanted, re.ASCII) and float(wanted) > 0:
        raise ValueError(f"The duration {text!r} has no unit; write {wanted}s or {wanted}m.")
    if wanted in ("0", "0.0"):
        return 0.0
    total = 0.0
    at = 0
    for part in _PART.finditer(wanted):
        if part.start() != at:
            break
        total += float(part.group(1)) * _UNITS[part.group(2)]
        at = part.end()
    if at != len(wanted):
        raise ValueError(f"{text!r} is not a duration; {hint}.")
    if total > _LONGEST:
        raise ValueError(f"The duration {text!r} is longer than a year; {hint}.")
    return total


def format_duration(seconds: float) -> str:
    """The shortest Go duration of it, to the millisecond: `1h30m`, `3m`, `0.25s` is `250ms`."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    thousandths = round(seconds * 1000)
    if thousandths < 1000:
        return f"{thousandths}ms" if thousandths else "0s"
    whole, rest = divmod(thousandths, 1000)
    hours, minutes = divmod(whole, 3600)
    minutes, secs = divmod(minutes, 60)
    text = (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")
    if secs or rest:
        text += f"{secs}.{rest:03d}".rstrip("0") + "s" if rest else f"{secs}s"
    return text


def seconds_of(text: str) -> float | None:
    """Seconds of a Go duration; None for what is none."""
    try:
        return parse_duration(text)
    except ValueError:
        return None


def rounded(seconds: float) -> str:
    """A time for people: whole seconds, or finer below one."""
    return format_duration(round(seconds) if seconds >= 1 else round(seconds, 1))
