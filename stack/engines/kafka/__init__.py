"""Kafka: Apache's broker, one node, KRaft."""

from stack.engines.kafka.broker import ExternalKafka, Kafka, external_kafka
from stack.engines.kafka.kind import KafkaKind
from stack.engines.kafka.properties import Listener

__all__ = ["ENGINE", "ExternalKafka", "Kafka", "Listener", "external_kafka"]

ENGINE = KafkaKind()
