"""Who may do what on the local stack: web pages, other users of the machine, other programs."""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import bson
import httpx
import psutil
import pytest

from stack.engines.toxiproxy import api_client
from tests.own_stack import OwnStack

NOBODY = 65534
HTTP = b"GET /api/v1/query?query=up HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
EVENT = json.dumps({"name": "Foreign", "album": "page", "year": 1999, "rank": 1})
PATIENCE = 30.0


def kafka_metadata() -> bytes:
    """A request for all topics, version 1, as any client sends it."""
    body = struct.pack(">hhih", 3, 1, 7, -1) + struct.pack(">i", -1)
    return struct.pack(">i", len(body)) + body


def mongo_list() -> bytes:
    """The command listDatabases."""
    body = struct.pack("<iB", 0, 0) + bson.encode({"listDatabases": 1, "$db": "admin"})
    return struct.pack("<iiii", 16 + len(body), 1, 0, 2013) + body


REFUSED: dict[str, tuple[bytes, Callable[[bytes], bool]]] = {
    "kafka": (kafka_metadata(), lambda said: said == b""),
    "redis": (b"KEYS *\r\n", lambda said: said.startswith(b"-NOAUTH")),
    "mongo": (mongo_list(), lambda said: b"errmsg" in said and b"databases" not in said),
    "prometheus": (HTTP, lambda said: said.startswith(b"HTTP/1.1 401")),
}
"""Kind of door -> what a stranger asks, and whether that is refused."""


def kind_of(key: str) -> str:
    """Of a port by its name in ports.json: an engine that asks for a login, or a public door."""
    if key in ("ingress", "haproxy") or key.startswith("service."):
        return "public"
    return next(name for name in REFUSED if name in key)


def listeners(stack: OwnStack) -> Iterator[tuple[str, int, str]]:
    """Address, port and program of everything that the stack's own processes listen on."""
    daemon = psutil.Process(stack.status()["stack"]["pid"])
    for process in [daemon, *daemon.children(recursive=True)]:
        for one in process.net_connections("inet"):
            if one.status == psutil.CONN_LISTEN:
                # Java listens on both families at once, on the mapped address
                yield one.laddr.ip.removeprefix("::ffff:"), one.laddr.port, process.name()


def doors(stack: OwnStack) -> dict[int, str]:
    """Port -> kind, of all doors that are known."""
    named = json.loads((stack.state / "ports.json").read_text())
    found = {port: kind_of(key) for key, port in named.items()}
    pods = stack.status()["pods"]
    ports = [port for pod in pods for c in pod["containers"] for port in c["ports"].values()]
    return found | dict.fromkeys(ports, "public")


def said(port: int, asked: bytes) -> bytes:
    """The answer up to the end of the connection, or as much as comes at once."""
    with socket.socket() as one:
        # no name is looked up: another user may not read the libraries that this would load
        one.settimeout(PATIENCE)
        one.connect(("127.0.0.1", port))
        one.sendall(asked)
        with suppress(ConnectionResetError):
            return one.recv(4096)
        return b""


def as_nobody(act: Callable[[], Any]) -> Any:
    """What `act` answers in a process of another user, as JSON."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(into, json.dumps(act()).encode())
        except BaseException as error:
            os.write(into, json.dumps(repr(error)).encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as end:
        answer = end.read()
    os.waitpid(pid, 0)
    return json.loads(answer)


def test_every_listener_is_on_loopback_and_known(stack: OwnStack) -> None:
    known = doors(stack)
    found = list(listeners(stack))
    assert len(found) > 20
    assert {ip for ip, _, _ in found} == {"127.0.0.1"}
    assert [one for one in found if one[1] not in known] == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_gets_nothing_of_any_listener_that_is_not_public(stack: OwnStack) -> None:
    open_ports = {port for _, port, _ in listeners(stack)}
    asked = {port: kind for port, kind in doors(stack).items() if port in open_ports}

    def let_in() -> list[str]:
        return [
            f"{kind} {port}"
            for port, kind in asked.items()
            if kind in REFUSED and not REFUSED[kind][1](said(port, REFUSED[kind][0]))
        ]

    assert set(REFUSED) <= set(asked.values())
    assert as_nobody(let_in) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_cannot_open_a_socket_of_the_stack(stack: OwnStack) -> None:
    sockets = [path for path in stack.state.rglob("*") if stat.S_ISSOCK(path.stat().st_mode)]
    assert {"stack.sock", "haproxy.sock", "toxiproxy.sock"} <= {path.name for path in sockets}
    assert {stat.S_IMODE(path.stat().st_mode) for path in sockets} == {0o600}

    def opened() -> list[str]:
        found = []
        for path in sockets:
            with socket.socket(socket.AF_UNIX) as one, suppress(PermissionError):
                one.connect(str(path))
                found.append(path.name)
        return found

    assert as_nobody(opened) == []


def test_secrets_are_in_no_status_and_in_no_process_list(stack: OwnStack) -> None:
    secrets = {path.read_text().strip() for path in stack.state.glob("engines/*/secret")}
    secrets |= {path.read_text().strip() for path in stack.state.glob("engines/*/accounts/*")}
    assert len(secrets) >= 10
    daemon = psutil.Process(stack.status()["stack"]["pid"])
    told = stack.run("status", "--json").out + stack.run("status").out + stack.run("info").out
    told += "".join(" ".join(each.cmdline()) for each in daemon.children(recursive=True))
    told += "".join(file.read_text(errors="replace") for file in stack.state.glob("logs/*"))
    assert [secret for secret in secrets if secret in told] == []
    login = stack.endpoints()
    assert login["kafka"].startswith("kafka://controlroom:")


@pytest.mark.parametrize("path", ["/input", "/purge", "/output/purge", "/grpc/input"])
@pytest.mark.parametrize(
    "page",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://evil.example", "Host": "evil.example"},
        {"Host": "evil.example"},
    ],
)
def test_a_foreign_page_changes_nothing_by_the_ingress(
    stack: OwnStack, path: str, page: dict[str, str]
) -> None:
    url = stack.endpoints()["ingress"] + path
    confirmed = json.dumps({"confirm": "bands"})
    for body in (EVENT, confirmed):
        answer = httpx.post(url, content=body, headers={"Content-Type": "text/plain", **page})
        assert answer.status_code in (403, 404, 421)
        assert answer.json()["code"] in (
            "foreign_origin",
            "foreign_host",
            "purge_inside",
            "unknown_route",
        )


def test_no_way_by_the_ingress_leads_to_a_purge(stack: OwnStack) -> None:
    url = stack.endpoints()["ingress"]
    ways = [("POST", "/purge"), ("POST", "/output/purge"), ("DELETE", "/logs")]
    ways += [("DELETE", "/output/logs"), ("POST", "/live/../purge"), ("POST", "/output//purge")]
    for method, path in ways:
        answer = httpx.request(
            method,
            url + path,
            json={"confirm": "bands"},
            headers={"Authorization": "Bearer token"},
        )
        assert answer.status_code in (403, 404, 405), (method, path, answer.text)
        assert answer.json()["code"] in ("purge_inside", "unknown_route", "wrong_method")


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_http"),
        (b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", 405, "wrong_method"),
        (
            b"POST /controlroom.v1.Ingest/Send HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
            b"Content-Type: application/grpc-web+proto\r\n\r\n",
            415,
            "needs_http2",
        ),
    ],
)
def test_what_the_ingress_refuses_by_itself_is_json(
    stack: OwnStack, request_: bytes, status: int, code: str
) -> None:
    port = int(stack.endpoints()["ingress"].rpartition(":")[2])
    head, _, body = said(port, request_).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"application/json" in head.lower()
    assert json.loads(body)["code"] == code


async def test_a_toxic_set_from_elsewhere_is_seen_and_removed_with_all_else(
    stack: OwnStack,
) -> None:
    proxy = next(e for e in stack.status()["engines"] if e["name"] == "toxiproxy")
    slow = {"name": "slow", "type": "latency", "attributes": {"latency": 50}}
    way = {"name": "out", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1", "enabled": True}
    async with api_client(proxy["address"]) as client:
        put = await client.post("/proxies/consumer.redis/toxics", json=slow)
        put.raise_for_status()
        (await client.post("/proxies", json=way)).raise_for_status()
    held = [one for one in stack.run("chaos", "status", "--json").json() if not one["run"]]
    assert [one["name"] for one in held if one["phase"] == "running"] == ["consumer.redis", "out"]
    assert "a toxic slow (latency, downstream)" in held[-2]["message"]
    assert "elsewhere" in stack.run("chaos", "status").out
    stopped = stack.run("chaos", "stop", "--all")
    assert "2 faults recovered" in stopped.out + stopped.err
    async with api_client(proxy["address"]) as client:
        left = (await client.get("/proxies")).json()
    assert "out" not in left
    assert left["consumer.redis"]["toxics"] == []
    assert [link for link in stack.status()["links"] if link["toxics"]] == []


def test_prometheus_tells_no_page_anything(stack: OwnStack) -> None:
    url = stack.endpoints()["prometheus"]
    asked = httpx.get(f"{url}/api/v1/query?query=up", headers={"Origin": "http://evil.example"})
    assert asked.status_code == 200
    assert "access-control-allow-origin" not in asked.headers
    bare = f"http://127.0.0.1:{url.rpartition(':')[2]}/api/v1/query?query=up"
    assert httpx.get(bare).status_code == 401
