"""Runs the document store with a login (SCRAM), on loopback."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

from host.errors import StackError
from host.install.progress import Progress
from host.install.wheels import base_environment
from host.paths import engine_dir, private_dir, write_private
from host.ports import Ports
from stack.engines.engine import Beside, Engine, require_owner
from stack.engines.external import External, split_login
from stack.engines.mongo.apart import ensure_user_apart
from stack.engines.mongo.faster import FasterStore
from stack.engines.mongo.moving import Server, move
from stack.engines.mongo.programs import (
    PYTHON_SERVER,
    StoreProgram,
    better_store,
    chosen_store,
    keep,
    kept_data,
)
from stack.engines.mongo.users import USER, ensure_accounts, ping
from stack.engines.secrets import account_secrets, kept_secret
from stack.spec import ProcessSpec
from wire.accounts import ACCOUNTS, login_variables

STORE = "MONGO"
"""How variables of its logins begin."""
USUAL_PORT = 27017


class Mongo(Engine):
    """One server; the kind of server belongs to the state folder and is kept with it.

    Where the slower server has the documents and a faster one is here by now, they are moved
    before it starts.
    """

    name = "mongo"
    usual_port = USUAL_PORT
    username = USER

    def __init__(self, state: Path, ports: Ports) -> None:
        self.version = ""
        self._folder = engine_dir(state, self.name)
        self._ports = ports
        self._port = 0
        self._data = self._folder / "data"
        self.trouble = ""
        """Why the documents could not be moved to a faster server that is here."""
        self._store: StoreProgram | None = None
        self._secret: str | None = None
        self._accounts: dict[str, str] = {}
        self._known_to = 0

    async def prepare(self, progress: Progress) -> None:
        """Chooses the server; at the first time starts it once without login to make the user."""
        private_dir(self._folder)
        self._store = await chosen_store(self._folder, progress)
        self._data = private_dir(kept_data(self._folder))
        write_private(self._folder / "settings.toml", "")
        self._secret = kept_secret(self._folder / "secret")
        self._accounts = account_secrets(self._folder)
        self._port = self._ports.choose(self.name)
        made = self._folder / "user-made"
        if not made.exists():
            progress("mongo: making its user")
            spec = self._run(self._store, self._port, self._data, auth=False)
            await ensure_user_apart(spec, self._port, self._secret)
            write_private(made, USER + "\n")
        await self._move_on(self._store, self._secret, progress)
        self.version = self._store.label()

    def spec(self) -> ProcessSpec | None:
        """With the login asked for."""
        return self._run(self._store, self._port, self._data, auth=True) if self._store else None

    @property
    def slow(self) -> bool:
        """Whether the slower server runs, whose data moves on once a faster one is here."""
        return self._store is not None and self._store.kind == PYTHON_SERVER

    async def ready(self, pid: int) -> None:
        """A command that needs the login, answered by our child; the accounts are there then."""
        require_owner(self.name, pid, self._port)
        login = {"username": USER, "password": self._secret or ""}
        await ping(self.address(), login)
        if self._known_to != pid:
            await ensure_accounts(self.address(), login, self._accounts)
            self._known_to = pid

    def address(self) -> str:
        """The URL; direct, because a discovering driver would go around a link to the server."""
        return f"mongodb://127.0.0.1:{self._port}/?directConnection=true"

    def secret(self) -> str | None:
        """The password of the user."""
        return self._secret

    def variables(self, account: str) -> Mapping[str, str]:
        """The login of the account; nothing for one that has none here, and before `prepare`."""
        has_one = any(each.name == account and each.mongo for each in ACCOUNTS)
        return login_variables(STORE, account, self._accounts.get(account) if has_one else None)

    async def once_up(self, beside: Beside) -> None:
        """Has a faster server built where the slower one runs for want of it."""
        await FasterStore(self, beside).run()

    async def _move_on(self, store: StoreProgram, secret: str, progress: Progress) -> None:
        """To a faster server, if one is here by now. What goes wrong leaves all as it was."""
        for left in self._folder.glob("data*"):
            if left != self._data:
                await asyncio.to_thread(shutil.rmtree, left, True)
        better = await better_store(store)
        if better is None:
            return
        data, port = self._folder / f"data-{better.kind}", self._ports.choose("mongo-moving")
        try:
            await move(
                self._server(store, self._port, self._data),
                self._server(better, port, private_dir(data)),
                secret,
                progress,
            )
        except StackError as error:
            self.trouble = error.message
            return
        keep(self._folder, better.kind, data.name)
        # the old folder goes at the next start, when the new one has served
        self._store, self._data = better, data

    def _server(self, store: StoreProgram, port: int, data: Path) -> Server:
        specs = (self._run(store, port, data, auth) for auth in (False, True))
        return Server(port, *specs)

    def _run(self, store: StoreProgram, port: int, data: Path, auth: bool) -> ProcessSpec:
        return ProcessSpec(
            name=self.name,
            argv=store.argv(port, data, self._folder / "settings.toml", auth),
            cwd=self._folder,
            env=base_environment() | {"PYTHONUNBUFFERED": "1"},
            stop_timeout=20.0,
        )


def external_mongo(url: str) -> External:
    """A server given by CONTROLROOM_MONGO_URL."""
    bare, user, secret = split_login(url)
    if bare.partition("://")[0] not in ("mongodb", "mongodb+srv"):
        raise StackError(
            f"CONTROLROOM_MONGO_URL is not the URL of a MongoDB server: {bare}",
            "Give it as mongodb://user:password@host:27017.",
            "refused",
        )
    login = {"username": user, "password": secret} if secret is not None else {}
    return External(
        "mongo",
        bare,
        lambda: ping(bare, login),
        user,
        secret,
        store=STORE,
        usual_port=USUAL_PORT,
        found_by_name=bare.startswith("mongodb+srv:"),
    )
