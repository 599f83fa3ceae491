"""The lists of dependencies agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME: list[str] = PROJECT["dependencies"]
DEVELOPMENT: list[str] = PROJECT["optional-dependencies"]["dev"]
LOCKS = [
    *(ROOT / "requirements").glob("*.txt"),
    *(ROOT / "stack").glob("**/*.txt"),
    *(ROOT / "host").glob("**/*.txt"),
]


@pytest.mark.parametrize("requirement", [*RUNTIME, *DEVELOPMENT])
def test_each_dependency_is_explained_with_its_range(requirement: str) -> None:
    name, bounds = _split(requirement)
    text = (ROOT / "docs/dependencies.md").read_text()
    assert f"| {name} | {bounds or 'any'} |" in text


@pytest.mark.parametrize(
    ("lock", "requirements"), [("runtime", RUNTIME), ("dev", [*RUNTIME, *DEVELOPMENT])]
)
def test_each_dependency_is_locked(lock: str, requirements: list[str]) -> None:
    text = (ROOT / f"requirements/{lock}.txt").read_text().lower()
    locked = set(re.findall(r"^([\w.-]+)(?:\[.*\])?==", text, re.MULTILINE))
    assert {_split(requirement)[0].lower() for requirement in requirements} <= locked


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text
    assert not re.search(r"^(-|#)", text, re.MULTILINE)


def _split(requirement: str) -> tuple[str, str]:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None
    return found[0], requirement[found.end() :]
