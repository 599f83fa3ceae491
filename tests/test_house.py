"""The rules of the house hold: layers, types, style."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent


@pytest.mark.parametrize(
    "words",
    [("lint-imports",), ("mypy",), ("ruff", "check", "."), ("ruff", "format", "--check", ".")],
    ids=lambda words: words[0] + words[-1].strip("."),
)
def test_the_tool_finds_nothing(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [str(TOOLS / words[0]), *words[1:]], cwd=ROOT, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_source_file_grows_past_500_lines() -> None:
    names = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, text=True, capture_output=True, check=True
    ).stdout.split()
    sizes = {name: len((ROOT / name).read_text().splitlines()) for name in names}
    assert sizes
    generated = {name for name in names if "_pb2" in name}
    assert {n: size for n, size in sizes.items() if size > 500 and n not in generated} == {}
