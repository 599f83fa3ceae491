"""Tests on both document stores: the one that a newcomer has, and the fast one.

All tests run on the Python store, which needs no build. Those that depend on what a store does
run on the Rust store too, where it is built (`make test` builds it where it finds cargo).
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from host.paths import engine_dir, private_dir, write_private
from host.ports import Ports
from stack.engines.engine import NotReady, url_with_login
from stack.engines.mongo import Mongo
from stack.engines.mongo.programs import CHOICE_VARIABLE, NOTE, STORE_CHOICES, built_rust
from tests.own_stack import PYTHON, RUST, OwnStack

if TYPE_CHECKING:
    from tests.conftest import Engines

BOTH = [
    pytest.param(PYTHON, id="python-store"),
    pytest.param(
        RUST,
        id="rust-store",
        marks=pytest.mark.skipif(
            asyncio.run(built_rust()) is None,
            reason="the Rust document store is not built: `make engines` does it (cargo)",
        ),
    ),
]


@pytest.fixture(name="engines", params=BOTH)
def engines_on_both(request: pytest.FixtureRequest, engines: Engines) -> Engines:
    """The engines, with one document store and then with the other."""
    if request.param == PYTHON:
        return engines
    return replace(engines, mongo=request.getfixturevalue("rust_documents"))


@pytest.fixture(name="stack", scope="module", params=BOTH)
def stack_on_both(
    request: pytest.FixtureRequest,
    python_stack: OwnStack,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OwnStack]:
    """The whole local stack, with one document store and then with the other."""
    if request.param == PYTHON:
        yield python_stack
        return
    own = OwnStack(tmp_path_factory.mktemp("stack") / "state", RUST)
    try:
        own.run("up", "--scenario", "bands", timeout=900)
        yield own
    finally:
        own.run("down", timeout=60, check=False)


@contextmanager
def documents_of(kind: str, state: Path) -> Iterator[str]:
    """A document store alone, as a stack runs it; its URL with the login."""
    folder = private_dir(engine_dir(state, "mongo"))
    write_private(folder / NOTE, STORE_CHOICES[kind] + "\n")
    server = Mongo(state, Ports(state))
    with pytest.MonkeyPatch.context() as asked:
        # one that was asked for stays, where a faster one is here too
        asked.setenv(CHOICE_VARIABLE, kind)
        asyncio.run(server.prepare(print))
    spec = server.spec()
    assert spec is not None
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            spec.argv, cwd=spec.cwd, env=spec.env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        asyncio.run(_serving(server, child.pid))
        yield url_with_login(server)
    finally:
        child.terminate()
        child.wait(spec.stop_timeout)


async def _serving(server: Mongo, pid: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                return await server.ready(pid)
            except NotReady:
                await asyncio.sleep(0.1)
