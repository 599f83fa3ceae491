"""Something away or slow in the middle of a load, by the stack's own faults."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from controlroom.torture.environment import network
from host.paths import stack_socket
from stack.client import StackClient
from tests.own_stack import OwnStack

CUT: Mapping[str, Any] = {"action": "partition", "direction": "both"}
SLOW: Mapping[str, Any] = {
    "action": "delay",
    "direction": "to",
    "delay": {"latency": "400ms", "jitter": "100ms"},
}
LINKS: Mapping[str, tuple[tuple[str, str, Mapping[str, Any]], ...]] = {
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


async def outage(stack: OwnStack, name: str, seconds: float) -> float:
    """Injects it; the moment (perf_counter) at which the last link was restored.

    Raises StackError where it could not be injected.
    """
    client = StackClient(stack_socket(stack.state))
    try:
        ids = {
            (
                await client.inject_fault(
                    network(f"bench-{one}-{engine}", one, engine, how, seconds)
                )
            )["id"]
            for one, engine, how in LINKS[name]
        }
        while not all(
            fault["phase"] == "finished" for fault in await client.faults() if fault["id"] in ids
        ):
            await asyncio.sleep(0.1)
    finally:
        await client.close()
    return time.perf_counter()
