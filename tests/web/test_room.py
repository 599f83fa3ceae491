"""The room itself in headless Chromium: keys, sizes, copying, a connection that is lost."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import aiohttp
import psutil
import pytest

from controlroom.runs.audit import entries
from host import leash
from tests.browser import browser
from tests.cli.running import environment
from tests.relay import link
from tests.waiting import until
from tests.web.serving import Served, served, started

pytestmark = pytest.mark.processes

NOBODY = ("launch", "--context", "nobody")
"""A room whose cluster is not there: it needs no engine, and answers keys all the same."""
ROOM = "screenText().includes('tallies')"


async def test_the_room_is_used_in_a_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kube").write_text("{}")
    for name, value in environment(tmp_path, KUBECONFIG=str(tmp_path / "kube")).items():
        monkeypatch.setenv(name, value)
    # of the terminal in which it is served: a room would believe them more than its own
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    command = (sys.executable, "-m", "controlroom", *NOBODY)
    async with (
        served(tmp_path / "state", command) as door,
        link(door.port) as away,
        browser(tmp_path / "browser") as page,
    ):
        await page.size(1000, 700)
        url = f"http://127.0.0.1:{away.port}"
        await page.open(url)
        await page.shows("document.getElementById('state').textContent.includes('token')")
        assert not _rooms()
        await page.open(f"{url}/#the-token")
        await page.shows(ROOM)
        assert "the-token" not in await page.run("location.href")
        assert await page.violations() == []
        # keys
        await page.type("?")
        await page.shows("screenText().includes(' Close ')")
        await page.type("\x1b")
        await page.shows("!screenText().includes(' Close ')")
        # sizes
        before = await page.run("screenText().split('\\n')[0].trimEnd().length")
        await page.size(760, 500)
        await page.shows(f"screenText().split('\\n')[0].trimEnd().length < {before}")
        await page.shows(ROOM)
        # what the room copies is in the browser's clipboard
        grant = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        await page.call("Browser.grantPermissions", origin=url, **grant)
        await page.type("1C")
        await page.shows("document.getElementById('state').textContent === 'Copied.'")
        assert "controlroom tallies" in await page.run("navigator.clipboard.readText()")
        # a connection that is lost
        (first,) = _rooms()
        assert away.reset()
        await page.shows(ROOM)
        await until(lambda: not psutil.pid_exists(first.pid), "the first room has ended", 60)
        await page.shows("document.getElementById('state').textContent === 'Connected.'")
        # leaving
        await page.type("q")
        await page.shows("document.getElementById('state').textContent.includes('left')")
        await until(lambda: not _rooms(), "the room has ended", 60)
        assert page.complaints == []
        assert {one.split("/")[2] for one in page.asked} == {f"127.0.0.1:{away.port}"}
    visits = [one for one in entries(tmp_path / "state") if one["action"] == "visit"]
    assert len(visits) == 2


async def test_the_verb_serves_and_ends_with_all_its_rooms(tmp_path: Path) -> None:
    words = ("--context", "nobody", "--read-only", "--port", "0")
    process = await asyncio.create_subprocess_exec(
        *leash.command(sys.executable, "-m", "controlroom", "serve", *words),
        env=environment(tmp_path, KUBECONFIG=str(tmp_path / "kube")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(120):
        url, _, token = (await process.stdout.readline()).decode().strip().partition("/#")
    assert len(token) > 40
    async with aiohttp.ClientSession() as session:
        door = Served(int(url.rpartition(":")[2]), session)
        inside = await door.visit(token)
        await inside.shows("read-only")
        assert not any(token in " ".join(one.cmdline()) for one in _all(process.pid))
        assert not any(token in str(one.environ()) for one in _all(process.pid))
        process.send_signal(signal.SIGTERM)
        await inside.closed()
    async with asyncio.timeout(60):
        assert await process.wait() == 0
    told = entries(tmp_path / "state")
    assert [(one["action"], one["read_only"]) for one in told] == [("visit", True)]


def _all(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def _rooms() -> list[psutil.Process]:
    return started("nobody")
