"""Kafka as Strimzi serves it: TLS, a certificate of each client, and the ACLs of its users.

The broker is the local one; settings and ACLs are those of k8s/components/kafka-strimzi.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from host.install.progress import Progress
from host.ports import Ports
from host.project import PROJECT
from services.queues.kafka.publisher import Publisher
from services.queues.port import Entry
from services.shared.settings import Settings
from stack.engines.kafka import Kafka
from stack.engines.kafka.access import CLUSTER, Grant, allow
from tests.engines.running import running
from tests.ports import free_port
from tests.waiting import until
from wire import keys
from wire.backlog import read_backlog
from wire.kafka import Brokers
from wire.reading import open_reader
from wire.record import headers
from wire.refusals import Refusals
from wire.topics import OffsetReader, ensure_topics

pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by openssl"),
]
COMPONENT = PROJECT / "k8s" / "components" / "kafka-strimzi"
HOST = "localhost"
EVENTS = keys.events_topic("bands")


class Authorities:
    """Those of Strimzi: one signs the brokers, the other one their clients."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("cluster", "clients", "stranger"):
            self._openssl(
                *("req", "-x509", "-subj", f"/O=io.strimzi/CN={name}-ca", *self._new(name))
            )

    def signed(self, name: str, by: str) -> tuple[Path, Path]:
        """Certificate and key of that name."""
        asked = self._folder / f"{name}.csr"
        words = ("-subj", f"/CN={name}", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        key, made = self._folder / f"{name}.key", self._folder / f"{name}.crt"
        self._openssl("req", *words, "-noenc", "-keyout", str(key), "-out", str(asked))
        more = self._folder / "names"
        more.write_text(f"subjectAltName=DNS:{HOST}\n")
        ca = ("-CA", str(self.of(by)), "-CAkey", str(self._folder / f"{by}-ca.key"))
        self._openssl(
            *("x509", "-req", "-in", str(asked), "-out", str(made), "-CAcreateserial", *ca),
            *("-extfile", str(more)),
        )
        return made, key

    def of(self, name: str) -> Path:
        """The certificate of one of them."""
        return self._folder / f"{name}-ca.crt"

    def _new(self, name: str) -> Sequence[str]:
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
        return (
            *key,
            *("-keyout", str(self._folder / f"{name}-ca.key"), "-out", str(self.of(name))),
        )

    @staticmethod
    def _openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True)


class Tls(Kafka):
    """The local broker with one more listener, which is Strimzi's."""

    def __init__(self, folder: Path, made: Authorities) -> None:
        super().__init__(folder, Ports(folder))
        self._made = made
        self._where = folder
        self.port = free_port()

    async def prepare(self, progress: Progress) -> None:
        """Its configuration with what Strimzi adds; the last line of a name counts."""
        await super().prepare(progress)
        cert, key = self._made.signed("events-kafka", "cluster")
        store = self._where / "broker.pem"
        store.write_text(key.read_text() + cert.read_text())
        file = self._where / "engines" / "kafka" / "server.properties"
        told = dict(line.split("=", 1) for line in file.read_text().splitlines() if line)
        more = {
            "listeners": f"{told['listeners']},TLS://127.0.0.1:{self.port}",
            "advertised.listeners": f"{told['advertised.listeners']},TLS://{HOST}:{self.port}",
            "listener.security.protocol.map": f"{told['listener.security.protocol.map']},TLS:SSL",
            "listener.name.tls.ssl.client.auth": "required",
            "listener.name.tls.ssl.keystore.type": "PEM",
            "listener.name.tls.ssl.keystore.location": str(store),
            "listener.name.tls.ssl.truststore.type": "PEM",
            "listener.name.tls.ssl.truststore.location": str(self._made.of("clients")),
        }
        file.write_text("".join(f"{name}={value}\n" for name, value in {**told, **more}.items()))


def grants() -> list[Grant]:
    """The ACLs of users.yaml, as its operator makes them."""
    users = yaml.safe_load_all((COMPONENT / "users.yaml").read_text())
    return [
        Grant(
            f"User:CN={user['metadata']['name']}",
            acl["resource"]["type"],
            acl["resource"].get("name", CLUSTER),
            acl["operations"],
        )
        for user in users
        for acl in user["spec"]["authorization"]["acls"]
    ]


def told() -> dict[str, str]:
    """What the overlay adds to the ConfigMap `endpoints`."""
    patches = yaml.safe_load((COMPONENT / "kustomization.yaml").read_text())["patches"]
    (patch,) = [each for each in patches if each["target"]["kind"] == "ConfigMap"]
    steps = yaml.safe_load(patch["patch"])
    return {step["path"].rpartition("/")[2]: step["value"] for step in steps}


def mounted(user: str, files: Mapping[str, Path], root: Path) -> dict[str, str]:
    """The environment of that user's pods, with the files where the overlay has them."""
    for place, source in files.items():
        target = root / user / place.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    at = str(root / user)
    return {name: at + value if value.startswith("/") else value for name, value in told().items()}


def settings(user: str, broker: Tls, made: Authorities, root: Path) -> Settings:
    """What a service of that user is told."""
    cert, key = made.signed(user, "stranger" if user == "stranger" else "clients")
    files = {
        "/etc/kafka/ca/ca.crt": made.of("cluster"),
        "/etc/kafka/user/user.crt": cert,
        "/etc/kafka/user/user.key": key,
    }
    env = mounted(user, files, root) | {"KAFKA_BOOTSTRAP": f"{HOST}:{broker.port}"}
    named = {"SCENARIO": "bands", "POD_NAME": user, "POD_IP": "127.0.0.1"}
    return Settings.from_env(environ=env | named)


async def published(brokers: Brokers, count: int) -> None:
    """Sends records as the producers do."""
    publisher = Publisher(brokers, "bands")
    work = asyncio.create_task(publisher.run())
    try:
        await asyncio.wait_for(publisher.connected.wait(), 60)
        entries = [Entry(b"{}", headers(f"e-{n}", "test", False)) for n in range(count)]
        await publisher.publish(EVENTS, entries)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await publisher.disconnect()


async def consumed(brokers: Brokers, count: int) -> None:
    """Reads them as a member of the group, and commits."""
    consumer: AIOKafkaConsumer = open_reader(
        refusals=Refusals(),
        **brokers.arguments(),
        group_id=keys.consumer_group("bands"),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        consumer.subscribe([EVENTS])
        seen = 0

        async def all_read() -> bool:
            nonlocal seen
            found = await consumer.getmany(timeout_ms=200)
            seen += sum(map(len, found.values()))
            return seen >= count

        await until(all_read, "all are read", 60)
        await consumer.commit()
    finally:
        await consumer.stop()


async def test_each_service_works_by_the_certificate_that_strimzi_gives_it(tmp_path: Path) -> None:
    made = Authorities(tmp_path)
    broker = Tls(tmp_path, made)
    async with running(broker, tmp_path):
        # topics and users are made by Strimzi's operators
        await ensure_topics(broker.brokers(), "bands")
        await allow(broker.brokers(), grants())

        def of(user: str) -> Brokers:
            return settings(f"kafka-{user}", broker, made, tmp_path / "pods").kafka

        producer, consumer, reader = of("producer"), of("consumer"), of("reader")
        await published(producer, 500)
        async with OffsetReader(producer) as offsets:
            # before a scenario has consumers nothing is known of their group
            assert (await read_backlog(offsets, "bands")).records == 500
        await ensure_topics(consumer, "bands")
        await consumed(consumer, 500)
        async with OffsetReader(consumer) as offsets:
            assert await offsets.lag(keys.consumer_group("bands"), EVENTS) == dict.fromkeys(
                range(keys.PARTITIONS), 0
            )
        async with OffsetReader(reader) as offsets:
            assert sum((await offsets.end_offsets(EVENTS)).values()) == 500
            with pytest.raises(KafkaError):
                await offsets.members(keys.consumer_group("bands"))
        await refused(broker, made, tmp_path / "pods", consumer, reader)


async def refused(
    broker: Tls, made: Authorities, root: Path, consumer: Brokers, reader: Brokers
) -> None:
    """Who shows no certificate of ours is not let in; who does writes nothing that is not his."""
    nobody = Brokers(f"{HOST}:{broker.port}", tls=True, ca_file=str(made.of("cluster")))
    stranger = settings("stranger", broker, made, root).kafka
    for each in (nobody, stranger, Brokers(f"{HOST}:{broker.port}")):
        async with OffsetReader(each) as offsets:
            with pytest.raises(KafkaError):
                await offsets.end_offsets(EVENTS)
    for each in (consumer, reader):
        assert await _sent(each.arguments()) is TopicAuthorizationFailedError


async def _sent(arguments: Mapping[str, Any]) -> type[BaseException] | None:
    """What comes of a record that a plain client sends."""
    from aiokafka import AIOKafkaProducer

    async with AIOKafkaProducer(**arguments) as plain:
        try:
            await plain.send_and_wait(EVENTS, b"{}")
        except KafkaError as error:
            return type(error)
    return None
