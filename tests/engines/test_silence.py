"""An engine that is late may be busy; one that refuses is not."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest

from stack.engines import prometheus, redis
from stack.engines.engine import NotReady, Silent
from stack.engines.kafka.probe import has_brokers
from stack.engines.mongo import users
from tests.ports import free_port
from wire.kafka import Brokers

pytestmark = pytest.mark.long

Ask = Callable[[str], Awaitable[None]]
ASKED: dict[str, Ask] = {
    "mongo": lambda where: users.ping(f"mongodb://{where}/?directConnection=true", {}),
    "redis": lambda where: redis.ping(f"redis://{where}/0", None, None),
    "prometheus": lambda where: prometheus.answer("prometheus", f"http://{where}/-/ready"),
    "kafka": lambda where: has_brokers(Brokers(where)),
}


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("engine", ASKED)
async def test_no_answer_in_time_is_silence(engine: str, silent: str) -> None:
    with pytest.raises(Silent, match=engine):
        await ASKED[engine](silent)


@pytest.mark.parametrize("engine", ["mongo", "redis", "prometheus"])
async def test_a_refusal_is_an_answer(engine: str) -> None:
    with pytest.raises(NotReady, match=engine) as told:
        await ASKED[engine](f"127.0.0.1:{free_port()}")
    assert not isinstance(told.value, Silent)
