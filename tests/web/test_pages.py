"""The pages /live and /logs: whole without a script, kept new with one; axe finds nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx

from services.reader.pages import markup
from tests.browser import browser
from tests.consumer.rig import Rig
from tests.reader.test_routes import client_of

PEOPLE = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
HOSTILE = "<script>alert(1)</script>\"'&"
TOKEN = "let-me-purge"


def vote(**changed: str | int) -> dict[str, str | int]:
    return {"name": "Tool", "album": "Lateralus", "year": 2001, "rank": 5, **changed}


def test_every_text_is_escaped_and_an_empty_table_says_so() -> None:
    row = {"name": HOSTILE, "count": 1_234, "percent": 12.5, "none": None}
    made = markup.table(list(row), [row], HOSTILE)
    assert "<script" not in made
    assert "&lt;script&gt;" in made
    assert ">1,234<" in made
    assert 'value="12.50"' in made
    assert "Nothing yet." in markup.table(["name"], [], "x")
    choices = {"selected": {HOSTILE: "k"}, "choices": {HOSTILE: [{"key": "k", "label": HOSTILE}]}}
    found = {"title": HOSTILE, "scenario": HOSTILE, "view": HOSTILE, **choices}
    shown = markup.Shown(HOSTILE, made)
    for page in (
        markup.live(found, [(HOSTILE, HOSTILE), ("a", "b")], shown, "x=1"),
        markup.logs(HOSTILE, 10, shown, True),
        markup.failed(HOSTILE, HOSTILE),
    ):
        assert page.count("<script") == page.count('<script src="live/page.js" defer>')
        assert "alert(1)</script>" not in page


async def test_programs_and_people_are_answered_and_a_browser_shows_what_happens(
    bands: Rig, tmp_path: Path
) -> None:
    await bands.consumer()
    await bands.produce([vote(), vote(name=HOSTILE), vote()])
    await bands.settled(3)
    settings = {"PURGE_TOKEN": TOKEN, "MAX_STREAMS": "3", "HEARTBEAT_SECONDS": "0.3"}
    async with await client_of(bands, **settings) as client:
        await _one_address(client)
        await _streams(bands, client)
        await _in_a_browser(bands, str(client.base_url).rstrip("/"), tmp_path)


async def _one_address(client: httpx.AsyncClient) -> None:
    for prefix in ("", "/output"):
        for path in ("/live", "/logs?last=10"):
            for kinds in ("*/*", "application/json", "text/html;q=0.1, application/json"):
                data = await client.get(prefix + path, headers={"accept": kinds})
                assert data.headers["content-type"] == "application/json"
                assert data.headers["vary"] == "accept"
            page = await client.get(prefix + path, headers=PEOPLE)
            assert page.headers["content-type"].startswith("text/html")
            assert "default-src 'none'" in page.headers["content-security-policy"]
            assert "etag" not in page.headers
            assert "Lateralus" in page.text
            assert "&lt;script&gt;" in page.text
            assert "alert(1)</script>" not in page.text
    wrong = await client.get("/logs?last=0", headers=PEOPLE)
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (400, True)
    assert (await client.get("/live?view=nosuch", headers=PEOPLE)).status_code == 400
    assert 'id="purge"' not in (await client.get("/logs", headers=PEOPLE)).text


async def _streams(bands: Rig, client: httpx.AsyncClient) -> None:
    async with (
        client.stream("GET", "/logs/stream?last=10") as logs,
        client.stream("GET", "/live/page/stream") as live,
        client.stream("GET", "/output/live/page/stream"),
    ):
        surplus = await client.get("/logs/stream")
        assert (surplus.status_code, surplus.json()["code"]) == (503, "too_many_streams")
        told = {"live": live.aiter_lines(), "logs": logs.aiter_lines()}

        async def tells(name: str, text: str) -> None:
            async with asyncio.timeout(30):
                async for line in told[name]:
                    if line.startswith("data: {") and text in json.loads(line[6:])["summary"]:
                        return
            raise AssertionError(f"the stream of {name} has ended without {text!r}")

        await tells("live", "3 votes in all")
        await tells("logs", "3 events are stored")
        await bands.produce([vote()], first=3)
        await tells("live", "4 votes in all")
        await tells("logs", "4 events are stored")


async def _in_a_browser(bands: Rig, address: str, tmp_path: Path) -> None:
    said = "document.getElementById('state').textContent"
    rows = "document.getElementById('rows').textContent"
    async with browser(tmp_path) as page:
        await page.open(f"{address}/output/live")
        await page.shows(f"{said}.startsWith('Live.')")
        assert await page.violations() == []
        await bands.produce([vote(name="Can")], first=4)
        await page.shows(f"{rows}.includes('Can')")
        await page.run("document.getElementById('pause').click()")
        await page.shows(f"{said} === 'Paused.'")
        inside = bands.services[-1].admin
        await page.open(f"{inside}/logs?last=20")
        await page.shows(f"{rows}.includes('Can')")
        assert await page.violations() == []
        for token, name, answer in (
            ("wrong", bands.name, "Not purged"),
            (TOKEN, "other", "Not purged"),
            (TOKEN, bands.name, "5 events are purged."),
        ):
            for field, text in (("token", token), ("confirm", name)):
                await page.run(f"document.querySelector('[name={field}]').focus()")
                await page.type(text)
            await page.type("\r")
            purged = "document.getElementById('purged').textContent"
            await page.shows(f"{purged}.startsWith('{answer}')")
            await page.run(f"{purged} = ''")
        await page.shows(f"{rows}.includes('Nothing yet.')")
        answers = [one for one in page.complaints if "status of 4" not in one]
        assert answers == []
        hosts = {one.split("/")[2] for one in page.asked}
        assert hosts == {address.split("/")[2], inside.split("/")[2]}
