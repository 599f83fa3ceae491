"""Puts events on a topic as fast as Kafka takes them, as records of our own producers."""

from __future__ import annotations

import time
import uuid

from bench.bodies import http_bodies
from bench.setting import PARTITIONS, Setting

_BATCH = 500
_UNDER_WAY = 64


async def fill(setting: Setting, topic: str, events: int) -> int:
    """Whole batches of records, spread over all partitions; returns how many records."""
    values = http_bodies(1)
    async with setting.producer() as producer:
        sent = []
        for number in range(events // _BATCH):
            batch = producer.create_batch()
            now = int(time.time() * 1000)
            for index in range(_BATCH):
                headers = [("id", uuid.uuid4().hex.encode()), ("origin", b"http")]
                value = values[index % len(values)]
                batch.append(key=None, value=value, timestamp=now, headers=headers)
            partition = number % PARTITIONS
            sent.append(await producer.send_batch(batch, topic, partition=partition))
            if len(sent) > _UNDER_WAY:
                await sent.pop(0)
        for one in sent:
            await one
    return events // _BATCH * _BATCH
