"""What a test needs, said by its marks: `make quick` runs those that need nothing.

`engines` and `clusters` are given by the fixtures that a test asks for; a test that starts a
program by itself carries its mark. A test without one is held to it: it fails when it starts a
process or leaves loopback.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

FIXTURES = {
    "engines": {"python_stack", "stack", "engines", "rust_documents", "ssh_door"},
    "clusters": {"lab", "plane", "own_plane"},
}
"""Mark -> the fixtures that bring what it stands for."""
NEEDS = (*FIXTURES, "processes")
KINDS = {"pictures": {"snap_compare"}}
"""The same for what a test is, whatever it needs."""
STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}

_done: list[str] | None = None
"""What the test under way did that one without a mark may not; None while any test may."""


def mark(items: Iterable[pytest.Item]) -> None:
    """Gives each test the marks of its fixtures."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        for name, fixtures in (FIXTURES | KINDS).items():
            if asked & fixtures:
                item.add_marker(name)


def held_to(item: pytest.Item) -> Iterator[None]:
    """Runs the test; AssertionError where it has no mark and did what needs one."""
    global _done
    if any(item.get_closest_marker(name) for name in NEEDS):
        yield
        return
    done: list[str] = []
    _done = done
    try:
        yield
    finally:
        _done = None
    assert not done, f"without one of the marks {', '.join(NEEDS)}: {'; '.join(done)}"


def _look(event: str, about: tuple[Any, ...]) -> None:
    if _done is None:
        return
    if event in STARTS:
        _done.append(f"{event} {about[0] if about else ''}")
    elif event == "socket.connect" and isinstance(about[1], tuple):
        host = str(about[1][0])
        if not host.startswith("127.") and host not in ("localhost", "::1"):
            _done.append(f"{event} {host}")


sys.addaudithook(_look)
