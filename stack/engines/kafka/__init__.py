"""Kafka: Apache's broker, one node, KRaft."""

from stack.engines.kafka.broker import ExternalKafka, Kafka, external_kafka
from stack.engines.kafka.properties import Listener

__all__ = ["ExternalKafka", "Kafka", "Listener", "external_kafka"]
