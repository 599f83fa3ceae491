"""When a Schedule is due: cron with five fields, or six with seconds, in UTC; or `@every 30s`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from host.durations import seconds_of

_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
}
_BOUNDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Second, minute, hour, day of the month, month, day of the week (0 and 7 are Sunday)."""


class Cron:
    """Raises ValueError that says what is wrong with the text."""

    def __init__(self, text: str) -> None:
        self._every = 0.0
        self._fields: list[frozenset[int]] = []
        self._any_day = True
        if text.startswith("@every "):
            self._every = seconds_of(text.removeprefix("@every ").strip()) or 0.0
            if self._every < 1:
                raise ValueError("@every needs a duration of 1s or more, such as @every 30s")
            return
        words = _NAMED.get(text, text).split()
        if len(words) not in (5, 6):
            raise ValueError("it needs five fields (minute to day of the week), or @every 30s")
        words = words if len(words) == 6 else ["0", *words]
        self._fields = [_field(word, *bounds) for word, bounds in zip(words, _BOUNDS, strict=True)]
        # as cron has it: where both days are restricted, one of them is enough
        self._any_day = "*" in (words[3], words[5])

    def moments(self, start: float, length: float) -> list[float]:
        """Seconds since the epoch, after `start` and before its end."""
        if self._every:
            count = int((length - 1e-6) // self._every)
            return [start + self._every * (n + 1) for n in range(count)]
        return list(self._matching(start, start + length))

    def _matching(self, start: float, end: float) -> Iterator[float]:
        at = datetime.fromtimestamp(int(start) + 1, UTC)
        while at.timestamp() < end:
            if self._is_due(at):
                yield at.timestamp()
            at += timedelta(seconds=1)

    def _is_due(self, at: datetime) -> bool:
        second, minute, hour, day, month, weekday = self._fields
        week = at.isoweekday() % 7
        days = (at.day in day, week in weekday or (week == 0 and 7 in weekday))
        return (
            at.second in second
            and at.minute in minute
            and at.hour in hour
            and at.month in month
            and (all(days) if self._any_day else any(days))
        )


def _field(word: str, least: int, most: int) -> frozenset[int]:
    found: set[int] = set()
    for part in word.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{least}-{most}" if span in ("*", "?") else span).partition("-")
        numbers = (first, last or (str(most) if step else first), step or "1")
        if not all(one.isascii() and one.isdigit() for one in numbers):
            raise ValueError(f"{word!r} is no field of cron that is known here; use numbers")
        low, high, by = map(int, numbers)
        if not least <= low <= high <= most or by < 1:
            raise ValueError(f"{word!r} is out of bounds: {least} to {most}")
        found.update(range(low, high + 1, by))
    return frozenset(found)
