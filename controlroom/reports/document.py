"""What a report is made of. All texts are plain: each renderer escapes what its form needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Point = tuple[float, float | None]
"""(Seconds, value); None is not known, and no line is drawn through it."""
Mark = tuple[float, str]
"""(Seconds, what happened then)."""


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a section."""

    text: str
    level: int = 2
    """From 2; 1 is the document's title."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One or more sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a header; the first cell of a row names it."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    """Each as long as the header."""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves over one time axis."""

    title: str
    unit: str
    """Of all curves, such as `ms`, `%`, `requests/s`."""
    curves: Mapping[str, Sequence[Point]]
    """Name -> its points by time; seconds count from one beginning for all of them."""
    marks: Sequence[Mark] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    rows: Sequence[str]


Part = Heading | Paragraph | Table | Plot | Items


@dataclass(frozen=True, slots=True)
class Document:
    """A report."""

    title: str
    parts: Sequence[Part]
    lang: str = "en"
    """Of its words, as HTML names it."""
