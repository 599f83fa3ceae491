"""Credential plugins: programs that a kubeconfig names and that give its credentials.

They get no terminal, a time limit, and end with whoever asked. Those that want to talk with a
person do so on the plain terminal, before there is a room.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from controlroom.targets.abilities import Denied
from host import leash

LIMIT = 20.0
"""Seconds that a plugin may take that asks nobody."""
TALK_LIMIT = 300.0
"""Seconds that a person may take to answer one."""
_SKEW = timedelta(seconds=30)
_FIX = "Log in as your cluster wants it; the plugin is asked again by itself."
_SAID = 300
_MOST = 1 << 20

Json = Mapping[str, Any]


class _Terminal:
    """Whether plugins may talk with a person now."""

    taken = False
    given: dict[str, tuple[Json, datetime | None]] = {}  # noqa: RUF012 - one for the process
    """Context -> credentials that somebody typed something for, and when they run out."""


def take_terminal() -> None:
    """From now on the terminal is the room's."""
    _Terminal.taken = True


def talks(plugin: Json) -> bool:
    """Whether a plugin would talk with a person, could it."""
    return bool(plugin.get("interactiveMode", "IfAvailable") != "Never")


async def credentials(context: str, plugin: Json, cluster: Json, folder: Path) -> Json:
    """The status that a plugin answers with. `folder`: where the kubeconfig is.

    Raises Denied, which names the plugin and what it said.
    """
    kept = _kept(context)
    if kept is not None:
        return kept
    person = talks(plugin) and _has_person()
    name = plugin["command"]
    if plugin.get("interactiveMode") == "Always" and not person:
        raise Denied(
            f"The credential plugin {name} of the context {context!r} wants a terminal.",
            "Log in on a terminal first, or give it interactiveMode: IfAvailable.",
        )
    status = await _run(context, plugin, _info(plugin, cluster, person), folder, person)
    if person:
        _Terminal.given[context] = (status, _end_of(status))
    return status


def forget(context: str) -> None:
    """What was given is of no use any more."""
    _Terminal.given.pop(context, None)


def _kept(context: str) -> Json | None:
    status, end = _Terminal.given.get(context, (None, None))
    if status is None or (end is not None and end - _SKEW < datetime.now(UTC)):
        return None
    return status


def _has_person() -> bool:
    return not _Terminal.taken and sys.stdin.isatty() and sys.stderr.isatty()


def _info(plugin: Json, cluster: Json, person: bool) -> str:
    spec: dict[str, Any] = {"interactive": person}
    if plugin.get("provideClusterInfo"):
        names = ("server", "certificate-authority-data", "insecure-skip-tls-verify")
        spec["cluster"] = {name: cluster[name] for name in names if name in cluster}
        if "tls-server-name" in cluster:
            spec["cluster"]["tls-server-name"] = cluster["tls-server-name"]
    kind = {"apiVersion": plugin["apiVersion"], "kind": "ExecCredential"}
    return json.dumps({**kind, "spec": spec})


async def _run(context: str, plugin: Json, info: str, folder: Path, person: bool) -> Json:
    name = plugin["command"]
    command = str(folder / name) if os.sep in name else name
    own = {each["name"]: each.get("value", "") for each in plugin.get("env", ())}
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            # a room that is killed takes it along
            *leash.command(command, *plugin.get("args", ())),
            stdin=None if person else null,
            stdout=pipe,
            stderr=None if person else pipe,
            start_new_session=not person,
            env={**os.environ, **own, "KUBERNETES_EXEC_INFO": info},
            limit=_MOST,
        )
    except OSError as error:
        raise _nothing(name, str(error.strerror)) from error
    heard = bytearray()
    try:
        async with asyncio.timeout(TALK_LIMIT if person else LIMIT) as limit:
            out, _ = await asyncio.gather(_all(process.stdout), _all(process.stderr, heard))
            await process.wait()
    except TimeoutError as error:
        if not limit.expired():
            raise
        words = f"The credential plugin {name} of the context {context!r} has not answered in "
        said = f" It said: {_said(heard)}." if heard else ""
        raise Denied(f"{words}{limit_of(person):.0f} s.{said}", _FIX) from error
    finally:
        _end(process, person)
    return _status(name, plugin, process.returncode, out, heard)


def limit_of(person: bool) -> float:
    """Seconds that a plugin may take."""
    return TALK_LIMIT if person else LIMIT


async def _all(stream: asyncio.StreamReader | None, into: bytearray | None = None) -> bytes:
    """What a stream gives up to its end, as far as anybody looks at it."""
    kept = bytearray() if into is None else into
    while stream is not None and (piece := await stream.read(1 << 16)):
        kept += piece[: max(0, _MOST - len(kept))]
    return bytes(kept)


def _end(process: asyncio.subprocess.Process, person: bool) -> None:
    """Ends what is left of it, and what it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if person:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _status(
    name: str, plugin: Json, code: int | None, out: bytes, heard: bytes | bytearray
) -> Json:
    if code:
        said = f". {_said(heard)}" if heard else ""
        raise _nothing(name, f"it ended with {code}{said}", plugin)
    try:
        body = json.loads(out)
    except ValueError as error:
        raise _nothing(name, "its answer is no JSON", plugin) from error
    status = body.get("status") if isinstance(body, dict) else None
    if not isinstance(status, dict):
        raise _nothing(name, "its answer has no status", plugin)
    if body.get("apiVersion") != plugin["apiVersion"]:
        wanted = f"{body.get('apiVersion')} and not {plugin['apiVersion']}"
        raise _nothing(name, f"its answer is {wanted}", plugin)
    certificate = bool(status.get("clientCertificateData"))
    if certificate != bool(status.get("clientKeyData")) or not (certificate or status.get("token")):
        raise _nothing(name, "its answer has neither a token nor certificate and key", plugin)
    return status


def _nothing(name: str, why: str, plugin: Json | None = None) -> Denied:
    hint = " ".join(str((plugin or {}).get("installHint", "")).split())
    return Denied(f"The credential plugin {name} gave nothing: {why}.", hint or _FIX)


def _said(heard: bytes | bytearray) -> str:
    return " ".join(heard.decode(errors="replace").split())[-_SAID:].rstrip(".")


def _end_of(status: Json) -> datetime | None:
    try:
        return datetime.fromisoformat(str(status.get("expirationTimestamp")))
    except ValueError:
        return None
