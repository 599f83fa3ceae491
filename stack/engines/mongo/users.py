"""Users of the document store, and the question whether the store serves.

The first user, its administrator, is made on a first, short run without `--auth`: not every
server lets a first user in otherwise. The accounts of `wire.accounts` are made by that user.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from host.errors import StackError
from stack.engines.engine import NotReady, Silent, require_owner
from stack.spec import ProcessSpec
from wire.accounts import ACCOUNTS

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient

USER = "controlroom"
EXISTS = 51003
"""Code of the answer to createUser for a user that is there."""
PATIENCE = 30.0
"""Seconds that the first run may take to answer."""
_LATE = re.compile("timed out|No servers found yet")
"""What the driver says where a server took its connection and no answer came."""


async def ensure_user(
    spec: ProcessSpec,
    port: int,
    secret: str,
    user: str = USER,
    accounts: Mapping[str, str] | None = None,
) -> None:
    """Starts the server by `spec`, makes the user or sets its password, and ends the server.

    So it does with `accounts`: name -> password.
    """
    async with serving(spec, port, {}) as url:
        await _make_user(url, user, secret)
        try:
            await ensure_accounts(url, {}, accounts or {})
        except NotReady as error:
            raise StackError(
                f"The document store made no accounts: {error}",
                "Look at its log and start it again.",
            ) from error


async def ensure_accounts(url: str, login: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    """Makes the accounts, or sets their passwords and roles. `secrets`: account -> password.

    Raises NotReady while that cannot be done.
    """
    from pymongo import AsyncMongoClient
    from pymongo.errors import PyMongoError

    client: AsyncMongoClient[dict[str, Any]] | None = None
    try:
        client = AsyncMongoClient(url, serverSelectionTimeoutMS=2000, **login)
        for each in ACCOUNTS:
            if each.mongo and each.name in secrets:
                await _set_user(client, each.name, secrets[each.name], each.roles)
    except (PyMongoError, OSError) as error:
        raise NotReady(f"mongo: its accounts are not made: {str(error)[:200]}") from error
    finally:
        if client is not None:
            await client.close()


async def _alone(client: AsyncMongoClient[dict[str, Any]], user: str) -> None:
    """Nobody else has used the run without a login. Raises StackError."""
    found = await client.admin.command("usersInfo", {"forAllDBs": True})
    ours = {user, *(each.name for each in ACCOUNTS)}
    others = [one["user"] for one in found["users"] if one["user"] not in ours]
    if others:
        raise StackError(
            f"Somebody else has made users in the document store: {', '.join(others)}.",
            "Remove its folder in engines/, and find out who was it.",
            "refused",
        )


@asynccontextmanager
async def serving(spec: ProcessSpec, port: int, login: Mapping[str, Any]) -> AsyncIterator[str]:
    """A server that answers while the block runs, and its URL. Raises StackError."""
    async with _running(spec) as child:
        url = f"mongodb://127.0.0.1:{port}/?directConnection=true"
        await _wait_ready(child, spec.name, port, url, login)
        yield url


async def ping(url: str, login: Mapping[str, Any]) -> None:
    """One command that needs the login; NotReady says why there was no answer."""
    from pymongo import AsyncMongoClient
    from pymongo.errors import NetworkTimeout, PyMongoError, ServerSelectionTimeoutError

    client: AsyncMongoClient[dict[str, Any]] | None = None
    try:
        client = AsyncMongoClient(url, serverSelectionTimeoutMS=2000, **login)
        await client.admin.command("listDatabases", nameOnly=True)
    except (NetworkTimeout, ServerSelectionTimeoutError) as error:
        reason = f"mongo: {str(error)[:200]}"
        raise (Silent if _LATE.search(reason) else NotReady)(reason) from error
    except (PyMongoError, OSError) as error:
        raise NotReady(f"mongo: {str(error)[:200]}") from error
    finally:
        if client is not None:
            await client.close()


async def _make_user(url: str, user: str, secret: str) -> None:
    from pymongo import AsyncMongoClient
    from pymongo.errors import PyMongoError

    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url)
    try:
        await _set_user(client, user, secret, ["root"])
        await _alone(client, user)
    except PyMongoError as error:
        raise StackError(
            f"The document store made no user: {error}", "Look at its log with controlroom logs."
        ) from error
    finally:
        await client.close()


async def _set_user(client: Any, user: str, secret: str, roles: Sequence[object]) -> None:
    """Makes the user, or gives the one that is there this password and these roles."""
    from pymongo.errors import OperationFailure

    try:
        await client.admin.command("createUser", user, pwd=secret, roles=roles)
    except OperationFailure as error:
        if error.code != EXISTS:
            raise
        await client.admin.command("updateUser", user, pwd=secret, roles=roles)


async def _wait_ready(
    child: asyncio.subprocess.Process, name: str, port: int, url: str, login: Mapping[str, Any]
) -> None:
    reason = "it did not start"
    try:
        async with asyncio.timeout(PATIENCE):
            while child.returncode is None:
                try:
                    require_owner(name, child.pid, port)
                    await ping(url, login)
                    return
                except NotReady as error:
                    reason = str(error)
                await asyncio.sleep(0.05)
    except TimeoutError:
        pass
    ended = "" if child.returncode is None else f" It ended with code {child.returncode}."
    raise StackError(
        f"The document store does not answer: {reason}.{ended}",
        "controlroom doctor says what is missing.",
    )


@asynccontextmanager
async def _running(spec: ProcessSpec) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(
        *spec.argv,
        cwd=spec.cwd,
        env=spec.env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        process_group=0,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            os.kill(child.pid, spec.stop_signal)
            try:
                await asyncio.wait_for(child.wait(), spec.stop_timeout)
            except TimeoutError:
                child.kill()
                await child.wait()
