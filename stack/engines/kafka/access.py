"""What accounts may do in Kafka: its ACLs, which aiokafka has requests for and no method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wire.kafka import Brokers

RESOURCES = {"topic": 2, "group": 3, "cluster": 4}
OPERATIONS = {
    "Read": 3, "Write": 4, "Create": 5, "Delete": 6, "Alter": 7, "Describe": 8,
    "ClusterAction": 9, "DescribeConfigs": 10, "AlterConfigs": 11, "IdempotentWrite": 12,
}  # fmt: skip
CLUSTER = "kafka-cluster"
"""Name of the only resource of its kind."""
_LITERAL, _ALLOW = 3, 3


@dataclass(frozen=True, slots=True)
class Grant:
    """Operations that one principal may do, from any host."""

    principal: str
    """Such as `User:reader`."""
    resource: str
    name: str
    """`*` for all of them."""
    operations: Sequence[str]


async def allow(brokers: Brokers, grants: Iterable[Grant]) -> None:
    """Adds what is not allowed yet, by an administrator's login. Raises KafkaError, OSError."""
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import for_code
    from aiokafka.protocol.admin import CreateAclsRequest

    client = AIOKafkaClient(**brokers.arguments(), request_timeout_ms=5_000)
    client.set_topics([])
    try:
        await client.bootstrap()
        for each in grants:
            for operation in each.operations:
                request = CreateAclsRequest(
                    RESOURCES[each.resource],
                    each.name,
                    _LITERAL,
                    each.principal,
                    "*",
                    OPERATIONS[operation],
                    _ALLOW,
                )
                answer = await client.send(client.get_random_node(), request)
                for code, *_ in answer.creation_responses:
                    if code:
                        raise for_code(code)(f"{each.principal}: {operation} {each.resource}")
    finally:
        await client.close()
