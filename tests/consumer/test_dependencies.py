"""Which errors are asked through, and which end the process."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import KafkaConnectionError, KafkaError

from services.queues.kafka.member import client_has_ended
from services.shared.busy import Busy
from services.shared.dependencies import Dependency
from services.shared.lifecycle import Liveness, ReadinessGate

BOTH = (KafkaError, OSError)


async def dead_coordinator() -> KafkaError:
    """What aiokafka says once its broker has told of no brokers: its client knows none here."""
    subscription = SubscriptionState()
    subscription.subscribe({"topic"})
    subscription.register_fetch_waiters(set())
    client = AIOKafkaClient(bootstrap_servers="127.0.0.1:1")
    coordinator: Any = GroupCoordinator(client, subscription, group_id="group")
    try:
        with pytest.raises(KafkaError) as raised:
            await asyncio.wait_for(coordinator._coordination_task, 20)
        return raised.value
    finally:
        await coordinator.close()
        await client.close()


async def test_a_client_whose_own_task_has_died_is_not_asked_again() -> None:
    error = await dead_coordinator()
    assert "Did we not perform bootstrap" in str(error)
    near = Dependency(
        ReadinessGate("kafka"), Liveness("loop", 60.0), BOTH, Busy(), final=client_has_ended
    )

    async def question() -> None:
        raise error

    with pytest.raises(KafkaError) as raised:
        await asyncio.wait_for(near.ask(question, lambda: False), 20)
    assert raised.value is error


@pytest.mark.parametrize(
    "error", [KafkaConnectionError("away"), KafkaError("over all known brokers"), OSError("gone")]
)
async def test_a_broker_that_is_away_is_asked_until_it_answers(error: Exception) -> None:
    gate = ReadinessGate("kafka")
    near = Dependency(gate, Liveness("loop", 60.0), BOTH, Busy(), final=client_has_ended)
    seen = SimpleNamespace(asked=0)

    async def question() -> str:
        seen.asked += 1
        if seen.asked < 3:
            raise error
        return "answer"

    assert await asyncio.wait_for(near.ask(question, lambda: False), 20) == "answer"
    assert (seen.asked, gate.reason) == (3, "")
