"""What the services of covid share: where they listen, the origins, the words of their errors."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from services.shared.settings import SettingsError
from services.shared.web import App, Headers, Message, Receive, Send, answer

ORIGINS = ("http", "grpc", "wasm", "kafka", "redis", "streams", "faulty")
"""The ways by which an event may have come, as `origen` says them."""
ORIGEN = "origen"


def port_of(given: int, variable: str, environ: Mapping[str, str] | None = None) -> int:
    """The port that the project's own variable gave, else that of `HOST:PORT`, `:PORT` or `PORT`
    in the variable that existing implementations have. Raises SettingsError."""
    text = (os.environ if environ is None else environ).get(variable, "")
    port = text.rpartition(":")[2].strip()
    if given or (port.isdecimal() and 0 < int(port) < 65536):
        return given or int(port)
    raise SettingsError(f"{variable} is {text!r}", f"set {variable} to :PORT, such as :5000")


def needed(variable: str) -> str:
    """The value of a variable that has to be set. Raises SettingsError."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise SettingsError(f"the variable {variable} is not set", f"set {variable} for this pod")
    return value


class Worded:
    """An application whose errors also have the field `message`, and 400 where the project says
    422, as existing clients of these routes expect it."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        start: Message = {}
        body = bytearray()

        async def worded(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] >= 400:
                start = message
            elif not start:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await _answer(send, start, bytes(body))

        await self._app(scope, receive, worded)


async def _answer(send: Send, start: Message, body: bytes) -> None:
    kept: Headers = tuple(
        (name, value)
        for name, value in start["headers"]
        if name.lower() not in (b"content-type", b"content-length")
    )
    status = 400 if start["status"] == 422 else start["status"]
    try:
        told = msgspec.json.decode(body)
        body = msgspec.json.encode({"message": told.get("error", ""), **told})
    except (msgspec.DecodeError, AttributeError):
        body = msgspec.json.encode({"message": body.decode(errors="replace")})
    await answer(send, status, body, headers=kept)
