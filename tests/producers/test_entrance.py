"""Whom the doors let in: no page of another web site, every program, and the origins named."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from services.shared.entrance import Entrance
from services.shared.guests import Guests, hosts_of, origins_of
from services.shared.settings import Settings, SettingsError
from services.shared.web import Message, Receive, Send, answer

PAGE = "https://ui.example"
TEXT = {"content-type": "text/plain"}
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def taking(scope: Message, receive: Receive, send: Send) -> None:
    """An application that takes everything."""
    await answer(send, 201, b"{}")


async def asked(
    guests: Guests,
    headers: Mapping[str, str],
    method: str = "POST",
    writes_by_get: bool = False,
) -> httpx.Response:
    door = httpx.ASGITransport(Entrance(taking, guests, writes_by_get=writes_by_get))
    async with httpx.AsyncClient(transport=door, base_url="http://127.0.0.1:8080") as client:
        return await client.request(method, "/input", headers=headers)


@pytest.mark.parametrize("kind", [TEXT, JSON, FORM, {}])
@pytest.mark.parametrize(
    "page",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://["},
        {"origin": "http://evil.example:8080", "host": "evil.example:8080"},
        {"host": "evil.example"},
        {"sec-fetch-site": "cross-site"},
    ],
)
async def test_the_page_of_another_site_changes_nothing(
    page: Mapping[str, str], kind: Mapping[str, str]
) -> None:
    refused = await asked(Guests(), {**page, **kind})
    assert refused.status_code in (403, 421)
    assert refused.json()["code"] in ("foreign_origin", "foreign_host")
    assert "ALLOWED_" in refused.json()["error"]
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("kind", [TEXT, JSON, FORM, {}])
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8080", "localhost", "[::1]:80", "10.1.2.3", "x", "ingress.controlroom.svc:80"],
)
async def test_programs_go_on_working(host: str, kind: Mapping[str, str]) -> None:
    assert (await asked(Guests(), {"host": host, **kind})).status_code == 201


async def test_a_page_of_the_same_origin_sends_json() -> None:
    same = {"origin": "http://127.0.0.1:8080"}
    assert (await asked(Guests(), {**same, **JSON})).status_code == 201
    for kind in (TEXT, FORM):
        refused = await asked(Guests(), {**same, **kind})
        assert (refused.status_code, refused.json()["code"]) == (415, "wrong_type")


async def test_a_name_of_the_ingress_is_taken_when_it_is_given() -> None:
    named = Guests(hosts=hosts_of("Events.example, 2001:db8::1"))
    assert (await asked(named, {"host": "events.example:80"})).status_code == 201
    assert (await asked(named, {"host": "other.example"})).status_code == 421
    assert (await asked(Guests(hosts=hosts_of("*")), {"host": "other.example"})).status_code == 201


async def test_a_get_that_writes_is_asked_too() -> None:
    page = {"sec-fetch-site": "cross-site"}
    assert (await asked(Guests(), page, "GET")).status_code == 201
    assert (await asked(Guests(), page, "GET", writes_by_get=True)).status_code == 403


async def test_origins_that_are_named_read_and_send() -> None:
    guests = Guests(origins=origins_of(f"{PAGE}, http://localhost:3000"))
    asks = {"origin": PAGE, "access-control-request-method": "POST"}
    before = await asked(guests, asks, "OPTIONS")
    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == PAGE
    assert "POST" in before.headers["access-control-allow-methods"]
    assert "idempotency-key" in before.headers["access-control-allow-headers"]
    sent = await asked(guests, {"origin": PAGE, **JSON})
    assert sent.status_code == 201
    assert sent.headers["access-control-allow-origin"] == PAGE
    assert sent.headers["vary"] == "origin"


async def test_without_the_setting_a_preflight_is_refused_with_the_way_to_it() -> None:
    asks = {"origin": PAGE, "access-control-request-method": "POST"}
    refused = await asked(Guests(), asks, "OPTIONS")
    assert (refused.status_code, refused.json()["code"]) == (403, "foreign_origin")
    assert "ALLOWED_ORIGINS" in refused.json()["error"]
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_ORIGINS", "ui.example"),
        ("ALLOWED_ORIGINS", "https://ui.example/path"),
        ("ALLOWED_HOSTS", "http://ui.example"),
        ("ALLOWED_HOSTS", "ui.example:80"),
    ],
)
def test_a_wrong_name_is_said_at_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        Settings.from_env(environ={"SCENARIO": "s", "POD_NAME": "p", "POD_IP": "i", name: value})
    assert caught.value.fix
