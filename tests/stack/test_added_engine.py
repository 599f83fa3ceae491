"""An engine is added from a folder that is not the product's: run, linked, told, entered."""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from host.errors import StackError
from stack.client import StackClient
from stack.config import StackConfig
from stack.daemon_files import DaemonFiles
from stack.doctor import examine
from stack.engines.registry import FOLDERS, engines_for, kinds
from tests.own_stack import OwnStack
from tests.stack.test_daemon import is_ready, start
from tests.stack.test_selection import manifest
from tests.waiting import until

ADDED = Path(__file__).resolve().parent.parent / "engines" / "added"
SLOW = 0.3


@pytest.fixture
async def client(
    tiny_config: StackConfig, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[StackClient]:
    """Of a stack with one engine more."""
    monkeypatch.setenv(FOLDERS, str(ADDED))
    daemon = start(tiny_config)
    async with StackClient(DaemonFiles(tiny_config.state).socket) as client:
        try:
            await until(lambda: is_ready(client), "the stack is ready", timeout=90)
            yield client
            await client.down()
        finally:
            daemon.kill()
            daemon.wait()


async def test_an_engine_is_added_by_a_folder(
    client: StackClient, tiny_config: StackConfig
) -> None:
    status = await client.status()
    toy = engine_of(status, "toy")
    assert (toy["state"], toy["version"], toy["restarts"]) == ("ready", "1", 0)
    assert "tiny.toy" in {link["name"] for link in status["links"]}
    assert status["endpoints"]["toy"] == toy["address"]

    told = environment(status["endpoints"]["ingress"])
    assert (await asked(told["TOY_URL"], told["TOY_WORD"]))[0] == b"hello\n"
    assert told["TOY_URL"] != toy["address"]

    await a_fault_on_its_link_is_felt(client, told)

    psutil.Process(toy["pid"]).kill()
    await until(lambda: is_back(client), "it is started again")
    assert (await asked(told["TOY_URL"], told["TOY_WORD"]))[0] == b"hello\n"

    told_by_command(tiny_config.state)


def engine_of(status: Any, name: str) -> Any:
    return next(one for one in status["engines"] if one["name"] == name)


async def is_back(client: StackClient) -> bool:
    toy = engine_of(await client.status(), "toy")
    return bool(toy["state"] == "ready" and toy["restarts"] == 1)


def environment(ingress: str) -> dict[str, str]:
    """What a pod was told."""
    with urllib.request.urlopen(f"{ingress}/", timeout=30) as reply:
        told: dict[str, str] = json.load(reply)["env"]
    return told


async def asked(url: str, word: str) -> tuple[bytes, float]:
    """Its answer, and the seconds that it took, by the link of the deployment."""
    began = time.monotonic()
    async with asyncio.timeout(30):
        where = urlsplit(url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(f"{word}\nhello\n".encode())
        said = await reader.readline()
        writer.close()
    return said, time.monotonic() - began


async def a_fault_on_its_link_is_felt(client: StackClient, told: dict[str, str]) -> None:
    named = {key: {"labelSelectors": {"app.kubernetes.io/name": key}} for key in ("tiny", "toy")}
    slow = manifest(
        "NetworkChaos",
        action="delay",
        mode="all",
        selector=named["tiny"],
        target={"mode": "all", "selector": named["toy"]},
        delay={"latency": f"{SLOW * 1000:g}ms"},
        duration="60s",
    )
    fault = await client.inject_fault(slow)
    said, seconds = await asked(told["TOY_URL"], told["TOY_WORD"])
    assert said == b"hello\n"
    assert seconds >= SLOW
    await client.recover_fault(fault["id"])
    assert {name: () for link in (await client.status())["links"] for name in link["toxics"]} == {}


def told_by_command(state: Path) -> None:
    """`endpoints` and `status`, as a user has them; the word is in the first one only."""
    own = OwnStack(state)
    own.env[FOLDERS] = os.environ[FOLDERS]
    word = (state / "engines" / "toy" / "secret").read_text().strip()
    address = own.endpoints()["toy"]
    assert address.startswith(f"toy://toy:{word}@127.0.0.1:")
    assert address in own.run("endpoints").out
    status = own.run("status", "--json").out
    assert word not in status
    assert engine_of(json.loads(status), "toy")["state"] == "ready"


@pytest.mark.engines
async def test_the_doctor_knows_it_and_the_product_s_own_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = list(kinds())
    monkeypatch.setenv(FOLDERS, str(ADDED))
    assert list(engines_for(tmp_path, {})) == [*own, "toy"]
    checks = {check.name: check for check in await examine(tmp_path, {})}
    assert checks["toy"].ok


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise ValueError('no')", r"cannot be read \(ValueError: no\)"),
        ("ENGINE = 1", "holds no ENGINE"),
        ("from stack.engines.redis import ENGINE", "redis once more"),
        (
            "from stack.engines.redis.server import RedisKind\n"
            "class Other(RedisKind):\n    name = 'other'\nENGINE = Other()",
            "endpoint or the variable",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "__init__.py").write_text(text)
    monkeypatch.setenv(FOLDERS, str(tmp_path))
    with pytest.raises(StackError, match=said) as caught:
        kinds()
    assert caught.value.message.startswith((str(tmp_path / "bad"), "other"))
    assert FOLDERS in caught.value.fix
