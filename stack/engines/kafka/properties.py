"""The broker's configuration: lean, on loopback, one listener for each link."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wire.kafka import Brokers

USER = "controlroom"
"""Who logs in: the services, the room, the stack and the broker at itself."""
READER = "reader"
"""Who asks for the ends of topics and does nothing else: the reader's pods."""
MECHANISM = "PLAIN"
CLIENT_FILE = "client.properties"
"""In the broker's folder, for clients of this user that are not ours."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener of the broker, and the address that its clients are sent to."""

    name: str
    port: int
    advertised: str
    """host:port, such as that of the link before this listener."""

    @property
    def label(self) -> str:
        """Its name in the broker's own spelling."""
        return re.sub(r"[^A-Z0-9]", "_", self.name.upper())


LEAN = f"""\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{USER}
sasl.enabled.mechanisms={MECHANISM}
sasl.mechanism.inter.broker.protocol={MECHANISM}
sasl.mechanism.controller.protocol={MECHANISM}
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
inter.broker.listener.name=DIRECT
num.partitions=12
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=1000
metadata.max.idle.interval.ms=5000
log.retention.bytes=268435456
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.io.buffer.size=262144
background.threads=2
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
offsets.load.buffer.size=1048576
transaction.state.log.load.buffer.size=1048576
"""


FLUSHING = """\
log.flush.interval.messages=1
"""
"""Nothing is acknowledged that is not on the disk."""


def properties(
    data: Path,
    port: int,
    controller: int,
    links: Sequence[Listener],
    secret: str,
    flushes: bool = False,
    accounts: Mapping[str, str] | None = None,
) -> str:
    """The whole file: a direct listener on `port`, and one per link; all ask for the login.

    `accounts`: name -> password of those who log in beside the administrator.
    """
    every = [Listener("direct", port, f"127.0.0.1:{port}"), *links]
    listeners = [f"{one.label}://127.0.0.1:{one.port}" for one in every]
    advertised = [f"{one.label}://{one.advertised}" for one in every]
    labels = [*(one.label for one in every), "CONTROLLER"]
    protocols = [f"{label}:SASL_PLAINTEXT" for label in labels]
    lines = [
        f"controller.quorum.voters=1@127.0.0.1:{controller}",
        f"listeners={','.join(listeners)},CONTROLLER://127.0.0.1:{controller}",
        f"advertised.listeners={','.join(advertised)}",
        f"listener.security.protocol.map={','.join(protocols)}",
        *(f"listener.name.{label.lower()}.{_jaas(secret, accounts or {})}" for label in labels),
        f"log.dirs={_value(data)}",
        "",
    ]
    return LEAN + (FLUSHING if flushes else "") + "\n".join(lines)


def own_brokers(port: int, secret: str, user: str = USER) -> Brokers:
    """The broker's direct listener, with the login that it asks for."""
    return Brokers(f"127.0.0.1:{port}", user, secret, MECHANISM)


def client_properties(brokers: Brokers) -> str:
    """The login as kcat and all that is made with librdkafka read it: `kcat -F FILE`."""
    return "\n".join(
        [
            f"bootstrap.servers={brokers.bootstrap}",
            f"security.protocol={brokers.protocol}",
            f"sasl.mechanism={brokers.mechanism}",
            f"sasl.username={brokers.username}",
            f"sasl.password={brokers.password}",
            "",
        ]
    )


def _jaas(secret: str, accounts: Mapping[str, str]) -> str:
    """Both sides at once: whom the listener lets in, and what the broker shows at itself."""
    module = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    own = f'username="{USER}" password="{secret}"'
    known = {USER: secret, **accounts}
    users = " ".join(f'user_{name}="{password}"' for name, password in known.items())
    return f"{MECHANISM.lower()}.sasl.jaas.config={module} {own} {users};"


def _value(path: Path) -> str:
    # In a Java properties file a backslash escapes and other letters than Latin-1 need \\u.
    text = str(path).replace("\\", "\\\\")
    units = text.encode("utf-16-be")
    pairs = [int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2)]
    return "".join(chr(unit) if unit < 128 else f"\\u{unit:04x}" for unit in pairs)
