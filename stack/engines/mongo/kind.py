"""The document store as a kind of engine: how it is had, and what the doctor says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from host.doctor.check import Check
from host.install.progress import Progress
from host.install.wheels import wheel_folder
from host.paths import engine_dir
from stack.engines.engine import Engine
from stack.engines.kind import EngineKind, EnginePlace
from stack.engines.mongo.programs import (
    MONGOD,
    PYTHON,
    PYTHON_SERVER,
    RUST_SERVER,
    any_store,
    built_rust,
    kept_kind,
    not_here,
    requested_kind,
    usable_mongod,
)
from stack.engines.mongo.server import Mongo, external_mongo


class MongoKind(EngineKind):
    """The documents."""

    name = "mongo"
    rank = 30
    setting = "CONTROLROOM_MONGO_URL"
    endpoint = "mongo"
    variable = "MONGO_URL"
    title = "document store"

    def here(self, place: EnginePlace) -> Engine:
        """A real mongod where there is one, else SecantusDB."""
        return Mongo(place.state, place.ports)

    def elsewhere(self, address: str) -> Engine:
        """A server given by its URL."""
        return external_mongo(address)

    async def install(self, progress: Progress) -> None:
        """The best that is here; the Python server where there is none."""
        await any_store(progress)

    async def examine(self, state: Path, environ: Mapping[str, str]) -> Sequence[Check]:
        """The store that this state folder began with, or would begin with."""
        return [await self._check(engine_dir(state, self.name), environ)]

    async def _check(self, folder: Path, environ: Mapping[str, str]) -> Check:
        kept = kept_kind(folder)
        mongod, rust = await usable_mongod(), await built_rust()
        here = {MONGOD: mongod is not None, RUST_SERVER: rust is not None, PYTHON_SERVER: True}
        if kept and not here.get(kept, False):
            fix = f"Bring it back (`make engines` builds the Rust store), or remove {folder}."
            message = f"The documents were stored by {kept}, which is not here any more."
            return Check(self.title, False, message, fix)
        first = kept or requested_kind(environ)
        if first and not here.get(first, False):
            message, fix = not_here(first)
            return Check(self.title, False, message, fix)
        kind = first or next(name for name in (MONGOD, RUST_SERVER, PYTHON_SERVER) if here[name])
        fetched = kind != PYTHON_SERVER or wheel_folder("secantus-py", PYTHON).exists()
        later = "" if fetched else ", the first start fetches it"
        return Check(self.title, True, f"{kind}{later}.")
