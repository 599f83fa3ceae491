"""The server of rooms, with small programs in place of the room."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import psutil
import pytest

from controlroom.runs.audit import acting, entries
from controlroom.web import visitor
from controlroom.web.server import LEFT, TOO_MANY, VISITOR, WRONG_TOKEN
from tests.waiting import until
from tests.web.serving import script, served, started

pytestmark = pytest.mark.processes

TELLS = """
import os, signal, sys, time
def size(*_): print('size', *os.get_terminal_size(0), flush=True)
signal.signal(signal.SIGWINCH, size)
print('pid', os.getpid(), os.environ['TERM'], os.environ['CONTROLROOM_VISITOR'], flush=True)
print('far', os.environ.get('SSH_CONNECTION'), sys.stdin.isatty(), flush=True)
size()
while True:
    print('got', repr(sys.stdin.readline()), flush=True)
"""
FLOODS = """
import sys, time
n = 0
while True:
    sys.stdout.write('x' * 1000); sys.stdout.flush()
    n += 1000
    open(sys.argv[1], 'w').write(str(n))
"""
DEAF = """
import signal, time
signal.signal(signal.SIGHUP, signal.SIG_IGN)
print('deaf', flush=True)
while True: time.sleep(60)
"""


def children() -> list[psutil.Process]:
    return started("-c")


async def test_a_visitor_has_a_terminal_of_its_own_until_it_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 5 10.0.0.2 22")
    async with served(tmp_path, script(TELLS)) as door:
        one, other = await door.visit(columns=91), await door.visit(columns=20_000)
        await one.shows("xterm-256color browser 1 at 127.0.0.1")
        await one.shows("far None True")
        await one.shows("size 91 30")
        await other.shows("size 500 30")
        await one.say(size=[70, 20])
        await one.shows("size 70 20")
        await one.say(keys="hé\n")
        await one.shows("got 'hé")
        for nonsense in (
            {"size": "x"},
            {"size": [1]},
            {"keys": 7},
            {"drawn": "x"},
            {"size": [0, 0]},
        ):
            await one.say(**nonsense)
        await one.socket.send_str("[" * 9000)
        await one.socket.send_bytes(b"\0")
        await one.say(keys="still\n")
        await one.shows("got 'still")
        assert b"still" not in other.drawn
        assert len(children()) == 2
        await one.socket.close()
        await until(lambda: len(children()) == 1, "the room of who left has ended", 30)
    assert not children()
    told = [entry for entry in entries(tmp_path) if entry["action"] == "visit"]
    assert [entry["visitor"] for entry in told] == [
        "browser 1 at 127.0.0.1",
        "browser 2 at 127.0.0.1",
    ]


def test_the_audit_says_which_visitor_did_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VISITOR, "browser 3 at 127.0.0.1")
    with acting(tmp_path, "scale"):
        pass
    (entry,) = entries(tmp_path)
    assert entry["claimed"][VISITOR] == "browser 3 at 127.0.0.1"


async def test_who_has_no_token_gets_no_process_and_who_is_one_too_many_neither(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, script(TELLS), most=1) as door:
        for token in ("", "the-tokem", "the-token "):
            assert (await (await door.visit(token)).closed())[0] == WRONG_TOKEN
        assert not children()
        inside = await door.visit()
        await inside.shows("pid")
        assert (await (await door.visit()).closed())[0] == TOO_MANY
        await inside.socket.close()
        await until(lambda: not children(), "the first has left", 30)

        async def let_in() -> bool:
            # a process has ended a moment before its place is free
            visit = await door.visit()
            await until(lambda: visit.drawn or visit.socket.closed, "there is an answer", 30)
            return b"pid" in visit.drawn

        await until(let_in, "another one is let in", 30)


async def test_pages_of_other_sites_and_bent_names_are_refused(tmp_path: Path) -> None:
    async with served(tmp_path, script(TELLS)) as door:
        for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await door.session.ws_connect(f"{door.url}/room", headers=headers)
            assert refused.value.status == 403
        bent = {"Host": f"evil.example:{door.port}", "Origin": f"http://evil.example:{door.port}"}
        for path in ("/", "/room", "/room.js"):
            answer = await door.session.get(f"{door.url}{path}", headers=bent)
            assert answer.status == 403
            assert "--name evil.example" in await answer.text()
        page = await door.session.get(door.url)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "the-token" not in await page.text()
        for path in ("/../server.py", "/static", "/LICENSE.xterm", "/index.html"):
            assert (await door.session.get(f"{door.url}{path}")).status == 404


async def test_a_browser_that_draws_nothing_is_sent_little_and_goes_on_where_it_was(
    tmp_path: Path,
) -> None:
    written = tmp_path / "written"
    async with served(tmp_path, (*script(FLOODS), str(written))) as door:
        lazy = await door.visit()
        lazy.answering = False
        await until(lambda: len(lazy.drawn) >= visitor.AHEAD, "as much as it may be ahead", 60)

        seen = [""]

        def stands_still() -> bool:
            seen.append(written.read_text())
            return seen[-1] == seen[-2]

        await until(stands_still, "the pty is full", 60, every=0.3)
        assert len(lazy.drawn) < visitor.AHEAD + visitor.CHUNK
        lazy.answering = True
        await lazy.say(drawn=len(lazy.drawn))
        await until(lambda: len(lazy.drawn) > 2 * visitor.AHEAD, "it goes on", 60)


async def test_a_room_that_is_left_says_so_and_one_that_does_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path, script("print('farewell')")) as door:
        code, drawn = await (await door.visit()).closed()
        assert (code, "farewell" in drawn) == (LEFT, True)
    monkeypatch.setattr(visitor, "LEAVING", 0.1)
    async with served(tmp_path, script(DEAF)) as door:
        deaf = await door.visit()
        await deaf.shows("deaf")
        assert len(children()) == 1
        await deaf.socket.close()
        await until(lambda: not children(), "it is ended", 30)
