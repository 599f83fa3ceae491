"""NetworkChaos: links between deployments and engines are slow, narrow, lossy or cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stack.faults.fields import COMMON, read_choice, read_percent, read_seconds
from stack.faults.kind import Kind
from stack.faults.links import Cut, OnLinks, check_whole, cuts
from stack.faults.model import FaultAct, Ground, Injection, Victim, VictimChoice
from stack.manifests.node import Node
from stack.toxics import Stream, Toxic, link_name

Direction = Literal["to", "from", "both"]
DONE = ("delay", "loss", "partition", "bandwidth")
"""Actions that a link can take; what happens to single packets is not seen on it."""
_RATE = re.compile(r"([0-9]{1,9})(k|m|g|t)?(bit|bps)")
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_DIRECTIONS: dict[str, Direction] = {word: word for word in ("to", "from", "both")}


@dataclass(frozen=True)
class LinkFault(FaultAct):
    """What a NetworkChaos asks for. Seconds, per cent, bytes per second."""

    action: Literal["delay", "loss", "partition", "bandwidth"]
    direction: Direction = "to"
    target: VictimChoice | None = None
    latency: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    rate: float = 0.0
    notes: tuple[str, ...] = ()

    def plan(
        self, key: str, matched: Sequence[Victim], hit: Sequence[Victim], ground: Ground
    ) -> Injection:
        """Raises StackError where there is no link, or where pods that are spared share it."""
        check_whole(hit, ground)
        others = None
        if self.target is not None:
            others = ground.drawn(self.target)
            check_whole(others, ground)
        found = cuts(self.direction, hit, others, ground)
        return OnLinks(ground.links, _toxics(key, self, found), _effect(self, found))

    def remarks(self, stays: int) -> list[str]:
        """How it differs from packets."""
        common = "Links are those to kafka, redis and mongo; pods that start later share them."
        return [*self.notes, common]


def _toxics(key: str, what: LinkFault, found: Sequence[Cut]) -> list[Toxic]:
    if what.action == "loss":
        return [_reset(key, what, link_name(app, engine)) for app, engine, _ in found]
    return [
        _toxic(key, what, link_name(app, engine), stream)
        for app, engine, streams in found
        for stream in streams
    ]


def _toxic(key: str, what: LinkFault, link: str, stream: Stream) -> Toxic:
    name = f"{key}-{stream}"
    if what.action == "partition":
        return Toxic(link, name, "timeout", stream, {"timeout": 0})
    if what.action == "bandwidth":
        return Toxic(link, name, "bandwidth", stream, {"rate": max(1, round(what.rate / 1000))})
    milliseconds = {"latency": what.latency, "jitter": what.jitter}
    attributes = {word: round(value * 1000) for word, value in milliseconds.items()}
    return Toxic(link, name, "latency", stream, attributes)


def _reset(key: str, what: LinkFault, link: str) -> Toxic:
    name = f"{key}-upstream"
    return Toxic(link, name, "reset_peer", "upstream", {"timeout": 0}, what.loss / 100)


def _effect(what: LinkFault, found: Sequence[Cut]) -> str:
    names = ", ".join(link_name(app, engine) for app, engine, _ in found)
    match what.action:
        case "delay":
            jitter = f" +- {what.jitter * 1000:g} ms" if what.jitter else ""
            return f"{what.latency * 1000:g} ms{jitter} are added on the links {names}."
        case "loss":
            return f"Connections on the links {names} are reset at random."
        case "bandwidth":
            return f"{what.rate / 1000:g} kB/s pass on each connection of the links {names}."
        case _:
            return f"Nothing passes on the links {names}; connections hang."


class NetworkChaos(Kind):
    """Disturbs links."""

    name = "NetworkChaos"
    actions = ("netem", "delay", "loss", "duplicate", "corrupt", "partition", "bandwidth")

    def read(self, spec: Node, namespace: str) -> FaultAct:
        """Raises StackError that names the field."""
        for other in ("externalTargets", "device", "targetDevice"):
            if spec.has(other):
                raise spec.at(other).refuse("the links of the local stack have none.")
        action = spec.at("action").text()
        if action not in DONE:
            raise spec.at("action").refuse(f"{action!r} is not done here; use {', '.join(DONE)}.")
        spec.only(*COMMON, "action", "direction", "target", action)
        direction = _direction(spec.at("direction"))
        target = None
        if spec.has("target"):
            target = read_choice(spec.at("target"), namespace)
            spec.at("target").only("selector", "mode", "value")
        elif direction != "to":
            raise spec.at("direction").refuse(f"{direction} needs a target.", "Add spec.target.")
        if action == "delay":
            return _delay(spec.at(action), direction, target)
        if action == "loss":
            return _loss(spec.at(action), direction, target)
        if action == "bandwidth":
            return _bandwidth(spec.at(action), direction, target)
        return LinkFault("partition", direction, target)


def _direction(node: Node) -> Direction:
    word = node.text("to")
    if word not in _DIRECTIONS:
        raise node.refuse("must be to, from or both.")
    return _DIRECTIONS[word]


def _delay(node: Node, direction: Direction, target: VictimChoice | None) -> LinkFault:
    node.only("latency", "jitter", "correlation")
    jitter = read_seconds(node.at("jitter")) if node.has("jitter") else 0.0
    remarks = ["The jitter is spread evenly around the latency."] if jitter else []
    remarks += _correlation(node)
    latency = read_seconds(node.at("latency"))
    return LinkFault("delay", direction, target, latency, jitter, notes=tuple(remarks))


def _loss(node: Node, direction: Direction, target: VictimChoice | None) -> LinkFault:
    node.only("loss", "correlation")
    share = read_percent(node.at("loss"))
    remarks = [
        f"Instead of packets, connections are lost: each second every one of them is reset "
        f"with a chance of {share:g} %.",
        *_correlation(node),
    ]
    return LinkFault("loss", direction, target, loss=share, notes=tuple(remarks))


def _bandwidth(node: Node, direction: Direction, target: VictimChoice | None) -> LinkFault:
    """Chaos Mesh hands the rate to tc, for which bps are bytes, and bit are bits, per second."""
    node.only("rate", "limit", "buffer", "peakrate", "minburst")
    found = _RATE.fullmatch(node.at("rate").text())
    if found is None or not int(found[1]):
        raise node.at("rate").refuse("must be a rate such as 1mbit or 100kbps.")
    rate = int(found[1]) * _UNITS[found[2] or ""] / (8 if found[3] == "bit" else 1)
    notes = ("Limit, buffer and bursts are left aside: each connection has the rate for itself.",)
    return LinkFault("bandwidth", direction, target, rate=rate, notes=notes)


def _correlation(node: Node) -> list[str]:
    if not node.has("correlation") or read_percent(node.at("correlation"), 0.0) == 0:
        return []
    return ["The correlation is left aside: each draw is independent."]


KIND = NetworkChaos()
