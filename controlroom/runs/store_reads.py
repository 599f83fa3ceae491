"""How long a read of each store takes: one field of a hash in Redis, one document by its place."""

from __future__ import annotations

import time
from statistics import fmean

from controlroom.targets.abilities import Located, TargetError
from wire.committed import read_committed
from wire.documents import Documents, DocumentsError
from wire.keys import books_key, logs_collection
from wire.ranges import Range
from wire.stores import redis_client

BLOCKS = 8
READS = 25


async def store_reads(target: Located) -> dict[str, list[float]]:
    """Store -> the mean time of a read, ms, of each of `BLOCKS` blocks in turns; empty where a
    store does not answer, or has nothing yet."""
    from redis.exceptions import RedisError

    try:
        info, endpoints = await target.info(), await target.endpoints()
    except TargetError:
        return {}
    redis = redis_client(endpoints.address("redis"), timeout=5.0)
    documents = Documents(endpoints.address("mongo"))
    found: dict[str, list[float]] = {"redis": [], "mongo": []}
    try:
        ranges = (await read_committed(redis, info.scenario)).ranges()
        last = next((one for one in ranges if one.upto > one.after), None)
        if last is None:
            return {}
        wanted = Range(last.tp, last.upto - 1, last.upto)
        for block in range(BLOCKS):
            for store in ("redis", "mongo") if block % 2 else ("mongo", "redis"):
                times = []
                for _ in range(READS):
                    began = time.perf_counter()
                    if store == "redis":
                        await redis.hget(books_key(info.scenario), "version")
                    else:
                        await documents.find(logs_collection(info.scenario), wanted)
                    times.append((time.perf_counter() - began) * 1000)
                found[store].append(round(fmean(times), 3))
    except (RedisError, DocumentsError, OSError, TimeoutError):
        return {}
    finally:
        await redis.aclose()
        await documents.close()
    return found
