"""What a room and its stack cost while nothing happens, and other terminal programs beside them."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from tests.own_stack import OwnStack
from tests.terminal import Terminal

ROOM = (sys.executable, "-m", "controlroom", "launch", "--no-sample-load")
ROUNDS = 5
FIRST_BYTE, STACK, IDLE_ROOM = 1.4, 10.0, 3.0
"""Aims: times the import of Textual alone; percent of a core of all of a stack, and of a room."""


def print_imports(env: Mapping[str, str]) -> None:
    """The first byte of the room beside importing Textual alone, in alternating rounds."""
    argv = (sys.executable, "-c", "import textual.app")
    rooms, imports = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run(argv, check=True)
        imports.append(time.perf_counter() - began)
        with Terminal(ROOM, env) as room:
            room.until("4 fleet", 60)
            rooms.append((room.first_byte or 0.0) - room.started)
    first, alone = (statistics.median(each) * 1e3 for each in (rooms, imports))
    print(
        f"\nfirst byte {first:.0f} ms, import of Textual alone {alone:.0f} ms: "
        f"{first / alone:.2f} {_aim(first / alone, FIRST_BYTE)}"
    )


def print_stack(stack: OwnStack, seconds: float) -> None:
    """CPU of each process of the stack, nobody looking."""
    root = psutil.Process(json.loads((stack.state / "stack.pid").read_text())["pid"])
    before = _used(root)
    time.sleep(seconds)
    after = _used(root)
    print(f"\n| process | CPU %, over {seconds:g} s |\n|---|---:|")
    shares = {k: (after[k] - before[k]) / seconds * 100 for k in before.keys() & after.keys()}
    for (pid, name), share in sorted(shares.items(), key=lambda item: -item[1]):
        print(f"| {name} ({pid}) | {share:.2f} |")
    total = sum(shares.values())
    print(f"| all | {total:.1f} |\n\nall of an idle stack {_aim(total, STACK)}", flush=True)


def print_steady(env: Mapping[str, str], seconds: float, folder: Path) -> None:
    """The idle room, the room under each dialog, and peers that are installed."""
    print("\n| program | CPU % | KB/s | opening, KB |\n|---|---:|---:|---:|")
    with Terminal(ROOM, env) as room:
        room.until("READY", 60)
        time.sleep(5.0)  # what does not change is asked less often after a while
        idle = _row("room, idle", room, seconds)
        for key, name in (("?", "help"), ("l", "load"), ("\x10", "palette")):
            before = room.received
            room.send(key)
            time.sleep(1.5)
            _row(f"room, {name} open", room, seconds, (room.received - before) / 1e3)
            room.send("\x1b")
            time.sleep(1.0)
    log = folder / "still.log"
    log.write_text("".join(f"INFO line {n}\n" for n in range(1000)))
    for argv in (("lnav", str(log)), ("htop",)):
        _peer(argv, env, seconds)
    print(f"\nan idle room {_aim(idle, IDLE_ROOM)}")


def _peer(argv: Sequence[str], env: Mapping[str, str], seconds: float) -> None:
    if shutil.which(argv[0]) is None:
        print(f"| {argv[0]} | not installed | | |")
        return
    with Terminal(argv, env) as peer:
        time.sleep(3.0)
        first = (peer.first_byte or peer.started) - peer.started
        _row(f"{argv[0]}, first byte {first * 1e3:.0f} ms", peer, seconds)
        peer.send("q")


def steady(terminal: Terminal, seconds: float) -> tuple[float, float]:
    """Percent of a core, and kB/s that it sends, over that time."""
    received, used = terminal.received, terminal.cpu_seconds()
    time.sleep(seconds)
    rate = (terminal.received - received) / seconds / 1e3
    return (terminal.cpu_seconds() - used) / seconds * 100, rate


def _aim(found: float, most: float) -> str:
    return f"(aim at most {most:g}: {'reached' if found <= most else 'missed'})"


def _row(label: str, terminal: Terminal, seconds: float, opening: float | None = None) -> float:
    """Prints it; the share of a core, percent."""
    cpu, rate = steady(terminal, seconds)
    opened = "" if opening is None else f"{opening:.1f}"
    print(f"| {label} | {cpu:.1f} | {rate:.1f} | {opened} |", flush=True)
    return cpu


def _used(root: psutil.Process) -> dict[tuple[int, str], float]:
    found = {}
    for process in [root, *root.children(recursive=True)]:
        try:
            times, words = process.cpu_times(), process.cmdline()
        except psutil.NoSuchProcess:
            continue
        found[process.pid, _name(words)] = times.user + times.system
    return found


def _name(words: Sequence[str]) -> str:
    """The module of a Python program, `kafka`, or the program's own name."""
    if "-m" in words:
        return words[words.index("-m") + 1]
    if words and words[0].endswith("java"):
        return "kafka"
    return Path(words[0]).name if words else "?"
