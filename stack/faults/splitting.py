"""What a TrafficSplit holds, the same for the room, the local stack and clusters.

apiVersion: controlroom.io/v1
kind: TrafficSplit
metadata: {name: half-faulty}
spec:
  paths: [/]
  duration: 60s
  branches:
    - {name: http, service: producer-http, port: http, weight: 50}
    - {name: faulty, service: error-injector, port: http, weight: 50, success: 0}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from host.durations import format_duration, seconds_of
from stack.faults.fields import LONGEST

API = "controlroom.io/v1"
NAME = "TrafficSplit"
SpecPath = tuple[str | int, ...]
"""Keys and places from the object down to a value."""

_Word = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_Path = Annotated[str, Meta(pattern=r"^/[A-Za-z0-9/_.~-]*$", max_length=200)]
_Port = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,15}$")] | Annotated[int, Meta(ge=1, le=65535)]
_PLACE = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")


class Branch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a share of the requests goes."""

    service: _Word
    weight: Annotated[float, Meta(ge=0, le=10_000)]
    """Its share is this over the sum of all."""
    name: _Word | None = None
    """What people call it; the Service where it is left out."""
    port: _Port = "http"
    """Name or number of the Service's port."""
    path: _Path | None = None
    """What the Service is asked for instead of the path of the request."""
    success: Annotated[float, Meta(ge=0, le=100)] = 100.0
    """Per cent of its requests that are expected to be answered well."""

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.service


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `spec` of a TrafficSplit."""

    paths: Annotated[tuple[_Path, ...], Meta(min_length=1, max_length=4)]
    """Paths of the ingress, each with all below it that has no route of its own."""
    branches: Annotated[tuple[Branch, ...], Meta(min_length=1, max_length=8)]
    duration: str | None = None

    @property
    def shares(self) -> tuple[float, ...]:
        """Of each branch, 0 to 1."""
        whole = sum(branch.weight for branch in self.branches)
        return tuple(branch.weight / whole for branch in self.branches)

    @property
    def predicted(self) -> float:
        """Share of all requests that the weights let be answered well, 0 to 1."""
        pairs = zip(self.branches, self.shares, strict=True)
        return sum(share * branch.success / 100 for branch, share in pairs)


class SplitError(Exception):
    """A `spec` that cannot be used. `path` leads to the field."""

    def __init__(self, why: str, path: SpecPath, fix: str = "") -> None:
        super().__init__(why)
        self.path = path
        self.fix = fix

    @property
    def field(self) -> str:
        """As people write it: `spec.branches[0].weight`."""
        parts = (f"[{one}]" if isinstance(one, int) else f".{one}" for one in self.path)
        return "".join(parts).removeprefix(".")


def split_of(spec: Any) -> Split:
    """The split. Raises SplitError that names the field."""
    try:
        split = msgspec.convert(spec, Split, strict=True)
    except msgspec.ValidationError as error:
        raise _said(str(error)) from None
    split = _normal(split)
    names = [branch.title for branch in split.branches]
    for place, branch in enumerate(split.branches):
        if names.index(branch.title) != place:
            raise SplitError(
                f"there are two branches {branch.title}.", ("spec", "branches", place),
                "Give one another name.",
            )  # fmt: skip
    if not sum(branch.weight for branch in split.branches):
        raise SplitError(
            "no branch has a weight above 0.", ("spec", "branches"), "Give one a weight."
        )
    if len(set(split.paths)) != len(split.paths):
        raise SplitError("a path is there twice.", ("spec", "paths"), "Name each once.")
    return split


def lasting(split: Split) -> float:
    """Seconds until its end. Raises SplitError without one, or for one that is too long."""
    place: SpecPath = ("spec", "duration")
    if split.duration is None:
        raise SplitError(
            "is missing: every split must have an end.", place,
            "Write one such as 30s there, or give --duration 30s.",
        )  # fmt: skip
    seconds = seconds_of(split.duration)
    if seconds is None:
        raise SplitError(f"{split.duration!r} is no duration.", place, "Write it as 30s or 1m30s.")
    if not 0 < seconds <= LONGEST:
        raise SplitError(
            f"must be above 0 and at most {format_duration(LONGEST)}.", place, "Give a shorter one."
        )
    return seconds


def weighted(spec: Mapping[str, Any], weights: Mapping[str, float]) -> dict[str, Any]:
    """The `spec` with other weights, by the names of branches. Raises SplitError for a name that
    no branch has."""
    split = split_of(spec)
    known = [branch.title for branch in split.branches]
    for name in weights:
        if name not in known:
            raise SplitError(
                f"there is no branch {name}.", ("spec", "branches"),
                f"The branches are {', '.join(known)}.",
            )  # fmt: skip
    pairs = zip(spec["branches"], known, strict=True)
    branches = [{**one, "weight": weights.get(name, one["weight"])} for one, name in pairs]
    changed = {**spec, "branches": branches}
    split_of(changed)
    return changed


def per_cent(share: float) -> str:
    """`33.33 %`, `50 %`."""
    return f"{round(share * 100, 2):g} %"


def told_shares(split: Split) -> tuple[str, ...]:
    """A text for each branch: `http 50 %`."""
    pairs = zip(split.branches, split.shares, strict=True)
    return tuple(f"{one.title} {per_cent(share)}" for one, share in pairs)


def told_branches(split: Split, ready: Mapping[str, int | None]) -> tuple[str, ...]:
    """A text for each branch with where it leads. `ready` has the ready pods of each Service, None
    where they are started for the split."""
    width = max(len(one.title) for one in split.branches)
    told = []
    for one, share in zip(split.branches, split.shares, strict=True):
        pods = ready.get(one.service)
        state = "started for it" if pods is None else f"{pods} ready"
        goes = f"{one.service}:{one.port}{f' as {one.path}' if one.path else ''}"
        told.append(f"{one.title.ljust(width)} {per_cent(share):>8}  {goes}, {state}")
    return tuple(told)


def effect_of(split: Split) -> str:
    """One sentence."""
    goes = ", ".join(told_shares(split))
    return f"Requests for {' and '.join(split.paths)}: {goes}."


def _normal(split: Split) -> Split:
    """Paths without a slash at their end, as routes are compared."""
    paths = tuple(path.rstrip("/") or "/" for path in split.paths)
    return msgspec.structs.replace(split, paths=paths)


def _said(text: str) -> SplitError:
    """From the words of msgspec: `Expected ... - at `$.branches[0].weight``."""
    why, _, place = text.partition(" - at `$")
    found = tuple(int(n) if n else word for word, n in _PLACE.findall(place))
    why = f"{why[:1].lower()}{why[1:]}."
    return SplitError(why, ("spec", *found), "See docs/traffic-splits.md.")
