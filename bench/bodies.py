"""The events that every part of the bench sends, in each shape."""

from __future__ import annotations

import json
import random

from scenarios.events import EventCodec
from scenarios.loading import load
from services.pb import controlroom_pb2 as pb

SCENARIO = "bands"
_KINDS = 64


def http_bodies(size: int, scenario: str = SCENARIO) -> list[bytes]:
    """Some different bodies: one object, or a list of `size` of them."""
    codec, rng = EventCodec(load(scenario)), random.Random(7)
    lists = [[codec.generate(rng) for _ in range(size)] for _ in range(_KINDS)]
    return [json.dumps(events[0] if size == 1 else events).encode() for events in lists]


def grpc_events(count: int) -> list[pb.Event]:
    """Some different events for gRPC."""
    codec, rng = EventCodec(load(SCENARIO)), random.Random(7)
    return [_grpc_event(codec.generate(rng)) for _ in range(count)]


def _grpc_event(values: dict[str, str | int]) -> pb.Event:
    event = pb.Event()
    for name, value in values.items():
        if isinstance(value, int):
            event.fields[name].number = value
        else:
            event.fields[name].text = value
    return event
