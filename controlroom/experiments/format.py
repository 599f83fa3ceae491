"""The form of an experiment's file, and the JSON schema that follows from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from controlroom.experiments.errors import ExperimentError
from controlroom.experiments.measures import Compared, Measured
from controlroom.verdicts import Weights
from host.durations import parse_duration
from wire.tunables import forbidden

Duration = Annotated[str, Meta(description="a time", examples=["10s"])]
Text = Annotated[str, Meta(min_length=1)]
Path = Annotated[Literal["http", "grpc", "wasm"], Meta(description="the door", examples=["grpc"])]
Name = Annotated[
    str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,31}$", description="a name", examples=["grpc"])
]
Route = Annotated[
    str,
    Meta(
        pattern="^/[a-zA-Z0-9/_-]{1,63}$",
        description="a path of the ingress that takes events by HTTP",
        examples=["/redispub"],
    ),
]
Figure = Annotated[Measured, Meta(description="a figure that is measured", examples=["success"])]
SHARE = r"^\d+(\.\d+)? ?%$"
Share = Annotated[str, Meta(pattern=SHARE, description="a share in per cent", examples=["5%"])]
Weight = Annotated[float, Meta(ge=0, le=100, description="a weight", examples=[0.5])]
Value = (
    Annotated[str, Meta(min_length=1, max_length=256, description="a text", examples=["1000"])]
    | int
    | float
)
LONGEST_PHASE = 3600.0
LONGEST = 6 * 3600.0
"""Seconds that all of an experiment may take."""


class Load(Struct, frozen=True, forbid_unknown_fields=True):
    """Closed by `users`, who each wait for their answer, or open by `rate`, with arrivals on
    schedule."""

    users: Annotated[int, Meta(ge=1, le=2000)] | None = None
    rate: Annotated[float, Meta(gt=0, le=100_000, description="requests/s")] | None = None
    path: Path = "http"
    route: Route | None = None
    batch: Annotated[int, Meta(ge=1, le=1000, description="events in a request")] = 1
    seed: int | None = None


class Phases(Struct, frozen=True, forbid_unknown_fields=True):
    """How long each part of a block lasts; the warm-up is left out of all figures."""

    warm_up: Duration = "3s"
    baseline: Duration = "10s"
    fault: Duration = "0s"
    recovery: Duration = "0s"

    @property
    def seconds(self) -> Mapping[str, float]:
        """Phase -> seconds, in order."""
        return {name: parse_duration(getattr(self, name)) for name in self.__struct_fields__}


class Bound(Struct, frozen=True, forbid_unknown_fields=True):
    """What holds in the steady state."""

    measure: Figure
    at_least: float | None = None
    at_most: float | None = None


class Limit(Struct, frozen=True, forbid_unknown_fields=True):
    """When something happens: a figure is below or above a number."""

    measure: Figure
    below: float | None = None
    above: float | None = None


class Guard(Struct, frozen=True, forbid_unknown_fields=True):
    """What ends the experiment; a figure that is not known counts as a breach."""

    measure: Figure
    below: float | None = None
    above: float | None = None
    for_: Duration = field(default="10s", name="for")


class Inject(Struct, frozen=True, forbid_unknown_fields=True):
    """A fault or a split, by name or file, at a time of the fault phase or once a condition
    holds."""

    file: Text
    at: Duration = "0s"
    when: Limit | None = None


class Arm(Struct, frozen=True, forbid_unknown_fields=True):
    """What is compared: a door or route, a fault, a split, replicas, settings, or none."""

    name: Name
    path: Path | None = None
    route: Route | None = None
    fault: Text | None = None
    split: Text | None = None
    replicas: dict[str, Annotated[int, Meta(ge=0, le=100, description="a number of pods")]] = {}
    """By deployment: set before each of its blocks, waited for, and put back after it."""
    settings: dict[str, dict[str, Value]] = {}
    """By deployment and variable: its pods are replaced before each of its blocks, and after it."""

    @property
    def variables(self) -> Mapping[str, Mapping[str, str]]:
        """The settings, as a service reads them."""
        return {
            deployment: {name: str(value) for name, value in values.items()}
            for deployment, values in self.settings.items()
        }


class Harm(Struct, frozen=True, forbid_unknown_fields=True):
    """For how many seconds of full outage one second of each part of the damage score counts."""

    lost: Weight = 1.0
    slow: Weight = 0.5
    recovery: Weight = 0.1
    lag: Weight = 0.1

    @property
    def weights(self) -> Weights:
        """As the score takes them."""
        return Weights(self.lost, self.slow, self.recovery, self.lag)


class Experiment(Struct, frozen=True, forbid_unknown_fields=True):
    """One experiment."""

    scenario: Text
    load: Load
    arms: Annotated[list[Arm], Meta(min_length=1, max_length=8)]
    title: str = ""
    phases: Phases = Phases()
    rounds: Annotated[int, Meta(ge=1, le=200, description="blocks of each arm")] = 4
    steady_state: list[Bound] = []
    faults: list[Inject] = []
    splits: list[Inject] = []
    guards: list[Guard] = []
    width: Share | None = None
    within: Duration = "10m"
    slo: Annotated[float, Meta(gt=0, lt=1, description="a share", examples=[0.99])] | None = None
    weights: Harm = Harm()
    compare: Annotated[list[Compared], Meta(min_length=1, examples=[["p95"]])] = field(
        default_factory=lambda: ["throughput", "p95"]
    )

    @property
    def block_seconds(self) -> float:
        """Seconds that one block measures, its warm-up included."""
        return sum(self.phases.seconds.values())

    @property
    def wanted_width(self) -> float | None:
        """Of intervals, from end to end: 0.05 for 5 %; None where `rounds` say how many."""
        return None if self.width is None else float(self.width.rstrip("% ")) / 100

    @property
    def goal(self) -> float | None:
        """The share of good answers that is wanted: `slo`, else the steady state's least."""
        if self.slo is not None:
            return self.slo
        least = [
            one.at_least
            for one in self.steady_state
            if one.measure == "success" and one.at_least is not None
        ]
        return max(least, default=None)

    def arm(self, name: str) -> Arm:
        """The arm of that name."""
        return next(one for one in self.arms if one.name == name)

    def door(self, arm: Arm) -> Literal["http", "grpc", "wasm"]:
        """The door that an arm sends to."""
        return arm.path or self.load.path

    def route(self, arm: Arm) -> str:
        """The path of the ingress that an arm sends to; empty for that of its door."""
        return arm.route or (self.load.route or "" if arm.path is None else "")

    def faults_of(self, arm: Arm) -> list[Inject]:
        """Those of all arms, and its own."""
        return [*self.faults, *([Inject(arm.fault)] if arm.fault else [])]

    def splits_of(self, arm: Arm) -> list[Inject]:
        """Those of all arms, and its own."""
        return [*self.splits, *([Inject(arm.split)] if arm.split else [])]


def read(tree: object) -> Experiment:
    """The experiment that a parsed file says. Raises ExperimentError."""
    try:
        found = msgspec.convert(tree, Experiment)
    except msgspec.ValidationError as error:
        raise _told(str(error)) from None
    for path, message, fix in _wrong(found):
        raise ExperimentError(message, path, fix)
    return found


def schema() -> dict[str, Any]:
    """The JSON schema of a file."""
    made = msgspec.json.schema(Experiment)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


_PLACE = re.compile(r"^(?P<said>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_FIELD = re.compile(r"(?:unknown|required) field `([^`]+)`")


def _told(text: str) -> ExperimentError:
    """What the library says, in words of ours."""
    match = _PLACE.match(text)
    assert match is not None
    steps = _STEP.findall(match["path"] or "")
    path: list[str | int] = [int(number) if number else name for name, number in steps]
    said = match["said"].replace("Object", "it", 1).rstrip(".")
    named = _FIELD.search(said)
    if named and "unknown" in said:
        known = ", ".join(_properties(path)) or "none"
        return ExperimentError(
            "is not known.", [*path, named[1]], f"Leave it out; known here: {known}."
        )
    if named:
        return ExperimentError("is missing.", [*path, named[1]], f"Add {named[1]}: there.")
    return ExperimentError(f"cannot be used: {said}.", path, _example(path))


def _node(path: Sequence[str | int]) -> dict[str, Any]:
    """What the schema says of a field; empty where it says nothing."""
    every = schema()
    node: dict[str, Any] = every

    def whole(one: dict[str, Any]) -> dict[str, Any]:
        for each in one.get("anyOf", ()):
            if each.get("type") != "null":
                one = {**one, **each}
        if "$ref" in one:
            found: dict[str, Any] = every["$defs"][one["$ref"].rsplit("/", 1)[1]]
            return found
        return one

    node = whole(node)
    for step in path:
        inner = node.get("items") if isinstance(step, int) else node.get("properties", {}).get(step)
        if not isinstance(inner, dict):
            return {}
        node = whole(inner)
    return node


def _properties(path: Sequence[str | int]) -> list[str]:
    return list(_node(path).get("properties", {}))


def _example(path: Sequence[str | int]) -> str:
    node = _node(path)
    if "enum" in node:
        return f"Use one of {', '.join(map(str, node['enum']))}."
    if node.get("examples"):
        what = node.get("description", "a value")
        return f"Write {what} such as {node['examples'][0]}."
    low, high = node.get("minimum", node.get("exclusiveMinimum")), node.get("maximum")
    if low is not None and high is not None:
        return f"Write a number from {low} to {high}."
    return f"Write {_ARTICLES.get(node.get('type', ''), 'what docs/experiments.md says')} there."


_ARTICLES = {
    "object": "fields", "array": "a list", "string": "a text", "integer": "a whole number",
    "number": "a number",
}  # fmt: skip

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")

Wrong = tuple[list[str | int], str, str]


def _wrong(one: Experiment) -> Iterator[Wrong]:
    """What the form alone does not say."""
    yield from _wrong_times(one)
    if one.width is not None:
        yield from _wrong_time(one.within, ["within"], LONGEST)
        if not one.wanted_width:
            yield ["width"], "is nothing.", "Write a width such as 5%."
        if len(one.arms) < 2:
            yield ["width"], "is of a comparison, and there is one arm.", "Leave it out."
    if (one.load.users is None) == (one.load.rate is None):
        yield ["load"], "has no users and no rate, or both.", "Give one: users: 4, or rate: 100."
    for kind, words in (("steady_state", ("at_least", "at_most")), ("guards", ("below", "above"))):
        for at, bound in enumerate(getattr(one, kind)):
            yield from _wrong_bound(bound, words, [kind, at])
    for kind in ("faults", "splits"):
        for at, each in enumerate(getattr(one, kind)):
            if each.when is not None:
                yield from _wrong_bound(each.when, ("below", "above"), [kind, at, "when"])
    for at, arm in enumerate(one.arms):
        if one.route(arm) and one.door(arm) != "http":
            yield ["arms", at], "has a route, and does not go by http.", "Leave one of them out."
    for at, arm in enumerate(one.arms):
        yield from _wrong_settings(arm, ["arms", at, "settings"])
    names = [arm.name for arm in one.arms]
    for at, name in enumerate(names):
        if name in names[:at]:
            yield ["arms", at, "name"], f"{name} is there twice.", "Give each arm its own name."
    if len(set(one.compare)) != len(one.compare):
        yield ["compare"], "names a figure twice.", "Name each once."


def _wrong_settings(arm: Arm, path: list[str | int]) -> Iterator[Wrong]:
    for deployment, values in arm.variables.items():
        here = [*path, deployment]
        if not values:
            yield here, "names no setting.", "Name one, such as DRAIN_SECONDS: 2."
        for name, value in values.items():
            if not _VARIABLE.fullmatch(name):
                yield [*here, name], "is no variable.", "Write capitals, such as MAX_RECORDS."
            elif what := forbidden(name):
                yield [*here, name], f"is {what}, which no experiment sets.", "Leave it out."
            elif not value.isprintable():
                yield [*here, name], "has signs that are not printed.", "Write one line of text."


def _wrong_times(one: Experiment) -> Iterator[Wrong]:
    seconds: dict[str, float] = {}
    for name in one.phases.__struct_fields__:
        try:
            seconds[name] = parse_duration(getattr(one.phases, name))
        except ValueError as error:
            yield ["phases", name], f"cannot be used: {error}", "Write a time such as 10s."
            return
        if seconds[name] > LONGEST_PHASE:
            yield ["phases", name], "is longer than an hour.", "Give a shorter time."
    # an open load is measured by whole seconds, of which any two seconds have one
    least = 1 if one.load.rate is None else 2
    for name in ("baseline", "fault", "recovery"):
        if seconds[name] < least and (seconds[name] or name == "baseline"):
            yield ["phases", name], f"is shorter than {least} s.", "Give 5s or more."
    for kind in ("faults", "splits"):
        for at, each in enumerate(getattr(one, kind)):
            yield from _wrong_time(each.at, [kind, at, "at"], seconds["fault"])
    for at, guard in enumerate(one.guards):
        yield from _wrong_time(guard.for_, ["guards", at, "for"], LONGEST_PHASE)
    hits = one.faults or one.splits or any(arm.fault or arm.split for arm in one.arms)
    if hits and not seconds["fault"]:
        yield ["phases", "fault"], "is 0, and there are faults.", "Write fault: 10s there."
    if sum(seconds.values()) * one.rounds * len(one.arms) > LONGEST:
        yield ["rounds"], "make it longer than six hours.", "Give fewer rounds or shorter phases."


def _wrong_time(text: str, path: list[str | int], most: float) -> Iterator[Wrong]:
    try:
        late = parse_duration(text) > most
    except ValueError as error:
        yield path, f"cannot be used: {error}", "Write a time such as 10s."
        return
    if late:
        yield path, f"{text} is longer than the {most:g} s there are.", "Give a shorter time."


def _wrong_bound(bound: Any, words: tuple[str, str], path: list[str | int]) -> Iterator[Wrong]:
    given = [word for word in words if getattr(bound, word) is not None]
    if len(given) != 1:
        yield path, f"wants one of {words[0]} and {words[1]}.", f"Write {words[0]}: 0.99, say."
