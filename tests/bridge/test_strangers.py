"""Who does not know the secret of the bridge gets nothing; who does may not write nonsense."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from services.bridge.applying import MOST_COUNT
from services.pb import bridge_pb2 as pb
from services.pb.bridge_pb2_grpc import BridgeStub
from tests.bridge.rig import TOKEN, Bridge
from tests.waiting import until
from wire import keys
from wire.committed import read_committed

FOREIGN = {
    "nothing": (),
    "another token": (("authorization", "Bearer another"),),
    "a part of it": (("authorization", f"Bearer {TOKEN[:-1]}"),),
    "no scheme": (("authorization", TOKEN),),
    "twice": (("authorization", f"Bearer {TOKEN}"), ("authorization", "Bearer x")),
}
KNOWN = (("authorization", f"Bearer {TOKEN}"),)


@contextlib.asynccontextmanager
async def calling(across: Bridge) -> AsyncIterator[BridgeStub]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{across.port}") as channel:
        yield BridgeStub(channel)


def jump(name: str, **changed: Any) -> pb.Batch:
    """A batch that carries a partition's committed offset a thousand offsets on, without any
    record."""
    given: dict[str, Any] = {
        "scenario": name, "topic": keys.events_topic(name), "topic_id": "T", "partition": 0,
        "expected": -1, "last": 999, "gaps": 1000,
    }  # fmt: skip
    return pb.Batch(**{**given, **changed})


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN.keys())
async def test_a_stranger_changes_nothing(
    across: Bridge, foreign: tuple[tuple[str, str], ...]
) -> None:
    rig = across.rig
    before = await read_committed(rig.redis, rig.name)
    requests = {
        "Committed": pb.CommittedRequest(scenario=rig.name, fields=["x"]),
        "Apply": jump(rig.name),
        "Acknowledge": pb.Acknowledged(scenario=rig.name, counts={"stranger": 7}),
    }
    async with calling(across) as stub:
        for method, request in requests.items():
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await getattr(stub, method)(request, timeout=10, metadata=foreign)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED, method
            assert TOKEN not in str(caught.value.details())
    assert await read_committed(rig.redis, rig.name) == before
    assert await rig.redis.hget(keys.acknowledged_key(rig.name), "stranger") is None
    assert await across.server.metric("controlroom_bridge_strangers_total") == len(requests)


NONSENSE: dict[str, dict[str, Any]] = {
    "backwards": {"expected": 10, "last": 9, "gaps": 0},
    "below any log": {"expected": -2, "last": -1, "gaps": 0},
    "beyond the end": {"end": 999},
    "gaps without room": {"gaps": 1001},
    "a gap below nothing": {"gaps": -1},
    "another topic": {"topic": "others.events"},
    "no topic's life": {"topic_id": ""},
    "no partition": {"partition": -1},
    "a record before the fence": {"records": [pb.Record(offset=-1)], "gaps": 0},
    "records that fall": {"records": [pb.Record(offset=5), pb.Record(offset=5)], "gaps": 0},
    "a record beyond the last": {"records": [pb.Record(offset=1000)], "gaps": 0},
}


async def test_offsets_that_no_log_has_are_refused(across: Bridge) -> None:
    rig = across.rig
    before = await read_committed(rig.redis, rig.name)
    async with calling(across) as stub:
        for title, changed in NONSENSE.items():
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stub.Apply(jump(rig.name, **changed), timeout=10, metadata=KNOWN)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, title
        counts = pb.Acknowledged(scenario=rig.name, counts={"p": MOST_COUNT + 1})
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Acknowledge(counts, timeout=10, metadata=KNOWN)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert await read_committed(rig.redis, rig.name) == before


async def test_ends_with_different_secrets_say_so(across: Bridge) -> None:
    rig = across.rig
    client = await rig.start(
        "services.bridge.client",
        "bridge-client",
        {
            "BRIDGE_SOCKET": f"{across.socket}2", "BRIDGE_TARGET": across.link.url,
            "BRIDGE_TOKEN": "other",
            "KAFKA_BOOTSTRAP": "", "REDIS_URL": "", "MONGO_URL": "",
        },
    )  # fmt: skip
    await until(client.ready, "a client that reaches the remote side")
    async with grpc.aio.insecure_channel(f"unix:{across.socket}2") as channel:
        stub = BridgeStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Committed(pb.CommittedRequest(scenario=rig.name), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "set BRIDGE_TOKEN alike on both sides" in str(caught.value.details())
