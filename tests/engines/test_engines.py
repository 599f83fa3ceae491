"""Every engine is installed, started, used and ended, and keeps what it was given."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import stat
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from redis.asyncio import Redis as RedisClient
from redis.exceptions import AuthenticationError

from host.ports import Ports
from stack.engines.engine import Engine, NotReady, host_and_port, url_with_login
from stack.engines.haproxy import Haproxy
from stack.engines.kafka import Kafka, Listener
from stack.engines.kafka.probe import has_brokers
from stack.engines.mongo import Mongo
from stack.engines.mongo.apart import namespaces
from stack.engines.prometheus import Prometheus
from stack.engines.redis import Redis
from stack.engines.toxiproxy import Toxiproxy, api_client
from tests.engines.running import running, start, stop, when_ready
from tests.relay import relay
from tests.waiting import until
from wire.accounts import ACCOUNTS
from wire.kafka import Brokers

pytestmark = pytest.mark.engines


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    return Ports(tmp_path)


async def test_kafka_keeps_a_record_and_sends_each_client_to_the_door_it_came_by(
    tmp_path: Path, ports: Ports
) -> None:
    kafka = Kafka(tmp_path, ports)
    link, elsewhere = ports.choose("link"), ports.choose("elsewhere")
    kafka.configure([Listener("consumer.kafka", link, f"127.0.0.1:{elsewhere}")])
    async with running(kafka, tmp_path):
        await _create_topic(kafka.brokers())
        producer = AIOKafkaProducer(**kafka.brokers().arguments(), acks="all")
        await producer.start()
        await producer.send_and_wait("votes", b"one")
        await producer.stop()
        async with relay(elsewhere, link) as came:
            way = replace(kafka.brokers(), bootstrap=f"127.0.0.1:{link}")
            client = AIOKafkaAdminClient(**way.arguments())
            await client.start()
            brokers = (await client.describe_cluster())["brokers"]
            await client.close()
        assert [broker["port"] for broker in brokers] == [elsewhere]
        assert came
    kafka = Kafka(tmp_path, ports)
    async with running(kafka, tmp_path):
        consumer = AIOKafkaConsumer(**kafka.brokers().arguments())
        await consumer.start()
        partition = TopicPartition("votes", 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        assert (await consumer.getone()).value == b"one"
        await consumer.stop()


async def test_kafka_lets_nobody_in_without_its_password_by_any_door(
    tmp_path: Path, ports: Ports
) -> None:
    kafka = Kafka(tmp_path, ports)
    link = ports.choose("link")
    kafka.configure([Listener("consumer.kafka", link, f"127.0.0.1:{link}")])
    async with running(kafka, tmp_path):
        right = kafka.brokers()
        doors = [int(right.bootstrap.rpartition(":")[2]), link, ports.known()["kafka.controller"]]
        for door in doors:
            at = f"127.0.0.1:{door}"
            for wrong in (Brokers(at), replace(right, bootstrap=at, password="wrong")):
                with pytest.raises(NotReady):
                    await has_brokers(wrong)
    secret = (tmp_path / "engines" / "kafka" / "secret").read_text().strip()
    spec = kafka.spec()
    assert right.password == secret
    assert spec is not None
    assert secret not in " ".join([repr(right), str(right), *spec.argv])
    for file in ("secret", "server.properties"):
        assert stat.S_IMODE((tmp_path / "engines" / "kafka" / file).stat().st_mode) == 0o600


async def _create_topic(brokers: Brokers) -> None:
    admin = AIOKafkaAdminClient(**brokers.arguments())
    await admin.start()
    await admin.create_topics([NewTopic("votes", 1, 1)])
    await admin.close()


async def test_redis_asks_for_its_password_and_survives_a_kill(
    tmp_path: Path, ports: Ports
) -> None:
    redis = Redis(tmp_path, ports)
    async with running(redis, tmp_path) as child:
        client = RedisClient.from_url(url_with_login(redis))
        await client.set("kept", "yes")
        await until(lambda: _synced(client), "the append-only file is on disk")
        await client.aclose()
        stranger = RedisClient.from_url(redis.address())
        with pytest.raises(AuthenticationError):
            await stranger.ping()
        await stranger.aclose()
        secret = redis.secret()
        assert secret
        assert secret not in " ".join(psutil.Process(child.pid).cmdline())
        child.kill()
        await child.wait()
    async with running(redis, tmp_path):
        client = RedisClient.from_url(url_with_login(redis))
        assert await client.get("kept") == b"yes"
        await client.aclose()


async def _synced(client: RedisClient) -> bool:
    info = await client.info("persistence")
    return bool(info["aof_pending_bio_fsync"] == 0 and info["aof_buffer_length"] == 0)


async def test_the_document_store_asks_for_its_login_and_survives_a_kill(
    tmp_path: Path, ports: Ports
) -> None:
    mongo = Mongo(tmp_path, ports)
    async with running(mongo, tmp_path) as child:
        client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(url_with_login(mongo))
        await client.votes.log.insert_many([{"o": number} for number in range(500)])
        await client.close()
        stranger: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(mongo.address())
        with pytest.raises(OperationFailure, match="authentication"):
            await stranger.votes.log.insert_one({"o": -1})
        await stranger.close()
        child.kill()
        await child.wait()
    async with running(mongo, tmp_path):
        client = AsyncMongoClient(url_with_login(mongo))
        assert await client.votes.log.count_documents({}) == 500
        await client.close()


async def test_the_document_store_is_never_on_the_network_without_a_login(
    tmp_path: Path, ports: Ports
) -> None:
    mongo = Mongo(tmp_path, ports)
    reached: list[str] = []
    over = asyncio.Event()

    async def stranger() -> None:
        while not over.is_set():
            port = ports.known().get("mongo")
            with contextlib.suppress(OSError):
                if port is not None:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    reached.append(f"port {port}")
                    writer.close()
            await asyncio.sleep(0.01)

    if not await namespaces():
        pytest.skip("this kernel gives no network of its own to this user")
    trying = asyncio.create_task(stranger())
    await mongo.prepare(lambda _line: None)
    over.set()
    await trying
    assert reached == []
    async with running(mongo, tmp_path):
        client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(url_with_login(mongo))
        found = await client.admin.command("usersInfo", {"forAllDBs": True})
        ours = {mongo.username, *(each.name for each in ACCOUNTS if each.mongo)}
        assert {one["user"] for one in found["users"]} == ours
        await client.close()


async def test_prometheus_scrapes_what_is_listed_in_its_folder(
    tmp_path: Path, ports: Ports
) -> None:
    prometheus = Prometheus(tmp_path, ports)
    async with running(prometheus, tmp_path):
        own = prometheus.address().removeprefix("http://")
        listed = [{"targets": [own], "labels": {"deployment": "reader"}}]
        (prometheus.targets / "reader.json").write_text(json.dumps(listed))
        async with httpx.AsyncClient(base_url=url_with_login(prometheus)) as client:

            async def seen() -> bool:
                reply = await client.get("/api/v1/query", params={"query": "up"})
                series = reply.json()["data"]["result"]
                return [s["metric"]["deployment"] for s in series] == ["reader"]

            await until(seen, "the listed target is scraped")


async def test_toxiproxy_has_the_proxies_of_its_list_again_after_a_kill(
    tmp_path: Path, ports: Ports
) -> None:
    toxiproxy = Toxiproxy(tmp_path)
    listen, upstream = ports.choose("listen"), ports.choose("upstream")
    proxy = {
        "name": "consumer.redis",
        "listen": f"127.0.0.1:{listen}",
        "upstream": f"127.0.0.1:{upstream}",
        "enabled": True,
    }
    toxiproxy.configure(json.dumps([proxy]))
    async with running(toxiproxy, tmp_path) as child:
        assert await _proxies(toxiproxy) == ["consumer.redis"]
        child.kill()
        await child.wait()
    spec = toxiproxy.spec()
    assert spec is not None
    child = await start(spec, tmp_path / "again.log")
    try:
        await when_ready(toxiproxy, child)
        assert await _proxies(toxiproxy) == ["consumer.redis"]
    finally:
        await stop(child, spec)


async def _proxies(toxiproxy: Toxiproxy) -> list[str]:
    async with api_client(toxiproxy.address()) as client:
        return list((await client.get("/proxies")).json())


async def test_haproxy_takes_frontends_and_answers_on_its_socket(
    tmp_path: Path, ports: Ports
) -> None:
    haproxy = Haproxy(tmp_path, ports)
    port = ports.choose("ingress")
    haproxy.configure(
        f"frontend ingress\n  bind 127.0.0.1:{port}\n  http-request return status 204\n"
    )
    async with running(haproxy, tmp_path), httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 204
        assert "haproxy_" in (await client.get(f"http://{haproxy.address()}/metrics")).text
        assert stat.S_IMODE(haproxy.socket.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", [Redis, Prometheus])
async def test_a_port_taken_by_another_is_neither_used_nor_taken_for_our_own(
    tmp_path: Path, kind: type[Redis] | type[Prometheus]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    other: Engine = kind(first, Ports(first))
    first.mkdir()
    second.mkdir()
    async with running(other, tmp_path) as child:
        taken = host_and_port(other)[1]
        (second / "ports.json").write_text(json.dumps({other.name: taken}))
        engine: Engine = kind(second, Ports(second))
        await engine.prepare(print)
        assert host_and_port(engine)[1] != taken
        stranger = await asyncio.create_subprocess_exec("sleep", "60")
        try:
            with pytest.raises(NotReady, match="does not listen"):
                await other.ready(stranger.pid)
        finally:
            stranger.kill()
            await stranger.wait()
        os.kill(child.pid, signal.SIGSTOP)
        try:
            with pytest.raises(NotReady):
                await other.ready(child.pid)
        finally:
            os.kill(child.pid, signal.SIGCONT)


async def test_state_is_private(tmp_path: Path) -> None:
    state = tmp_path / "state"
    await Redis(state, Ports(state)).prepare(print)
    folders = [state / "engines" / "redis", state / "engines" / "redis" / "data"]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in [state, *folders]} == {0o700}
    assert stat.S_IMODE((state / "engines" / "redis" / "secret").stat().st_mode) == 0o600
