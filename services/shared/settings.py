"""What a service is told by its environment, read once at the start and passed in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.shared.dedup import Dedup
from services.shared.guests import Guests, hosts_of, origins_of
from services.shared.limits import LimitError, Limits, limits_of
from wire.kafka import NOWHERE, AddressError, Brokers, brokers_from
from wire.pruning import Keep
from wire.tops import MOST_MEMBERS

_DEDUP = Dedup()
_ORIGIN = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class SettingsError(Exception):
    """The environment cannot be used; `fix` says how to fix it."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of one container. Texts are empty and ports 0 where nothing was given."""

    scenario: str
    """Name of a scenario, or path of a scenario file."""
    pod_name: str
    pod_ip: str
    """The address that every server of the pod binds."""
    queue: str = ""
    """Which of the scenario's queues this process serves; empty for the first."""
    origin: str = ""
    """What a producer's events say of the door that they came by; empty for its own word."""
    kafka: Brokers = NOWHERE
    """Nowhere, as `redis_url` and `mongo_url` are empty, where that is in another cluster."""
    redis_url: str = ""
    redis_username: str = ""
    """Empty for the server's default user."""
    redis_password: str = field(default="", repr=False)
    mongo_url: str = ""
    mongo_username: str = ""
    mongo_password: str = field(default="", repr=False)
    http_port: int = 0
    grpc_port: int = 0
    admin_port: int = 0
    grpc_server_port: int = 0
    """Where the server container of the same pod listens."""
    worker_port: int = 0
    """Where the worker container of the same pod listens."""
    wasm_module: Path | None = None
    """File of a user's own module; None for the one that is shipped."""
    bridge_socket: str = ""
    """Path of the unix socket between the two containers of the bridge."""
    bridge_target: str = ""
    """`host:port` of the bridge's server in the other cluster."""
    bridge_token: str = ""
    """What both ends of the bridge know and nobody else."""
    ledger_dir: Path | None = None
    """Folder of the acknowledged counts; outlives the process, shared by the replicas."""
    drain_seconds: float = 1.2
    """From `not ready` to `no longer listening`: time for balancers to look elsewhere."""
    limits: Limits = field(default_factory=Limits)
    dedup: Dedup = field(default_factory=Dedup)
    """The same for all services of a scenario."""
    keep: Keep = field(default_factory=Keep)
    """How much of the documents stays."""
    tally_members: int = MOST_MEMBERS
    """Members that one tally may have; 0 sets no bound."""
    topic_bytes: int = 0
    """Bytes that Kafka keeps of each partition of a topic that is made; 0: as the broker has it."""
    batch_records: int = 0
    """Records that a consumer of Kafka takes at once; 0: as `services.queues.kafka.loop` has it."""
    disk_reserve: int = 0
    """Bytes that stay free on the disk of each store; 0: as `wire.disk` has it."""
    compat_get_writes: bool = False
    """Whether GET may write and purge, as existing clients do it."""
    guests: Guests = field(default_factory=Guests)
    urls: Mapping[str, str] = field(default_factory=dict)
    """Engine -> its address, of every variable NAME_URL."""
    purge_token: str = field(default="", repr=False)
    """Whoever shows it may purge over HTTP; empty where nobody may."""

    @classmethod
    def from_env(cls, *needed: str, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings of this process. `needed` are field names that must be given.

        Raises SettingsError, naming the variable, where one is missing or cannot be read.
        """
        env = os.environ if environ is None else environ
        for name in ("scenario", "pod_name", "pod_ip", *needed):
            cls.need(name, env.get(name.upper(), "").strip())

        def text(name: str) -> str:
            return env.get(name, "").strip()

        def path(name: str) -> Path | None:
            return Path(text(name)) if text(name) else None

        return cls(
            scenario=text("SCENARIO"),
            pod_name=text("POD_NAME"),
            pod_ip=text("POD_IP"),
            queue=text("QUEUE"),
            origin=_origin(env),
            kafka=_brokers(env),
            redis_url=text("REDIS_URL"),
            redis_username=text("REDIS_USERNAME"),
            redis_password=text("REDIS_PASSWORD"),
            mongo_url=text("MONGO_URL"),
            mongo_username=text("MONGO_USERNAME"),
            mongo_password=text("MONGO_PASSWORD"),
            http_port=_port(env, "HTTP_PORT"),
            grpc_port=_port(env, "GRPC_PORT"),
            admin_port=_port(env, "ADMIN_PORT"),
            grpc_server_port=_port(env, "GRPC_SERVER_PORT"),
            worker_port=_port(env, "WORKER_PORT"),
            wasm_module=path("WASM_MODULE"),
            bridge_socket=text("BRIDGE_SOCKET"),
            bridge_target=text("BRIDGE_TARGET"),
            bridge_token=text("BRIDGE_TOKEN"),
            ledger_dir=path("LEDGER_DIR"),
            drain_seconds=_seconds(env, "DRAIN_SECONDS", 1.2),
            limits=_limits(env),
            dedup=_dedup(env),
            keep=_keep(env),
            tally_members=_whole(env, "TALLY_MEMBERS_MAX", MOST_MEMBERS),
            topic_bytes=_whole(env, "TOPIC_BYTES_PER_PARTITION"),
            batch_records=_count(env, "BATCH_RECORDS", 0, 20_000),
            disk_reserve=_whole(env, "DISK_RESERVE"),
            compat_get_writes=_switch(env, "COMPAT_GET_WRITES"),
            guests=_guests(env),
            urls={name[:-4].lower(): env[name].strip() for name in env if name.endswith("_URL")},
            purge_token=text("PURGE_TOKEN"),
        )

    def address(self, name: str) -> str | Brokers:
        """The address of an engine; empty where nothing was said."""
        return self.kafka if name == "kafka" else self.urls.get(name, "")

    @staticmethod
    def need(name: str, value: str) -> None:
        """Raises SettingsError, naming the variable, where the value is empty."""
        if not value:
            raise SettingsError(
                f"the variable {name.upper()} is not set", f"set {name.upper()} for this pod"
            )


def _dedup(env: Mapping[str, str]) -> Dedup:
    return Dedup(
        _count(env, "DEDUP_SECONDS", _DEDUP.seconds, 7 * 86_400),
        _count(env, "DEDUP_MAX", _DEDUP.most, 1_000_000),
    )


def _keep(env: Mapping[str, str]) -> Keep:
    return Keep(
        documents=_whole(env, "DOCUMENTS_MAX"),
        seconds=float(_whole(env, "DOCUMENTS_MAX_SECONDS")),
    )


def _origin(env: Mapping[str, str]) -> str:
    text = env.get("ORIGIN", "").strip()
    if not text or _ORIGIN.fullmatch(text):
        return text
    raise SettingsError(
        f"ORIGIN is {text!r}", "set ORIGIN to a word of a-z, 0-9, _ and -, at most 32 characters"
    )


def _port(env: Mapping[str, str], name: str) -> int:
    text = env.get(name, "").strip()
    if not text:
        return 0
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise SettingsError(f"{name} is {text!r}", f"set {name} to a port number, 1 to 65535")


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "").strip()
    try:
        seconds = float(text) if text else default
    except ValueError:
        seconds = -1.0
    if 0 <= seconds <= 3600:
        return seconds
    raise SettingsError(f"{name} is {text!r}", f"set {name} to seconds, 0 to 3600")


def _count(env: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if text.isdecimal() and 0 < int(text) <= most:
        return int(text)
    raise SettingsError(f"{name} is {text!r}", f"set {name} to a whole number, 1 to {most}")


def _whole(env: Mapping[str, str], name: str, default: int = 0) -> int:
    text = env.get(name, "").strip() or str(default)
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        return int(text)
    raise SettingsError(f"{name} is {text!r}", f"set {name} to a whole number; 0 sets no bound")


def _brokers(env: Mapping[str, str]) -> Brokers:
    try:
        found = brokers_from(env)
        # files that are missing are told now, by name
        found.arguments()
        return found
    except AddressError as error:
        raise SettingsError(
            str(error), "see the variables KAFKA_... in k8s/base/config.yaml"
        ) from error


def _guests(env: Mapping[str, str]) -> Guests:
    found: dict[str, frozenset[str]] = {}
    for name, read in (("ALLOWED_HOSTS", hosts_of), ("ALLOWED_ORIGINS", origins_of)):
        try:
            found[name] = read(env.get(name, ""))
        except ValueError as error:
            raise SettingsError(
                f"{name}: {error}", f"set {name} as docs/clients.md says"
            ) from error
    return Guests(found["ALLOWED_HOSTS"], found["ALLOWED_ORIGINS"])


def _limits(env: Mapping[str, str]) -> Limits:
    try:
        return limits_of(env)
    except LimitError as error:
        raise SettingsError(str(error), f"set {error.name} to a number above 0") from error


def _switch(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name, "").strip()
    if text in ("", "0", "1"):
        return text == "1"
    raise SettingsError(f"{name} is {text!r}", f"set {name} to 1 or 0")
