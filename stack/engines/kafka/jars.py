"""The broker's jars, fetched by Maven into the cache, and commands that run them."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from pathlib import Path

from host.errors import StackError
from host.install.commands import find_program, run
from host.install.parts import install
from host.install.progress import Progress
from host.paths import engine_cache
from stack.engines.kafka.java import Java

VERSION = "4.3.1"
POM = Path(__file__).resolve().parent / "pom.xml"
LOCK = Path(__file__).resolve().parent / "kafka-jars.sha256"
"""SHA-256 and name of every jar that the broker is made of, as `sha256sum` writes them."""
FRUGAL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""The second compiler would eat the core that it wants to save."""


def kafka_folder() -> Path:
    """Where the broker is installed."""
    return engine_cache("kafka", VERSION)


async def ensure_jars(progress: Progress) -> None:
    """Fetches the jars when they are missing."""

    async def make(part: Path) -> None:
        maven = find_program("mvn")
        if maven is None:
            raise StackError(
                "Maven is needed once, to fetch Kafka's jars, and is not on this machine.",
                "Install the package maven, or give a broker by CONTROLROOM_KAFKA.",
                "not_found",
            )
        progress(f"kafka: fetching the jars of {VERSION}")
        shutil.copyfile(POM, part / "pom.xml")
        argv = [str(maven), "-B", "-q", "dependency:copy-dependencies"]
        scope = ["-DincludeScope=runtime", f"-DoutputDirectory={part / 'libs'}"]
        fix = "Check the network and Maven's settings (~/.m2/settings.xml), then start again."
        await run("Fetching Kafka's jars", [*argv, *scope], part, fix)
        await asyncio.to_thread(check_jars, part / "libs")

    await install(kafka_folder(), "kafka", make, progress)


def check_jars(folder: Path, lock: Path = LOCK) -> None:
    """Raises StackError unless exactly the locked jars are in the folder, to the byte."""
    locked = (line.split() for line in lock.read_text().splitlines())
    wanted = {name: digest for digest, name in locked}
    found = {file.name: _digest(file) for file in folder.iterdir()}
    wrong = sorted(name for name in wanted.keys() | found if wanted.get(name) != found.get(name))
    if wrong:
        raise StackError(
            f"What Maven has fetched is not what Kafka {VERSION} is made of: {', '.join(wrong[:3])}"
            f"{' ...' if len(wrong) > 3 else ''} is missing, changed or not known.",
            "Somebody between this machine and Maven's repository may have changed it: look at "
            "~/.m2/settings.xml, remove the file from ~/.m2/repository, then start again.",
            "refused",
        )


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def archive_file(java: Java) -> Path:
    """The class archive that this Java made: a start with it takes half the time."""
    return kafka_folder() / f"classes-{java.identity}.jsa"


def broker_command(java: Java, config: Path, *options: str) -> tuple[str, ...]:
    """Starts the broker."""
    quiet = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Djava.awt.headless=true")
    memory = ("-Xms32m", "-Xmx256m", *FRUGAL, *options, *quiet)
    return (str(java.program), *memory, "-cp", _class_path(), "kafka.Kafka", str(config))


async def format_storage(java: Java, config: Path, cluster: str) -> None:
    """Prepares an empty data folder; one that is prepared stays as it is."""
    argv = [str(java.program), *FRUGAL, "-cp", _class_path(), "kafka.tools.StorageTool"]
    argv += ["format", "--ignore-formatted", "-t", cluster, "-c", str(config)]
    fix = f"Look at {config.parent}; without it the broker starts empty."
    await run("Preparing Kafka's storage", argv, config.parent, fix)


def _class_path() -> str:
    # A class archive is only valid for the same jars in the same order.
    return ":".join(str(jar) for jar in sorted((kafka_folder() / "libs").glob("*.jar")))
