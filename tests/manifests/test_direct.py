"""The component of the queue `direct`: producers log in as whoever stores, in every container that
had a login."""

from __future__ import annotations

from typing import Any

import yaml

from host.project import PROJECT
from tests.manifests.schema import problems
from wire.accounts import ACCOUNTS, login_of

COMPONENT = PROJECT / "k8s" / "components" / "direct" / "kustomization.yaml"
(PRODUCER,) = (account for account in ACCOUNTS if account.name == "producer")


def test_every_login_of_a_producer_is_that_of_the_consumer() -> None:
    component = yaml.safe_load(COMPONENT.read_text())
    found = {patch["target"]["name"]: patch["patch"] for patch in component["patches"]}
    bases = sorted((PROJECT / "k8s" / "base").glob("producer-*.yaml"))
    assert sorted(found) == [base.stem for base in bases]
    for base in bases:
        deployment = next(iter(yaml.safe_load_all(base.read_text())))
        before = yaml.safe_dump(deployment)
        for operation in yaml.safe_load(found[base.stem]):
            replace(deployment, operation)
        assert problems(deployment) == []
        secret = f"stores-{login_of(PRODUCER, stores=True)}"
        assert yaml.safe_dump(deployment) == before.replace(PRODUCER.secret, secret)


def replace(into: Any, operation: dict[str, str]) -> None:
    """As RFC 6902 has it."""
    *path, last = operation["path"].strip("/").split("/")
    assert operation["op"] == "replace"
    for step in path:
        into = into[int(step)] if isinstance(into, list) else into[step]
    assert last in into
    into[last] = operation["value"]
