"""Outlines of countries, from `outlines.json`, which `bin/outlines` makes of Natural Earth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

Point = tuple[float, float]
"""Longitude and latitude in degrees."""


class Box(NamedTuple):
    """A part of the world: degrees of longitude and latitude."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, point: Point) -> bool:
        """Whether the point is in it."""
        return self.west <= point[0] <= self.east and self.south <= point[1] <= self.north

    @property
    def area(self) -> float:
        """In square degrees."""
        return (self.east - self.west) * (self.north - self.south)


WORLD = "world"
REGIONS: Mapping[str, Box] = {
    WORLD: Box(-180, -57, 180, 84),
    "North America": Box(-170, 13, -50, 76),
    "Central America": Box(-95, 6, -58, 28),
    "South America": Box(-84, -56, -33, 14),
    "Europe": Box(-25, 34, 42, 72),
    "Africa": Box(-20, -36, 56, 38),
    "Middle East": Box(26, 11, 64, 43),
    "North Asia": Box(30, 35, 180, 80),
    "South Asia": Box(60, -12, 150, 55),
    "Oceania": Box(110, -50, 180, 10),
}
"""What can be shown."""


@dataclass(frozen=True)
class Outline:
    """One country. One that is too small for outlines has none, and its middle alone."""

    code: str
    rings: Sequence[Sequence[Point]]
    middle: Point


@cache
def outlines() -> Mapping[str, Outline]:
    """Every country by its ISO 3166 code; read at the first use."""
    data = json.loads(files(__package__).joinpath("outlines.json").read_bytes())
    step = data["step"]
    found = {
        code: Outline(code, (), (x * step, y * step)) for code, (x, y) in data["points"].items()
    }
    for code, packed in data["shapes"].items():
        rings = [_ring(flat, step) for flat in packed]
        found[code] = Outline(code, rings, _middle(max(rings, key=_area)))
    return found


def region_of(point: Point) -> str:
    """The smallest region that holds a point."""
    found = [name for name, box in REGIONS.items() if box.holds(point)]
    return min(found, key=lambda name: REGIONS[name].area, default=WORLD)


def _ring(flat: Sequence[Any], step: float) -> list[Point]:
    x = y = 0
    points = []
    for dx, dy in zip(flat[::2], flat[1::2], strict=True):
        x, y = x + dx, y + dy
        points.append((x * step, y * step))
    return points


def _area(ring: Sequence[Point]) -> float:
    return abs(sum(_cross(a, b) for a, b in _edges(ring)))


def _middle(ring: Sequence[Point]) -> Point:
    """The centre of gravity."""
    twice = sum(_cross(a, b) for a, b in _edges(ring)) or 1.0
    x = sum((a[0] + b[0]) * _cross(a, b) for a, b in _edges(ring)) / (3 * twice)
    y = sum((a[1] + b[1]) * _cross(a, b) for a, b in _edges(ring)) / (3 * twice)
    return x, y


def _edges(ring: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(zip(ring, [*ring[1:], ring[0]], strict=True))


def _cross(a: Point, b: Point) -> float:
    return a[0] * b[1] - b[0] * a[1]
