"""A room that ends by a fault of its own: the terminal is restored, and the fault is kept."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.terminal import Terminal

pytestmark = pytest.mark.processes

FAULTY = """
import sys
from controlroom.cli import launch
from controlroom.panes.fleet import FleetPane

sound = FleetPane.{method}

def faulty(pane, *given):
    if pane.has_focus:
        raise RuntimeError("a fault in a pane")
    return sound(pane, *given)

FleetPane.{method} = faulty
launch._is_up = lambda settings: True
from controlroom.__main__ import main

sys.exit(main(["launch", "--no-sample-load"]))
"""


@pytest.mark.parametrize("method", ["compose_rows", "render_line"])
def test_a_fault_in_a_pane_restores_the_terminal_and_says_where_it_is_kept(
    method: str, tmp_path: Path
) -> None:
    env = {**os.environ, "CONTROLROOM_STATE_DIR": str(tmp_path), "LANG": "C.UTF-8"}
    argv = (sys.executable, "-c", FAULTY.format(method=method))
    with Terminal(argv, env, columns=200) as room:
        room.until("4 fleet", 60)
        room.send("4")
        assert room.ended(60) == 1
        room.until("The details are in")
        sent = b"".join(data for _, data in room.chunks)
    said = sent[sent.rfind(b"\x1b[?1049l") :].decode()
    assert b"\x1b[?1049h" in sent
    assert "\x1b[?25h" in said, "the cursor is back"
    assert "this should not have happened: RuntimeError: a fault in a pane" in said
    assert "Traceback" not in said
    (kept,) = (tmp_path / "log").iterdir()
    assert str(kept) in re.sub(r"\s", "", said)
    assert "in faulty" in kept.read_text()
