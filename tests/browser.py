"""Headless Chromium by its own protocol: a page that is opened, looked at, typed and run into."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import axe_core_python
import pytest

from tests.waiting import until

PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
AXE = Path(axe_core_python.__file__).with_name("axe.min.js")
PATIENCE = 60.0


class Page:
    """One tab. What the browser complains of on its console is in `complaints`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.complaints: list[str] = []
        self.asked: list[str] = []
        """Addresses of all requests."""
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def listen(self) -> None:
        """Takes what the browser says until it is gone."""
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said)
            elif said["method"] == "Log.entryAdded":
                self.complaints.append(said["params"]["entry"]["text"])
            elif said["method"] == "Runtime.exceptionThrown":
                self.complaints.append(str(said["params"]["exceptionDetails"]))
            elif said["method"] == "Network.requestWillBeSent":
                self.asked.append(said["params"]["request"]["url"])
            elif said["method"] == "Network.webSocketCreated":
                self.asked.append(said["params"]["url"])

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One call of the protocol."""
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(PATIENCE):
            found = await answer
        assert "error" not in found, found
        return dict(found["result"])

    async def open(self, url: str) -> None:
        """Goes there."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=url)
        await self.shows("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def run(self, script: str) -> Any:
        """The value of an expression, awaited."""
        found = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def shows(self, condition: str) -> None:
        """Returns once an expression is true."""

        async def is_true() -> bool:
            return bool(await self.run(condition))

        await until(is_true, condition, timeout=PATIENCE)

    async def type(self, text: str) -> None:
        """Types into what has the focus, a key after the other."""
        for sign in text:
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=sign, key=sign)
            await self.call("Input.dispatchKeyEvent", type="keyUp", key=sign)

    async def size(self, width: int, height: int) -> None:
        """Makes the window so many pixels large."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def picture(self, path: Path) -> None:
        """A PNG of what is seen."""
        found = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(found["data"]))

    async def violations(self) -> list[str]:
        """What axe finds wrong: rule and place."""
        await self.run(AXE.read_text("utf-8") + "; true")
        found = await self.run("axe.run().then(found => found.violations)")
        return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


@contextlib.asynccontextmanager
async def browser(folder: Path, *flags: str) -> AsyncIterator[Page]:
    """A browser with a tab; skips where there is none on this machine."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium: bin/bootstrap dev installs chromium-headless-shell")
    told = folder / "DevToolsActivePort"
    command = [program, "--headless", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
    # a runner has no user namespaces for its sandbox; it opens pages of this machine only
    command += ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *flags, "about:blank"]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        await until(lambda: told.exists() and "\n" in told.read_text(), "the browser", PATIENCE)
        address = f"http://127.0.0.1:{told.read_text().splitlines()[0]}"
        async with aiohttp.ClientSession() as session:
            tabs = await (await session.get(f"{address}/json/list")).json()
            tab = next(one for one in tabs if one["type"] == "page")
            async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.create_task(page.listen(), name="browser")
                try:
                    yield page
                finally:
                    listening.cancel()
    finally:
        # Debian's program is a script that waits for the real one
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
