"""A histogram of microseconds that loses nothing: HDR buckets, exact to a tenth of a per cent.

It counts by itself, since the package's own counting takes several times as long, and is written
and read by the package `hdrhistogram`, in the format of HDR logs that other tools read too.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from pathlib import Path

from hdrh.histogram import HdrHistogram

HIGHEST = 3600 * 1_000_000
"""Microseconds; what is longer counts as this."""
DIGITS = 3
HEAD = (
    "#[Histogram log format version 1.3]\n"
    "#[BaseTime: 0.0 (seconds since epoch)]\n"
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
)
"""What a log begins with. Times in it are seconds since the epoch, the maximum is in ms."""
_EXACT = 2048
"""Values below it have a bucket each; above, 1024 buckets share each doubling."""


class Histogram:
    """Counts of microseconds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        """Bucket -> how many, without empty ones."""
        self.total = 0

    def add(self, micros: float, count: int = 1) -> None:
        """Takes in a measured time; below 0 is 0."""
        value = int(micros)
        if value >= _EXACT:
            value = min(value, HIGHEST)
            shift = value.bit_length() - 11
            value = (shift << 10) + (value >> shift)
        elif value < 0:
            value = 0
        counts = self.counts
        counts[value] = counts.get(value, 0) + count
        self.total += count

    def copy(self) -> Histogram:
        """As it is now."""
        one = Histogram()
        one.counts, one.total = self.counts.copy(), self.total
        return one

    def merge(self, other: Histogram) -> None:
        """Takes in all of another one."""
        counts = self.counts
        for bucket, count in other.counts.items():
            counts[bucket] = counts.get(bucket, 0) + count
        self.total += other.total

    def percentile(self, percent: float) -> float | None:
        """The time in ms at or below which so many per cent are; None where nothing is counted."""
        return self.percentiles(percent)[0]

    def percentiles(self, *percents: float) -> list[float | None]:
        """The same for several, given ascending; one walk over the buckets."""
        found: list[float | None] = []
        walk, seen, bucket = iter(sorted(self.counts.items())), 0, 0
        for percent in percents:
            wanted = max(1, int(percent / 100 * self.total + 0.5))
            while seen < min(wanted, self.total):
                bucket, count = next(walk)
                seen += count
            found.append(_highest(bucket) / 1000 if self.total else None)
        return found

    def share_within(self, micros: float) -> float | None:
        """Share of the times that are at most so long; None where nothing is counted."""
        if not self.total:
            return None
        below = sum(count for one, count in self.counts.items() if _highest(one) <= micros)
        return below / self.total

    @property
    def max(self) -> float | None:
        """The longest in ms, to a tenth of a per cent; None where nothing is counted."""
        return _highest(max(self.counts)) / 1000 if self.counts else None

    @property
    def mean(self) -> float | None:
        """Mean in ms; None where nothing is counted."""
        if not self.total:
            return None
        return sum(_middle(one) * count for one, count in self.counts.items()) / self.total / 1000

    def summary(self) -> dict[str, float | None]:
        """What result files keep, in ms."""
        names = ("p50", "p95", "p99", "p99.9")
        found = dict(zip(names, self.percentiles(50, 95, 99, 99.9), strict=True))
        mean = self.mean
        return {**found, "max": self.max, "mean": None if mean is None else round(mean, 3)}

    def line(self, start: float, seconds: float) -> str:
        """An interval of a log, with its end of line."""
        return f"{start:.3f},{seconds:.3f},{self.max or 0:.3f},{self._packed()}\n"

    def write(self, path: Path) -> None:
        """A log of this one alone."""
        path.write_text(HEAD + self.line(0.0, 0.0))

    @classmethod
    def read(cls, path: Path, since: float = -inf, until: float = inf) -> Histogram:
        """All intervals of a log that start in [since, until), seconds since the epoch, as one.

        A last line that was cut off by a death is passed over. Raises OSError.
        """
        whole = cls()
        for start, one in intervals(path):
            if since <= start < until:
                whole.merge(one)
        return whole

    def _packed(self) -> str:
        packed = HdrHistogram(1, HIGHEST, DIGITS)
        for bucket, count in self.counts.items():
            packed.counts[bucket] = count
        packed.total_count = self.total
        packed.max_value = _highest(max(self.counts, default=0))
        packed.min_value = max(1, _lowest(min(self.counts, default=0)))
        return str(packed.encode().decode())

    @classmethod
    def _unpacked(cls, text: str) -> Histogram:
        packed, one = HdrHistogram.decode(text), cls()
        one.counts = {bucket: count for bucket, count in enumerate(packed.counts) if count}
        one.total = sum(one.counts.values())
        return one


def intervals(path: Path) -> Iterator[tuple[float, Histogram]]:
    """Each interval of a log: when it starts (seconds since the epoch), and its times."""
    with path.open() as file:
        for line in file:
            if line[:1] in ("#", '"') or not line.endswith("\n"):
                continue
            start, _, _, packed = line.rstrip().split(",")
            yield float(start), Histogram._unpacked(packed)


def _lowest(bucket: int) -> int:
    if bucket < _EXACT:
        return bucket
    shift = (bucket >> 10) - 1
    return ((bucket & 1023) + 1024) << shift


def _highest(bucket: int) -> int:
    if bucket < _EXACT:
        return bucket
    return _lowest(bucket) + (1 << (bucket >> 10) - 1) - 1


def _middle(bucket: int) -> float:
    return (_lowest(bucket) + _highest(bucket)) / 2
