"""The first process of a cluster: `init.py FOLDER PROGRAMS`, run as pid 1 of new namespaces.

It prepares mounts and network, starts the cluster's programs in their order, starts again what
ends, reaps what is left behind, and writes down how they stand. Standard library only: it is run
by itself and shall be small. When it dies the kernel ends everything in its namespaces.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import json
import os
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

MS_BIND, MS_REC, MS_SHARED = 4096, 16384, 1 << 20
IN_CREATE, IN_ONLYDIR = 0x100, 0x01000000
INOTIFY_EVENT = struct.Struct("iIII")
PATIENCE = 1.0
"""Seconds that a question for readiness may take."""
ASK_EVERY = 0.1
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds before a program that ended is started again; doubled each time."""
STEADY = 30.0
"""Seconds of life after which a program's next pause is the first one again."""
LOG_LIMIT = 20_000_000
"""Bytes of a program's log, looked at when it starts."""

_libc = ctypes.CDLL(None, use_errno=True)


def main(folder: str, programs: str) -> None:
    """Prepares the namespaces and then supervises the programs; never returns."""
    orders = json.loads(Path(folder, "orders.json").read_text())
    _mounts(folder, programs, orders["home"])
    home = Path(orders["home"])
    os.environ["PATH"] = f"{programs_path(orders)}:/usr/sbin:/usr/bin:/sbin:/bin"
    _network(orders)
    volumes = Volumes(Path(orders["volumes"]))
    ProgramSupervisor(orders, home, volumes).run()


def programs_path(orders: dict[str, Any]) -> str:
    """Where kubelab is bound to."""
    return f"{orders['home']}-programs"


def mount(source: str, target: str, kind: str, flags: int) -> None:
    """mount(2). Raises OSError."""
    names = [word.encode() or None for word in (source, target, kind)]
    if _libc.mount(*names, flags, None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def _mounts(folder: str, programs: str, home: str) -> None:
    """Own /run, /tmp, /var/lib and /var/log, so that nothing is written to the machine's.

    The two folders are opened first: they may lie under one of those that are covered.
    """
    opened = {home: os.open(folder, os.O_PATH), f"{home}-programs": os.open(programs, os.O_PATH)}
    for covered in ("/run", "/var/lib", "/var/log"):
        mount("lab", covered, "tmpfs", 0)
    for target, handle in opened.items():
        os.makedirs(target)
        mount(f"/proc/self/fd/{handle}", target, "", MS_BIND)
        os.close(handle)
    parts = {"kubelet": "/var/lib/kubelet", "containerd": "/var/lib/containerd"}
    parts |= {"cni": "/var/lib/cni", "pod-logs": "/var/log", "tmp": "/tmp"}
    for part, target in parts.items():
        os.makedirs(target, exist_ok=True)
        mount(f"{home}/{part}", target, "", MS_BIND)
    # Pods may ask for mounts that travel between them and the node.
    mount("", "/", "", MS_REC | MS_SHARED)
    os.makedirs("/run/lock")


def _network(orders: dict[str, Any]) -> None:
    socket.sethostname(orders["hostname"])
    uplink, gateway = orders["uplink"], orders["gateway"]
    _until_link(uplink)
    _ip("link", "set", "lo", "up")
    _ip("address", "add", orders["address"], "dev", uplink)
    _ip("link", "set", uplink, "up")
    _ip("route", "add", "default", "via", gateway)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    with contextlib.suppress(OSError):
        Path("/proc/sys/net/bridge/bridge-nf-call-iptables").write_text("1")
    # By the link go packets of this cluster and of this machine, and nobody else's: nothing
    # comes from beyond, nothing goes there, and a cut between clusters has no way around it.
    rules = (
        "table inet lab {\n"
        "chain in { type filter hook prerouting priority raw;\n"
        f'iifname "{uplink}" ip saddr != {gateway} drop; }}\n'
        "chain out { type filter hook postrouting priority filter;\n"
        f'oifname "{uplink}" ip daddr != {gateway} drop; }}\n'
        "}\n"
    )
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
    if orders["join_routes"]:
        join = orders["join"]
        _until_link(join)
        _ip("address", "add", orders["join_address"], "dev", join)
        _ip("link", "set", join, "up")
        for network, peer in orders["join_routes"]:
            _ip("route", "add", network, "via", peer, "dev", join)


def _until_link(name: str) -> None:
    """Links are put here from outside."""
    while not os.path.exists(f"/proc/sys/net/ipv4/conf/{name}"):
        time.sleep(0.01)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


class Volumes:
    """Opens each new volume to every user.

    Kubernetes' host-path provisioner makes them for root alone, and a pod under the restricted
    standard is never root.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.handle: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        _libc.inotify_add_watch(self.handle, os.fsencode(folder), IN_CREATE | IN_ONLYDIR)

    def opened(self) -> None:
        """Opens those that the kernel reports; what was there before keeps its mode."""
        with contextlib.suppress(BlockingIOError):
            for name in _created(os.read(self.handle, 65536)):
                with contextlib.suppress(OSError):
                    (self._folder / name).chmod(0o777)


def _created(events: bytes) -> Iterator[str]:
    """Names in inotify's events: a head each, and the name filled up with zeros."""
    place = 0
    while place < len(events):
        *_, length = INOTIFY_EVENT.unpack_from(events, place)
        place += INOTIFY_EVENT.size
        yield os.fsdecode(events[place : place + length].rstrip(b"\0"))
        place += length


@dataclass
class Program:
    """One program of the cluster and its present life."""

    name: str
    argv: list[str]
    ready_at: str
    needs: list[str]
    process: subprocess.Popen[bytes] | None = None
    ready: bool = False
    restarts: int = -1
    since: float = 0.0
    pause: float = FIRST_PAUSE
    not_before: float = 0.0
    message: str = "waiting"


class ProgramSupervisor:
    """Starts the programs, starts them again, reaps, and tells."""

    def __init__(self, orders: dict[str, Any], home: Path, volumes: Volumes) -> None:
        self._home = home
        self._volumes = volumes
        self._programs = {
            one["name"]: Program(one["name"], list(one["argv"]), one["ready"], list(one["needs"]))
            for one in orders["components"]
        }
        self._told: object = None

    def run(self) -> None:
        """Never returns. Between two events of a steady cluster it sleeps."""
        reading, writing = os.pipe()
        for end in (reading, writing):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            self._reap()
            self._start()
            self._ask()
            self._tell()
            news, _, _ = select.select([reading, self._volumes.handle], [], [], self._rest())
            if reading in news:
                os.read(reading, 4096)
            if self._volumes.handle in news:
                self._volumes.opened()

    def _rest(self) -> float | None:
        """Seconds until something has to be done unasked; None for never."""
        return None if all(one.ready for one in self._programs.values()) else ASK_EVERY

    def _reap(self) -> None:
        """Also what containers leave behind: orphans of a pid namespace come to its first."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                for one in self._programs.values():
                    if one.process is not None and one.process.pid == pid:
                        self._ended(one, os.waitstatus_to_exitcode(status))

    def _ended(self, one: Program, code: int) -> None:
        assert one.process is not None
        one.process.returncode = code
        one.process = None
        one.ready = False
        one.message = f"ended with {code}"
        if time.time() - one.since > STEADY:
            one.pause = FIRST_PAUSE
        one.not_before = time.monotonic() + one.pause
        one.pause = min(one.pause * 2, LONGEST_PAUSE)

    def _start(self) -> None:
        for one in self._programs.values():
            waiting = one.restarts < 0 and not all(self._programs[n].ready for n in one.needs)
            if one.process is not None or waiting or time.monotonic() < one.not_before:
                continue
            one.since = time.time()
            one.restarts += 1
            one.message = "starting"
            with self._log(one.name) as log:
                one.process = subprocess.Popen(
                    one.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
                )

    def _log(self, name: str) -> IO[bytes]:
        path = self._home / "logs" / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")

    def _ask(self) -> None:
        for one in self._programs.values():
            if one.process is not None and not one.ready:
                reason = silence(one.ready_at)
                one.ready = not reason
                one.message = reason

    def _tell(self) -> None:
        """Writes the status file when it is another than before."""
        status = {
            one.name: {
                "pid": one.process.pid if one.process else None,
                "ready": one.ready,
                "restarts": max(one.restarts, 0),
                "since": one.since,
                "message": one.message,
            }
            for one in self._programs.values()
        }
        if status == self._told:
            return
        self._told = status
        path = self._home / "status.json"
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(status))
        draft.replace(path)


def silence(place: str) -> str:
    """Why nobody serves there; empty when somebody does."""
    try:
        if place.startswith("unix:"):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(PATIENCE)
                client.connect(place.removeprefix("unix:"))
            return ""
        return _answer(place)
    except (OSError, http.client.HTTPException) as error:
        return f"no answer yet: {error}"


def _answer(url: str) -> str:
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        # On loopback, within the namespaces: nobody else can listen there.
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=PATIENCE, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        return "" if answer.status == 200 else f"answers {answer.status}"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
