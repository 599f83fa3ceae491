"""One reader of kubeconfigs, which behaves as kubectl does; plugins that would talk or hang."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from controlroom.cli.entrance import enter
from controlroom.commands.exits import Exit
from controlroom.targets.abilities import Denied, Unreachable, WrongConfig
from controlroom.targets.kubernetes import kubeconfig, plugins
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.kubeconfig import access, contexts
from tests.targets.control_plane import kubelab
from tests.waiting import until

NOBODY = "http://127.0.0.1:9"
KUBECTL = kubelab()
"""kubectl is one of the names that the lab's binary has."""
API = "client.authentication.k8s.io/v1"


def config(
    context: Mapping[str, Any] | None = None,
    cluster: Mapping[str, Any] | None = None,
    user: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A kubeconfig of one context `a`."""
    return {
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u", **(context or {})}}],
        "clusters": [{"name": "c", "cluster": {"server": NOBODY, **(cluster or {})}}],
        "users": [{"name": "u", "user": {"token": "x"} if user is None else dict(user)}],
    }


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No kubeconfig and no lab of whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CONTROLROOM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(plugins._Terminal, "given", {})
    return tmp_path


def write(place: Path, body: Any) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(body if isinstance(body, str) else yaml.safe_dump(body))
    return place


def use(monkeypatch: pytest.MonkeyPatch, *files: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))


async def test_an_empty_file_is_an_empty_config(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty, good = write(own / "empty", ""), write(own / "good", config())
    for files in ((good, empty), (empty, good), (own / "away", good)):
        use(monkeypatch, *files)
        assert list(contexts()) == ["a"]
        assert (await access("a")).headers == {"Authorization": "Bearer x"}
    use(monkeypatch, empty)
    with pytest.raises(WrongConfig, match=r"has no context 'a'\. It has none"):
        await access("a")


async def test_a_missing_file_is_called_missing(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, own / "away")
    with pytest.raises(WrongConfig, match=rf"^{own}/away is missing\.$"):
        await access("a")
    use(monkeypatch, own / "away", write(own / "good", config()))
    with pytest.raises(WrongConfig, match=rf"no context 'b'. It has a. {own}/away is missing\."):
        await access("b")


async def test_the_contexts_of_a_lab_that_is_up_are_known(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = config()
    lab["contexts"][0]["name"] = "lab-a"
    write(own / "state" / "lab" / "kubeconfig", lab)
    assert list(contexts()) == ["lab-a"]
    use(monkeypatch, write(own / "mine", config(cluster={"server": "http://127.0.0.1:8"})))
    assert list(contexts()) == ["a", "lab-a"]
    assert (await access("a")).server == "http://127.0.0.1:8"


SERVERS = [
    ("127.0.0.1:9871", {}, "http://127.0.0.1:9871"),
    ("127.0.0.1:9871", {"insecure-skip-tls-verify": True}, "http://127.0.0.1:9871"),
    ("localhost:9871", {}, "http://localhost:9871"),
    ("http://127.0.0.1:9871/k8s/clusters/c-abc", {}, "http://127.0.0.1:9871/k8s/clusters/c-abc"),
    ("http://127.0.0.1:9871/", {}, "http://127.0.0.1:9871"),
    ("[::1]:9871", {}, "http://[::1]:9871"),
]


@pytest.mark.parametrize(("server", "more", "meant"), SERVERS)
async def test_a_scheme_is_assumed(
    own: Path, monkeypatch: pytest.MonkeyPatch, server: str, more: dict[str, Any], meant: str
) -> None:
    use(monkeypatch, write(own / "config", config(cluster={"server": server, **more})))
    assert (await access("a")).server == meant


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"context": {"namespace": 42}}, "namespace in the context 'a' is the number 42"),
    ({"context": {"namespace": ["x"]}}, "namespace in the context 'a' is a list"),
    ({"context": {"cluster": 7}}, "cluster in the context 'a' is the number 7"),
    ({"context": {"user": True}}, "user in the context 'a' is true"),
    ({"context": {"user": "gone"}}, "names the user 'gone', which no kubeconfig has"),
    ({"context": {"cluster": "gone"}}, "names the cluster 'gone', which no kubeconfig has"),
    ({"cluster": {"server": 9}}, "server in the cluster 'c' is the number 9"),
    ({"cluster": {"server": "http://:x"}}, "its server 'http://:x' is no address"),
    ({"cluster": {"server": "some words/x"}}, "its server 'some words/x' is no address"),
    ({"cluster": {"insecure-skip-tls-verify": "no"}}, "insecure-skip-tls-verify in the cluster"),
    ({"cluster": {"tls-server-name": 1}}, "tls-server-name in the cluster 'c' is the number 1"),
    ({"cluster": {"proxy-url": {}}}, "proxy-url in the cluster 'c' is a table"),
    ({"cluster": {"server": "https://x", "certificate-authority-data": 5}}, "authority-data in"),
    (
        {"cluster": {"server": "https://x", "certificate-authority-data": "bm90IGEgY2VydA=="}},
        "certificate-authority of its cluster",
    ),
    ({"cluster": {"server": "https://x", "certificate-authority": "away"}}, "away"),
    ({"user": {"token": 12}}, "token in the user 'u' is the number 12"),
    ({"user": {"tokenFile": "away"}}, "away"),
    ({"user": {"password": 12, "username": "x"}}, "password in the user 'u' is the number 12"),
    ({"user": {"client-key-data": False}}, "client-key-data in the user 'u' is false"),
    ({"user": {"exec": "x"}}, "exec in the user 'u' is a text"),
    ({"user": {"exec": {"apiVersion": API}}}, "command in exec of the user 'u' is missing"),
    ({"user": {"exec": {"command": "x"}}}, "apiVersion in exec of the user 'u' is missing"),
    ({"user": {"exec": {"command": "x", "apiVersion": API, "args": [1]}}}, "args in exec"),
    ({"user": {"exec": {"command": "x", "apiVersion": API, "env": ["x"]}}}, "env in exec"),
    (
        {"user": {"exec": {"command": "x", "apiVersion": API, "interactiveMode": "Some"}}},
        "interactiveMode in exec",
    ),
    ({"user": {"auth-provider": []}}, "auth-provider in the user 'u' is a list"),
]


@pytest.mark.parametrize(("fields", "told"), WRONG)
async def test_a_wrong_field_is_named_with_its_context(
    own: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], told: str
) -> None:
    use(monkeypatch, write(own / "config", config(**fields)))
    with pytest.raises(WrongConfig) as refused:
        await access("a")
    assert "context 'a'" in str(refused.value)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "body",
    ["[]", "just words", "contexts: 7", "contexts: [7]", "a: b: c", "clusters: [{}]", "\x00"],
)
async def test_a_file_that_is_no_kubeconfig_is_named(
    own: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    use(monkeypatch, write(own / "config", body))
    with pytest.raises(WrongConfig, match=rf"{own}/config is not a kubeconfig: "):
        await access("a")


NAMES = ("admin@dev, east", "my cluster", "a,b", "[a]")


def odd(server: str) -> dict[str, Any]:
    """A kubeconfig whose contexts have names of all kinds."""
    made = config(cluster={"server": server})
    (only,) = made["contexts"]
    return {**made, "contexts": [{**only, "name": name} for name in (*NAMES, "a")]}


@pytest.mark.parametrize("name", NAMES)
def test_a_context_of_any_name_is_meant_by_its_flag(
    own: Path, monkeypatch: pytest.MonkeyPatch, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONTROLROOM_STATE_DIR", str(own / "state"))
    monkeypatch.setenv("CONTROLROOM_CONFIG_DIR", str(own / "config"))
    use(monkeypatch, write(own / "odd", odd("http://127.0.0.1:9")))
    assert enter(["status", "--context", name]) == Exit.UNREACHABLE
    assert f"The API server of {name} cannot be reached" in capsys.readouterr().err


@pytest.mark.engines
@pytest.mark.skipif(KUBECTL is None, reason="the lab has not been built, so kubectl is not here")
@pytest.mark.parametrize("name", NAMES)
def test_kubectl_means_the_same_context(
    own: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    use(monkeypatch, write(own / "odd", odd("http://127.0.0.1:9")))
    words = ["--context", name, "get", "--raw", "/version", "--request-timeout", "20s"]
    said = subprocess.run(
        ["kubectl", *words], executable=KUBECTL, capture_output=True, text=True, timeout=120
    )
    assert "127.0.0.1:9" in said.stderr


def test_several_contexts_in_one_word_are_told_apart(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONTROLROOM_STATE_DIR", str(own / "state"))
    monkeypatch.setenv("CONTROLROOM_CONFIG_DIR", str(own / "config"))
    use(monkeypatch, write(own / "odd", odd("http://127.0.0.1:9")))
    assert enter(["status", "--context", "a,[a]"]) == Exit.USAGE
    said = capsys.readouterr().err
    assert "'admin@dev, east', 'my cluster', a,b, '[a]', a." in said
    assert "Give --context once for each" in said


@pytest.mark.engines
@pytest.mark.skipif(KUBECTL is None, reason="the lab has not been built, so kubectl is not here")
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("good", config()),
        ("no scheme", config(cluster={"server": "127.0.0.1:9"})),
        ("https", config(cluster={"server": "127.0.0.1:9", "insecure-skip-tls-verify": True})),
        ("path", config(cluster={"server": "127.0.0.1:9/x"})),
        ("number", config({"namespace": 42})),
        ("no certificate", config(cluster={"server": "https://x", "certificate-authority": "no"})),
    ],
)
async def test_kubectl_agrees(
    own: Path, monkeypatch: pytest.MonkeyPatch, name: str, body: dict[str, Any]
) -> None:
    file = write(own / "config", body)
    use(monkeypatch, file, write(own / "empty", ""))
    words = ["--context", "a", "get", "--raw", "/version", "--request-timeout", "20s", "-v6"]
    said = await asyncio.to_thread(
        subprocess.run,
        ["kubectl", *words],
        executable=KUBECTL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    try:
        found = await access("a")
    except WrongConfig:
        # a file that it refuses it never asks anybody for
        assert "/version" not in said.stderr, said.stderr
    else:
        assert f"{found.server}/version" in said.stderr, said.stderr


def plugin(own: Path, script: str, mode: str = "IfAvailable") -> Path:
    """A kubeconfig with a program beside it."""
    program = write(own / "plugin", f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    entry = {"command": "./plugin", "apiVersion": API, "interactiveMode": mode}
    return write(own / "config", config(user={"exec": entry | {"provideClusterInfo": True}}))


ANSWER = (
    f"""echo '{{"apiVersion": "{API}", "kind": "ExecCredential", "status": {{"token": "t"}}}}'"""
)


@pytest.mark.processes
async def test_a_plugin_has_no_terminal_and_a_group_of_its_own(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"""
printf 'code: ' >&2
read code && exit 9
echo "$KUBERNETES_EXEC_INFO" > {own}/info
ps -o pgid= -p $$ > {own}/group
{ANSWER}"""
    use(monkeypatch, plugin(own, script))
    assert (await access("a")).headers == {"Authorization": "Bearer t"}
    info = yaml.safe_load((own / "info").read_text())
    assert info["spec"] == {"interactive": False, "cluster": {"server": NOBODY}}
    assert int((own / "group").read_text()) != os.getpgrp()


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.processes
async def test_a_plugin_that_hangs_is_named_and_ended_with_all_it_started(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"sleep 600 & echo $! > {own}/child; echo asking the moon >&2; wait"
    use(monkeypatch, plugin(own, script))
    monkeypatch.setattr(plugins, "LIMIT", 2.0)
    with pytest.raises(
        Denied, match=r"plugin \./plugin of the context 'a' has not answered in 2 s"
    ):
        await access("a")
    await until(lambda: gone(int((own / "child").read_text())), "its child is gone")

    monkeypatch.setattr(plugins, "LIMIT", 600.0)
    (own / "child").unlink()
    asking = asyncio.create_task(access("a"))
    await until(lambda: (own / "child").exists() and (own / "child").read_text(), "it runs")
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking
    await until(lambda: gone(int((own / "child").read_text())), "its child is gone")


async def test_a_plugin_that_wants_a_terminal_is_refused_without_one(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, plugin(own, ANSWER, "Always"))
    with pytest.raises(Denied, match=r"plugin \./plugin of the context 'a' wants a terminal"):
        await access("a")


TALK = """
import asyncio
from controlroom.targets.kubernetes import kubeconfig, plugins
asyncio.run(kubeconfig.log_in("a"))
plugins.take_terminal()
print(asyncio.run(kubeconfig.access("a")).headers)
"""


@pytest.mark.processes
def test_an_interactive_plugin_talks_before_the_room_and_never_after(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"echo x >> {own}/asked; printf 'code: ' >&2; read code; test \"$code\" = 42 || exit 1"
    use(monkeypatch, plugin(own, f"{script}\n{ANSWER}"))
    main, other = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", TALK],
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
    ) as process:
        os.close(other)
        said, deadline = b"", time.monotonic() + 120
        with contextlib.suppress(OSError):
            while time.monotonic() < deadline and (piece := os.read(main, 1_000)):
                said += piece
                if said.endswith(b"code: "):
                    os.write(main, b"42\n")
        assert process.wait(60) == 0, said
    os.close(main)
    assert b"Bearer t" in said
    assert (own / "asked").read_text() == "x\n"


@pytest.fixture
def page() -> Iterator[str]:
    """A web server that knows no path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *args: Any) -> None:
            """Nobody reads it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.processes
@pytest.mark.parametrize("verb", ["status", "books", "tallies", "logs", "scale consumer 3"])
def test_a_page_for_browsers_is_no_cluster(
    own: Path, monkeypatch: pytest.MonkeyPatch, page: str, verb: str
) -> None:
    use(monkeypatch, write(own / "config", config(cluster={"server": page})))
    done = subprocess.run(
        [sys.executable, "-m", "controlroom", *verb.split(), "--context", "a"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=150,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[0] == (
        f"controlroom: {page} is no API server of Kubernetes: "
        "it answers 404 with a page for browsers."
    )
    assert "<" not in done.stderr


def test_files_are_told_as_one_path(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, own / "a", own / "b")
    assert kubeconfig.files().startswith(f"{own}/a:{own}/b")


async def test_a_server_that_is_away_is_told_of_without_words_of_python(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = {"server": "https://127.0.0.1:9", "insecure-skip-tls-verify": True}
    use(monkeypatch, write(own / "good", config(cluster=server)))
    api = Api("a")
    try:
        with pytest.raises(Unreachable, match="Connect call failed") as caught:
            await api.get("/api")
    finally:
        await api.close()
    assert "<" not in str(caught.value)
