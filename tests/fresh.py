"""Both commands of the README on a machine that has nothing: `make fresh`, as root.

A Debian is laid down by debootstrap and kept in the cache; a copy of it, with a plain user who
may use sudo, is where `make launch` and `make test` run. Mounts and processes are in namespaces
of their own, so they are gone with the first process of these, however it ends. The network is
the machine's: packages come from the registries that this machine reaches, by copies of its own
settings, and all listeners are on loopback.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from host.paths import cache_dir
from tests.terminal import Terminal

ROOT = Path(__file__).resolve().parent.parent
SUITES = {"bookworm": "12", "trixie": "13"}
PREREQUISITES = "make,python3,sudo"
"""What the README asks for; all else is for bin/bootstrap to bring."""
USER = "newcomer"
HOME = Path("/home") / USER
NAMESPACES = ("--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc")
INSIDE = "CONTROLROOM_FRESH"
REMOVE = ("rm", "-rf", "--one-file-system")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
PASSED_ON = ("PIP_", "CARGO_", "GOPROXY", "GOSUMDB", "http_proxy", "https_proxy", "no_proxy",
             "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")  # fmt: skip
SETTINGS = {
    "/etc/resolv.conf": "/etc/resolv.conf",
    "/etc/hosts": "/etc/hosts",
    "/etc/apt/auth.conf": "/etc/apt/auth.conf",
    "/etc/apt/auth.conf.d": "/etc/apt/auth.conf.d",
    "/etc/pip.conf": "/etc/pip.conf",
    "/usr/local/share/ca-certificates": "/usr/local/share/ca-certificates",
    "~/.config/pip/pip.conf": f"{HOME}/.config/pip/pip.conf",
    "~/.pip/pip.conf": f"{HOME}/.config/pip/pip.conf",
    "~/.config/go/env": f"{HOME}/.config/go/env",
    "~/.cargo/config.toml": f"{HOME}/.cargo/config.toml",
    "~/.m2/settings.xml": f"{HOME}/.m2/settings.xml",
}
"""How this machine reaches the registries -> where the new one looks for it."""
PATIENCE = 3600.0
"""Seconds for `make launch` to download and build all it needs."""


class FreshError(Exception):
    """It cannot go on, or a command did not do what the README says; one sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when both commands do what they should on every Debian that was asked for."""
    parser = argparse.ArgumentParser(prog="make fresh", description=__doc__)
    known = [*SUITES, *SUITES.values(), "all"]
    parser.add_argument("suite", choices=known, help="bookworm (12), trixie (13) or all")
    parser.add_argument("--args", default="", help="given on to `make test`")
    options = parser.parse_args(arguments)
    wanted = [s for s, n in SUITES.items() if options.suite in (s, n, "all")]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if INSIDE in os.environ:
            _both_commands(wanted[0], options.args)
            return 0
        _examine()
        for suite in wanted:
            _base(suite)
            _in_namespaces(suite, options.args)
    except (FreshError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"make fresh: both commands did what they should on Debian {', '.join(wanted)}")
    return 0


def _examine() -> None:
    if os.geteuid() != 0:
        raise FreshError("a Debian in a folder takes root: sudo make fresh")
    missing = [name for name in ("debootstrap", "unshare", "git") if shutil.which(name) is None]
    if missing:
        raise FreshError(f"missing: {', '.join(missing)}. Run: apt-get install {' '.join(missing)}")
    status = subprocess.run(_git("status", "--porcelain"), capture_output=True, text=True)
    if status.stdout.strip():
        _say("what is not committed is not in the copy that is tried")


def _base(suite: str) -> Path:
    """The Debian as debootstrap lays it down, kept for the next time."""
    folder = _cache() / suite
    if folder.exists():
        return folder
    part = _cache() / f"{suite}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _say(f"{suite}: laying it down, once")
    log = _cache() / f"{suite}.log"
    words = ("--variant=minbase", f"--include={PREREQUISITES}", suite, str(part), _mirror())
    with log.open("wb") as output:
        done = subprocess.run(["debootstrap", *words], stdout=output, stderr=output)
    if done.returncode:
        shutil.rmtree(part, ignore_errors=True)
        raise FreshError(f"debootstrap failed, see {log}")
    part.rename(folder)
    return folder


def _mirror() -> str:
    """Where this machine has its own Debian from."""
    words = ("--format", "$(REPO_URI)", "Origin: Debian", "Created-By: Packages")
    done = subprocess.run(["apt-get", "indextargets", *words], capture_output=True, text=True)
    places = [place for place in done.stdout.split() if "security" not in place]
    return places[0] if places else ""


def _in_namespaces(suite: str, args: str) -> None:
    """This module again, as the first process of new namespaces."""
    again = [sys.executable, "-m", "tests.fresh", suite, "--args", args]
    # whatever ends this process ends them, and with them all mounts and processes
    bound = ("setpriv", "--pdeathsig", "KILL", "unshare")
    try:
        done = subprocess.run([*bound, *NAMESPACES, *again], env={**os.environ, INSIDE: suite})
    finally:
        subprocess.run([*REMOVE, str(_cache() / f"{suite}.run")], check=False)
    if done.returncode:
        raise FreshError(f"{suite}: the commands of the README did not do what they should")


def _both_commands(suite: str, args: str) -> None:
    root = _cache() / f"{suite}.run"
    _lay(suite, root)
    _mount_all(root)
    machine = Machine(root)
    machine.launch()
    machine.test(args)


def _lay(suite: str, root: Path) -> None:
    """A copy of the base with this machine's settings, the user and the project."""
    subprocess.run([*REMOVE, str(root)], check=True)
    subprocess.run(["cp", "-a", "--reflink=auto", str(_cache() / suite), str(root)], check=True)
    _chroot(root, "useradd", "--create-home", "--shell", "/bin/bash", USER)
    rule = root / "etc/sudoers.d" / USER
    rule.write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
    rule.chmod(0o440)
    for source, target in SETTINGS.items():
        _copy(Path(source).expanduser(), root / target.lstrip("/"))
    (root / "etc/apt/sources.list").write_text(f"deb {_mirror()} {suite} main\n")
    (root / "etc/apt/apt.conf.d/99machine").write_text(_apt_settings())
    project = root / str(HOME / "controlroom").lstrip("/")
    subprocess.run(_git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(project)), check=True)
    _chroot(root, "chown", "-R", f"{USER}:{USER}", str(HOME))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _apt_settings() -> str:
    """How apt reaches its servers: proxies, certificates, retries."""
    done = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True)
    wanted = ("Acquire::http", "Acquire::https", "Acquire::Retries")
    return "".join(f"{line}\n" for line in done.stdout.splitlines() if line.startswith(wanted))


def _mount_all(root: Path) -> None:
    """/proc, /sys and a /dev with what any machine has."""
    for kind, place, options in (
        ("proc", "proc", ""),
        ("sysfs", "sys", "ro"),
        ("tmpfs", "dev", "mode=755"),
        ("devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=0620"),
        ("tmpfs", "dev/shm", "mode=1777"),
    ):
        (root / place).mkdir(exist_ok=True)
        _mount(root / place, "-t", kind, *(("-o", options) if options else ()), kind)
    for name in DEVICES:
        (root / "dev" / name).touch()
        _mount(root / "dev" / name, "--bind", f"/dev/{name}")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd")):
        (root / "dev" / name).symlink_to(target)


def _mount(place: Path, *words: str) -> None:
    subprocess.run(["mount", *words, str(place)], check=True)


class Machine:
    """The new machine, as its user has it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def argv(self, command: str) -> list[str]:
        """The command in a login shell of the user, in the project's folder."""
        home = (f"HOME={HOME}", f"USER={USER}", f"LOGNAME={USER}", "TERM=xterm-256color")
        kept = [f"{k}={v}" for k, v in os.environ.items() if k.startswith(PASSED_ON)]
        path = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
        user = ("chroot", "--userspec", f"{USER}:{USER}", str(self.root))
        return [*user, "/usr/bin/env", "-i", *home, *kept, path, "bash", "-c",
                f"cd {HOME}/controlroom && {command}"]  # fmt: skip

    def run(self, command: str, **options: object) -> subprocess.CompletedProcess[str]:
        """What the command says."""
        return subprocess.run(self.argv(command), text=True, **options)  # type: ignore[call-overload, no-any-return]

    def launch(self) -> None:
        """`make launch` shows the room with live engines, `q` leaves it, `down` ends the stack."""
        began = time.monotonic()
        argv = self.argv("make launch")
        with Terminal(argv, {"PATH": os.environ["PATH"]}) as room:
            shown = ""
            while not re.search(r"counted\s+\d", text := room.text()):
                if _over(room) or time.monotonic() > began + PATIENCE:
                    raise FreshError(f"make launch: no room came up:\n{text}")
                shown = _told(text, shown)
                time.sleep(0.5)
            _say(f"make launch: the room is up after {time.monotonic() - began:.0f} s")
            print(room.text(), flush=True)
            self._require_live()
            room.send("q")
            code = room.ended(60)
        if code != 0:
            raise FreshError(f"make launch: after q it ended with {code}")
        down = self.run(".venv/bin/controlroom down", capture_output=True)
        if down.returncode:
            raise FreshError(f"controlroom down: {down.returncode}: {down.stderr}")

    def _require_live(self) -> None:
        done = self.run(".venv/bin/controlroom status --json", capture_output=True)
        status = json.loads(done.stdout)
        engines = {each["name"]: each["state"] for each in status["engines"]}
        _say(f"make launch: {engines}")
        if set(engines.values()) != {"ready"}:
            raise FreshError(f"make launch: not all engines are live: {engines}")

    def test(self, args: str) -> None:
        """`make test` passes."""
        began = time.monotonic()
        done = self.run(f"make test ARGS='{args}'", stdin=subprocess.DEVNULL)
        _say(f"make test {args}: {done.returncode} after {time.monotonic() - began:.0f} s")
        if done.returncode:
            raise FreshError(f"make test {args}: {done.returncode}")


def _told(text: str, before: str) -> str:
    """Prints the last line of the screen where it says something new; seconds are not."""
    line = next((each for each in reversed(text.splitlines()) if each.strip()), "")
    said = re.sub(r"[\d.\s]+", " ", line)
    if said != before:
        print(line, flush=True)
    return said


def _over(terminal: Terminal) -> bool:
    """Whether its program has ended."""
    try:
        terminal.ended(0.1)
    except AssertionError:
        return False
    return True


def _git(*words: str) -> list[str]:
    """git in a repository that may be another user's."""
    trusted = ("GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
    return ["env", *trusted, "git", "-C", str(ROOT), *words]


def _chroot(root: Path, *words: str) -> None:
    subprocess.run(["chroot", str(root), *words], check=True)


def _cache() -> Path:
    return cache_dir() / "fresh"


def _say(line: str) -> None:
    print(f"== {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
