"""Kafka: Apache's broker, one node, KRaft."""

from stack.engines.kafka.broker import Kafka, external_kafka
from stack.engines.kafka.properties import Listener

__all__ = ["Kafka", "Listener", "external_kafka"]
