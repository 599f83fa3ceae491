"""Settings that experiments may change: those that services read, and no secret or address."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from services.shared.limits import Limits
from services.shared.settings import Settings
from wire.tunables import TUNABLES, forbidden, refusal, settable

BASE = Path(__file__).resolve().parents[2] / "k8s" / "base"


def test_every_one_is_read_by_services() -> None:
    read = {one.name.upper() for kind in (Limits, Settings) for one in dataclasses.fields(kind)}
    assert {name for names in TUNABLES.values() for name in names} <= read


def test_each_is_of_a_deployment_that_there_is() -> None:
    there = set()
    for file in BASE.glob("*.yaml"):
        objects = [one for one in yaml.safe_load_all(file.read_text()) if one]
        there |= {one["metadata"]["name"] for one in objects if one["kind"] == "Deployment"}
    assert set(TUNABLES) <= there


@pytest.mark.parametrize(
    "name",
    ["REDIS_PASSWORD", "PURGE_TOKEN", "KAFKA_KEY_FILE", "MONGO_URL", "ADMIN_PORT", "QUEUE",
     "KAFKA_BOOTSTRAP", "ALLOWED_HOSTS", "LEDGER_DIR", "POD_IP", "PYTHONPATH", "LD_PRELOAD",
     "CONTROLROOM_QUEUES", "SCENARIO", "MONGO_USERNAME"],
)  # fmt: skip
def test_secrets_addresses_and_what_a_service_is_are_not_set(name: str) -> None:
    assert forbidden(name)
    assert name not in settable("mine", {name, "PACE"})
    assert refusal("mine", [name], {name, "PACE"}).startswith(f"{name} of mine is ")


def test_plain_values_of_a_manifest_may_be_set_and_what_nobody_says_may_not() -> None:
    assert settable("mine", {"PACE", "HTTP_PORT"}) == ["PACE"]
    assert refusal("mine", ["PACE"], {"PACE"}) == ""
    assert refusal("mine", ["SPEED"], {"PACE"}) == "mine has no setting SPEED; it has PACE."
