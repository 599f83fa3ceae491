"""What kustomize makes of an overlay, by the kubectl on PATH or the lab's own."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from host.install.commands import find_program
from host.project import PROJECT
from lab.programs import kubectl

Object = dict[str, Any]
OVERLAYS = PROJECT / "k8s" / "overlays"
NAMES = sorted(folder.name for folder in OVERLAYS.iterdir())
BESIDE = ("room",)
"""Deployed beside another overlay, of which they take namespace and accounts."""
WHOLE = [name for name in NAMES if name not in BESIDE]


def renderer() -> Path:
    """A kubectl; without one the test is skipped, saying so."""
    program = kubectl() or find_program("kubectl")
    if program is None:
        pytest.skip("no kubectl here; `make test-clusters` builds one")
    return program


@functools.cache
def text_of(overlay: str) -> str:
    """The whole rendering."""
    done = subprocess.run(
        [renderer(), "kustomize", str(OVERLAYS / overlay)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@functools.cache
def objects_of(overlay: str) -> list[Object]:
    """Every object of the rendering."""
    return list(yaml.safe_load_all(text_of(overlay)))


def of_kind(overlay: str, *kinds: str) -> list[Object]:
    """The objects of these kinds."""
    return [one for one in objects_of(overlay) if one["kind"] in kinds]


def title(one: Object) -> str:
    """Kind, namespace and name, for messages."""
    place = one["metadata"].get("namespace", "")
    return f"{one['kind']} {place}/{one['metadata']['name']}"
