"""The low watermark of a partition: the offset up to which documents were removed on purpose.

It is raised before anything is removed, so that nothing looks lost whatever dies in between,
and only from the place where the caller knows it, so that nothing is counted as removed twice.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from redis.asyncio import Redis

from wire import keys
from wire.ranges import Range

if TYPE_CHECKING:
    from wire.documents import Documents

_SCRIPT = files("wire").joinpath("low_watermark.lua").read_text()


async def raise_low_watermark(
    scenario: str,
    redis: Redis,
    documents: Documents,
    removed: Range,
    count: int,
    rejected: bool = False,
) -> bool:
    """Raises the low watermark of a partition from `removed.after` to `removed.upto`.

    `count`: documents in that range; `rejected`: it is of the rejected topic. False, and nothing is
    counted, where the low watermark is another by now, or the committed offset is below the range.
    The document store remembers it too: once Redis was emptied it alone knows that its documents
    are not all there were. Raises RedisError or DocumentsError.
    """
    await documents.note_low_watermark(scenario, removed.tp, removed.upto)
    topic_id, _, partition = removed.tp.rpartition(":")
    topic = keys.rejected_topic(scenario) if rejected else keys.events_topic(scenario)
    field = keys.committed_field(keys.consumer_group(scenario), topic, topic_id, int(partition))
    names = (
        keys.low_watermark_key(scenario),
        keys.books_key(scenario),
        keys.committed_key(scenario),
        keys.lives_key(scenario),
        keys.queues_key(scenario),
    )
    wanted = (field, removed.after, removed.upto, count, "forgotten" if rejected else "purged")
    return bool(await redis.eval(_SCRIPT, len(names), *names, *wanted))
