"""mongod on PATH is the first choice. None can be had here, so a stand-in takes its place: a
program that takes the flags of mongod, and no others, and serves by the Rust document store."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from host.paths import engine_dir
from host.ports import Ports
from stack.engines.mongo import Mongo
from stack.engines.mongo.programs import CHOICE_VARIABLE, MONGOD, built_rust, usable_mongod
from tests.engines.running import start, stop, when_ready

pytestmark = pytest.mark.engines

STAND_IN = """\
#!{python}
import argparse, os, sys
if sys.argv[1:] == ["--version"]:
    print("db version v{version}")
    sys.exit()
parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--bind_ip", required=True)
parser.add_argument("--dbpath", required=True)
parser.add_argument("--wiredTigerCacheSizeGB", type=float)
for flag in ("--nounixsocket", "--quiet", "--auth"):
    parser.add_argument(flag, action="store_true")
given = parser.parse_args()
argv = ["{server}", "--host", given.bind_ip, "--port", str(given.port)]
argv += ["--storage-path", given.dbpath, "--sync-on-commit"] + ["--auth"] * given.auth
os.execv(argv[0], argv)
"""


def stand_in(folder: Path, server: str, version: str = "7.0.14") -> None:
    """A `mongod` in that folder."""
    folder.mkdir(exist_ok=True)
    program = folder / "mongod"
    program.write_text(STAND_IN.format(python=sys.executable, server=server, version=version))
    program.chmod(0o755)


@pytest.fixture
async def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder first on PATH, with a stand-in."""
    rust = await built_rust()
    if rust is None:
        pytest.skip("the Rust document store, which the stand-in serves by, is not built")
    folder = tmp_path / "bin"
    stand_in(folder, rust.command[0])
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv(CHOICE_VARIABLE, raising=False)
    return folder


async def test_mongod_is_chosen_run_with_a_login_and_keeps_its_documents(
    tmp_path: Path, on_path: Path
) -> None:
    state = tmp_path / "state"
    for before in (0, 1):
        mongo = Mongo(state, Ports(state))
        await mongo.prepare(print)
        assert mongo.version == f"{MONGOD}-7.0.14"
        assert (engine_dir(state, "mongo") / "server").read_text().strip() == MONGOD
        spec = mongo.spec()
        assert spec is not None
        child = await start(spec, tmp_path / f"log{before}")
        try:
            await when_ready(mongo, child)
            login: dict[str, Any] = {"username": mongo.username, "password": mongo.secret()}
            async with AsyncMongoClient[dict[str, Any]](mongo.address(), **login) as client:
                assert await client["test"]["things"].count_documents({}) == before
                await client["test"]["things"].insert_one({"_id": before})
            async with AsyncMongoClient[dict[str, Any]](mongo.address()) as stranger:
                with pytest.raises(OperationFailure):
                    await stranger["test"]["things"].find_one({})
        finally:
            await stop(child, spec)


async def test_a_mongod_that_is_too_old_is_passed_over(on_path: Path) -> None:
    assert await usable_mongod() is not None
    stand_in(on_path, "/bin/false", version="4.2.25")
    assert await usable_mongod() is None
