"""The module that is shipped is the one that its sources make."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from host.project import PROJECT
from services.producer_wasm.sandbox import SHIPPED

TOLD = tomllib.loads(SHIPPED.with_suffix(".toml").read_text())
NO_COMPILER = 3
"""Exit code of bin/wasm."""


def test_the_shipped_module_has_the_hash_beside_it_and_is_small() -> None:
    content = SHIPPED.read_bytes()
    assert hashlib.sha256(content).hexdigest() == TOLD["sha256"]
    assert len(content) < 200_000


def test_no_path_of_a_machine_is_in_it() -> None:
    content = SHIPPED.read_bytes()
    assert str(PROJECT).encode() not in content
    assert str(Path.home()).encode() + b"/" not in content


@pytest.mark.engines
@pytest.mark.timeout(300)
def test_its_sources_make_it_again_in_another_folder(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(
        PROJECT / "services" / "producer_wasm" / "module", tree / "services/producer_wasm/module"
    )
    (tree / "bin").mkdir()
    shutil.copy(PROJECT / "bin" / "wasm", tree / "bin")
    made = tmp_path / "made"
    done = subprocess.run(
        [tree / "bin" / "wasm", made], capture_output=True, text=True, check=False, timeout=240
    )
    if done.returncode == NO_COMPILER:
        pytest.skip("no rustc here makes modules; see bin/wasm")
    assert done.returncode == 0, done.stderr
    told = tomllib.loads((made / "producer.toml").read_text())
    if (told["rustc"], told["target"]) != (TOLD["rustc"], TOLD["target"]):
        pytest.skip(f"it was made by {TOLD['rustc']}, here is {told['rustc']}")
    assert told["sha256"] == TOLD["sha256"]
