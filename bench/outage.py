"""Something away or slow in the middle of a load, by the stack's own faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controlroom.torture.stage import network
from tests.own_stack import OwnStack

CUT: Mapping[str, Any] = {"action": "partition", "direction": "both"}
SLOW: Mapping[str, Any] = {
    "action": "delay",
    "direction": "to",
    "delay": {"latency": "400ms", "jitter": "100ms"},
}
LINKS: Mapping[str, tuple[tuple[str, str, Mapping[str, Any]], ...]] = {
    "none": (),
    "kafka-away": (
        ("producer-http", "kafka", CUT),
        ("producer-grpc", "kafka", CUT),
        ("consumer", "kafka", CUT),
    ),
    "mongo-away": (("consumer", "mongo", CUT),),
    "mongo-slow": (("consumer", "mongo", SLOW),),
    "redis-away": (
        ("consumer", "redis", CUT),
        ("producer-http", "redis", CUT),
        ("producer-grpc", "redis", CUT),
    ),
}
"""Name -> (deployment, engine, what is done to the link between them)."""


async def outage(stack: OwnStack, name: str, seconds: float, folder: Path) -> None:
    """Injects it and returns when it has ended. AssertionError where it could not be injected."""
    works = []
    for deployment, engine, action in LINKS[name]:
        fault = network(f"bench-{deployment}-{engine}", deployment, engine, action, seconds)
        file = folder / f"{deployment}-{engine}.yaml"
        file.write_text(json.dumps(fault))
        words = ("chaos", "run", str(file), "--yes")
        works.append(asyncio.to_thread(stack.run, *words, timeout=seconds + 60))
    await asyncio.gather(*works)
