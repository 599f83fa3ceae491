"""The one user of the document store, and the question whether the store serves.

The user is made on a first, short run without `--auth`: not every server lets a first user in
otherwise.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from stack.engines.engine import NotReady, require_owner
from stack.errors import StackError
from stack.spec import ProcessSpec

USER = "controlroom"
EXISTS = 51003
"""Code of the answer to createUser for a user that is there."""
PATIENCE = 30.0
"""Seconds that the first run may take to answer."""


async def ensure_user(spec: ProcessSpec, port: int, secret: str, user: str = USER) -> None:
    """Starts the server by `spec`, makes the user or sets its password, and ends the server."""
    async with serving(spec, port, {}) as url:
        await _make_user(url, user, secret)


@asynccontextmanager
async def serving(spec: ProcessSpec, port: int, login: Mapping[str, Any]) -> AsyncIterator[str]:
    """A server that answers while the block runs, and its URL. Raises StackError."""
    async with _running(spec) as child:
        url = f"mongodb://127.0.0.1:{port}/?directConnection=true"
        await _wait_ready(child, spec.name, port, url, login)
        yield url


async def ping(url: str, login: Mapping[str, Any]) -> None:
    """One command that needs the login; NotReady tells why there was no answer."""
    from pymongo import AsyncMongoClient
    from pymongo.errors import PyMongoError

    client: AsyncMongoClient[dict[str, Any]] | None = None
    try:
        client = AsyncMongoClient(url, serverSelectionTimeoutMS=2000, **login)
        await client.admin.command("listDatabases", nameOnly=True)
    except (PyMongoError, OSError) as error:
        raise NotReady(f"mongo: {str(error)[:200]}") from error
    finally:
        if client is not None:
            await client.close()


async def _make_user(url: str, user: str, secret: str) -> None:
    from pymongo import AsyncMongoClient
    from pymongo.errors import OperationFailure, PyMongoError

    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url)
    try:
        try:
            await client.admin.command("createUser", user, pwd=secret, roles=["root"])
        except OperationFailure as error:
            if error.code != EXISTS:
                raise
            await client.admin.command("updateUser", user, pwd=secret)
    except PyMongoError as error:
        raise StackError(
            f"The document store made no user: {error}", "Look at its log with controlroom logs."
        ) from error
    finally:
        await client.close()


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
