"""Which requests fail, how, and after how long."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from services.shared.golden import Traffic
from services.shared.problem import problem_body
from services.shared.settings import SettingsError
from services.shared.web import Message, Receive, Send, answer
from wire import problems

LONGEST_MS = 60_000
_FINE = b'{"message":"not failed this time"}'
_INJECTED = problem_body(problems.INJECTED)
_TOO_LARGE = problem_body(problems.TOO_LARGE)


@dataclass(frozen=True, slots=True)
class Errors:
    """What is asked of the service."""

    status: int = 500
    """HTTP status of requests that fail."""
    share: float = 1.0
    """Share of requests that fail, 0 to 1."""
    delay: float = 0.0
    """Seconds before any answer."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Of this process. Raises SettingsError, naming the variable."""
        env = os.environ if environ is None else environ
        return cls(
            status=round(_number(env, "ERROR_STATUS", 500, 400, 599)),
            share=_number(env, "ERROR_SHARE", 100, 0, 100) / 100,
            delay=_number(env, "ERROR_DELAY_MS", 0, 0, LONGEST_MS) / 1000,
        )


class ErrorApp:
    """Reads each body to its end without keeping it, and answers. Failures are spread evenly."""

    def __init__(self, errors: Errors, traffic: Traffic, max_body_bytes: int) -> None:
        self._errors = errors
        self._traffic = traffic
        self._most = max_body_bytes
        self._due = 0.0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = self._traffic.begin()
        status, body = 499, b""
        try:
            size = await _read(receive, self._most)
            if size is None:
                return
            status, body = (413, _TOO_LARGE) if size > self._most else self._answer()
            await asyncio.sleep(self._errors.delay)
            await answer(send, status, body)
        finally:
            self._traffic.end(started, status)

    def _answer(self) -> tuple[int, bytes]:
        self._due += self._errors.share
        if self._due < 1 - 1e-9:
            return 200, _FINE
        self._due -= 1
        return self._errors.status, _INJECTED


async def _read(receive: Receive, most: int) -> int | None:
    """Bytes of the body, read no further than just beyond `most`; None where the client left."""
    size = 0
    while size <= most:
        message = await receive()
        if message["type"] != "http.request":
            return None
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    return size


def _number(env: Mapping[str, str], name: str, default: float, least: float, most: float) -> float:
    text = env.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise SettingsError(f"{name} is {text!r}", f"give {name} a number from {least} to {most}")
    return value
