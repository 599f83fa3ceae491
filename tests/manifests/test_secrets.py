"""No pod is given a login that it does not use, and the engines know the logins that they gave."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.manifests.rendering import NAMES, Object, of_kind
from wire.accounts import ACCOUNTS, redis_line

pytestmark = pytest.mark.engines

each = pytest.mark.parametrize("overlay", NAMES)

STORES = {account.secret for account in ACCOUNTS}
USES: dict[str, set[str]] = {
    "producer-http": {"stores-producer"},
    "producer-grpc/server": {"stores-producer"},
    "producer-wasm/worker": {"stores-producer"},
    "consumer": {"stores-consumer"},
    # `purge` is made by those alone who let it purge
    "reader": {"stores-reader", "purge"},
    # the bridge's server stores and counts as a consumer does
    "bridge-server/server": {"stores-consumer", "bridge"},
    "bridge/client": {"bridge"},
    # engines know whom they let in
    "redis": {"stores", *STORES},
    "mongo": {"stores", *STORES} - {"stores-producer"},
    "grafana": {"grafana"},
}
"""Container -> the Secrets that its program reads; all others read none as variables."""
MOUNTS = {
    "producer-http": {"kafka-producer"},
    "producer-grpc": {"kafka-producer"},
    "producer-wasm": {"kafka-producer"},
    "consumer": {"kafka-consumer"},
    "bridge": {"kafka-consumer"},
    "reader": {"kafka-reader"},
    "room": {"room"},
}
"""Pod -> Secrets that it may have as files."""


def containers(overlay: str) -> Iterator[tuple[str, Object, Object]]:
    """Workload/container (or just the name where both are the same), pod and container."""
    for one in of_kind(overlay, "Deployment", "StatefulSet", "DaemonSet"):
        pod, name = one["spec"]["template"]["spec"], one["metadata"]["name"]
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            own = container["name"]
            alike = own == name or name in ("redis", "mongo", "grafana")
            yield name if alike else f"{name}/{own}", pod, container


def secrets_of(container: Object) -> set[str]:
    """Secrets that a container has as variables."""
    found = {s["secretRef"]["name"] for s in container.get("envFrom", []) if "secretRef" in s}
    for variable in container.get("env", []):
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        if reference:
            found.add(reference["name"])
    return found


@each
def test_no_container_is_given_a_secret_that_it_does_not_use(overlay: str) -> None:
    for name, _, container in containers(overlay):
        assert secrets_of(container) <= USES.get(name, set()), name


@each
def test_no_pod_has_a_secret_as_a_file_that_it_does_not_use(overlay: str) -> None:
    for one in of_kind(overlay, "Deployment", "StatefulSet", "DaemonSet"):
        pod, name = one["spec"]["template"]["spec"], one["metadata"]["name"]
        mounted = {v["secret"]["secretName"] for v in pod.get("volumes", []) if "secret" in v}
        assert mounted <= MOUNTS.get(name, set()), name
        # and whoever has none needs no account of the cluster
        if name in (
            "producer-http",
            "producer-grpc",
            "producer-wasm",
            "consumer",
            "reader",
            "bridge",
            "bridge-server",
            "error-injector",
        ):
            assert pod["automountServiceAccountToken"] is False, name


@each
def test_the_administrator_of_the_stores_is_known_to_the_engines_alone(overlay: str) -> None:
    for name, pod, container in containers(overlay):
        if "stores" in secrets_of(container) or "{secretName: stores}" in str(pod):
            assert name in ("redis", "mongo"), name


def redis_of(overlay: str) -> Object | None:
    found = [o for o in of_kind(overlay, "StatefulSet") if o["metadata"]["name"] == "redis"]
    return found[0]["spec"]["template"]["spec"]["containers"][0] if found else None


@each
def test_redis_is_told_the_accounts_as_they_are(overlay: str) -> None:
    container = redis_of(overlay)
    if container is None:
        return
    told = [line.strip() for line in container["args"][0].splitlines()]
    lines = {line for line in told if line.startswith("user ")}
    assert lines == {redis_line(a, f"$REDIS_PASSWORD_{a.name.upper()}") for a in ACCOUNTS}
    given = {v["name"] for v in container["env"]}
    assert set(re.findall(r"\$(\w+)", container["args"][0])) == given


def test_mongo_is_told_the_accounts_as_they_are() -> None:
    (users,) = [
        one for one in of_kind("one", "ConfigMap") if one["metadata"]["name"].startswith("mongo-us")
    ]
    roles = dict(re.findall(r'^  (\w+): "(\w+)",$', users["data"]["users.js"], re.MULTILINE))
    assert roles == {account.name: account.mongo for account in ACCOUNTS if account.mongo}


@each
def test_kafka_on_strimzi_survives_the_loss_of_a_broker_and_knows_its_clients(overlay: str) -> None:
    for kafka in of_kind(overlay, "Kafka"):
        config = kafka["spec"]["kafka"]["config"]
        assert config["default.replication.factor"] == 3
        assert config["min.insync.replicas"] == 2
        assert config["offsets.topic.replication.factor"] == 3
        assert kafka["spec"]["kafka"]["authorization"] == {"type": "simple"}
        for listener in kafka["spec"]["kafka"]["listeners"]:
            assert listener["tls"] is True
            assert listener["authentication"] == {"type": "tls"}
    for topic in of_kind(overlay, "KafkaTopic"):
        assert topic["spec"]["replicas"] == 3
        assert topic["spec"].get("config", {}).get("min.insync.replicas", 2) == 2
    users = {one["metadata"]["name"]: one for one in of_kind(overlay, "KafkaUser")}
    for one in of_kind(overlay, "Deployment"):
        for volume in one["spec"]["template"]["spec"].get("volumes", []):
            name = volume.get("secret", {}).get("secretName", "")
            assert not name.startswith("kafka-") or name in users, one["metadata"]["name"]


WRITES = {"Write", "Create", "Delete", "Alter", "AlterConfigs", "ClusterAction", "All"}


def test_only_producers_write_to_kafka_and_nobody_makes_or_removes_topics() -> None:
    for user in of_kind("one", "KafkaUser"):
        acls = user["spec"]["authorization"]["acls"]
        may = {operation for acl in acls for operation in acl["operations"]}
        allowed = {"Write"} if user["metadata"]["name"] == "kafka-producer" else set()
        assert may & WRITES == allowed, user["metadata"]["name"]
