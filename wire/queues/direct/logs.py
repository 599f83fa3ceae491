"""The logs of publishers that store: one for each place of each life of a process."""

from __future__ import annotations

from redis.asyncio import Redis

from wire import keys
from wire.committed import read_committed
from wire.documents import Documents
from wire.rebuilding import Held, Living


def logs_of(scenario: str, redis: Redis, documents: Documents) -> Living:
    """What may be written yet of each log: what lies beyond its committed offset, which its
    publisher stores once more where it finds it uncounted."""

    async def living(topic: str) -> list[Held]:
        rejected = topic == keys.rejected_topic(scenario)
        committed = await read_committed(redis, scenario, rejected)
        ends = {tp: offset + 1 for tp, offset in committed.offsets.items()}
        collections = [keys.rejected_collection(scenario)]
        if not rejected:
            collections.append(keys.logs_collection(scenario))
        for collection in collections:
            for tp, last in (await documents.last_offsets(collection)).items():
                if tp in ends:
                    ends[tp] = max(ends[tp], last + 1)
        return [Held(*_parted(tp), committed.offsets[tp] + 1, end) for tp, end in ends.items()]

    return living


def _parted(tp: str) -> tuple[str, int]:
    topic_id, _, number = tp.rpartition(":")
    return topic_id, int(number)
