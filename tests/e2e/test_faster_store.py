"""What a newcomer has: the slower document store, until a faster one was built beside the stack.

The build is a stand-in for cargo that takes what was compiled before; it takes minutes otherwise.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx
import pytest

from host.paths import engine_cache, engine_dir, private_dir
from stack.engines.mongo.programs import PYTHON_SERVER, RUST, RUST_SERVER, built_rust, keep
from tests.own_stack import OwnStack
from tests.waiting import until

pytestmark = pytest.mark.engines

CARGO = """\
#!/bin/sh
set -e
if [ "$1" = --version ]; then echo "cargo 1.96.0"; exit; fi
while [ $# -gt 0 ]; do [ "$1" = --root ] && root=$2; shift; done
mkdir -p "$root/bin"
cp {built} "$root/bin/"
"""
EVENTS = 300


def machine(stack: OwnStack, folder: Path, built: str) -> None:
    """All engines are here but the faster store, and so are the programs that make it."""
    tools, cache = folder / "tools", folder / "cache" / "engines"
    for name, text in {"cargo": CARGO.format(built=built), "cmake": "", "ninja": ""}.items():
        tools.mkdir(exist_ok=True)
        (tools / name).write_text(text or "#!/bin/sh\n")
        (tools / name).chmod(0o755)
    (tools / "cc").symlink_to(tools / "cmake")
    cache.mkdir(parents=True)
    there = engine_cache("secantus-rs", RUST).parent
    for engine in there.iterdir():
        if not engine.name.startswith(("secantus-rs", ".")) and engine.suffix != ".part":
            (cache / engine.name).symlink_to(engine)
    stack.env["CONTROLROOM_CACHE_DIR"] = str(folder / "cache")
    stack.env["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
    stack.env.pop("CONTROLROOM_DOCUMENT_STORE", None)


def mongo_of(stack: OwnStack) -> dict[str, str]:
    """The document store, as `status` tells of it."""
    found: dict[str, str] = next(e for e in stack.status()["engines"] if e["name"] == "mongo")
    return found


async def test_documents_move_to_a_store_that_was_built_beside_the_stack(tmp_path: Path) -> None:
    rust = await built_rust()
    if rust is None:
        pytest.skip("the Rust document store is not built: cargo is not here")
    stack = OwnStack(tmp_path / "state")
    machine(stack, tmp_path, rust.command[0])
    keep(private_dir(engine_dir(stack.state, "mongo")), PYTHON_SERVER)
    try:
        stack.run("up", timeout=300)
        assert mongo_of(stack)["version"] == PYTHON_SERVER
        event = json.dumps({"name": "x", "album": "y", "year": 1999, "rank": 1})
        async with httpx.AsyncClient() as client:
            url = f"{stack.endpoints()['ingress']}/input"
            answer = await client.post(url, content=f"[{','.join([event] * EVENTS)}]")
            assert answer.status_code == 201, answer.text
        await until(lambda: stack.books()["stored"] == EVENTS, "all stored", 60, every=0.5)
        note = "the next start moves the documents"
        await until(lambda: note in mongo_of(stack)["message"], "the store is built", 60, 0.5)
        stack.run("down")
        up = stack.run("up", timeout=300)
        assert mongo_of(stack)["version"] == RUST_SERVER, up.err
        books = stack.run("books", "--exact", "--json").json()
        assert (books["stored"], books["counted"], books["lost"]) == (EVENTS, EVENTS, 0)
    finally:
        stack.run("down", check=False)
