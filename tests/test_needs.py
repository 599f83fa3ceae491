"""A test has the mark of what it needs, or needs nothing."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Callable

import pytest

from tests import needs


def start() -> None:
    with pytest.raises(OSError, match="nothing"):
        subprocess.Popen(["/there/is/nothing"])


def leave() -> None:
    # a machine without a network cannot name the address to a socket; the look comes first
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, contextlib.suppress(OSError):
        one.connect(("192.0.2.1", 9))


@pytest.mark.parametrize(("act", "said"), [(start, "/there/is/nothing"), (leave, "192.0.2.1")])
def test_one_without_a_mark_does_neither(
    request: pytest.FixtureRequest, act: Callable[[], None], said: str
) -> None:
    steps = needs.held_to(request.node)
    next(steps)
    act()
    with pytest.raises(AssertionError, match=f"one of the marks .*{said}"):
        next(steps)


@pytest.mark.processes
def test_one_with_a_mark_may(request: pytest.FixtureRequest) -> None:
    steps = needs.held_to(request.node)
    next(steps)
    start()
    assert list(steps) == []


def test_what_asks_for_an_engine_or_a_picture_is_marked(request: pytest.FixtureRequest) -> None:
    item = request.node
    item.fixturenames += ["engines", "snap_compare"]
    needs.mark([item])
    assert item.get_closest_marker("engines")
    assert item.get_closest_marker("pictures")
