"""What watching a run does with ctrl+c."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controlroom.commands.watching import watch
from controlroom.runs.launch import first_view
from controlroom.runs.spec import LoadSpec
from controlroom.runs.store import RunStore


def handler(number: int, frame: object) -> None:
    """Somebody's own, as that of a loop that cancels its task in order."""


@pytest.fixture(autouse=True)
def own_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("last", "wanted"), [(True, signal.SIG_IGN), (False, handler)])
async def test_ctrl_c_is_whose_it_was_where_more_runs_come(
    tmp_path: Path, last: bool, wanted: object
) -> None:
    folder = RunStore(tmp_path).create()
    spec = LoadSpec(url="http://127.0.0.1:1", scenario="bands", number=5)
    folder.write_view(replace(first_view(folder.id, spec), state="finished", ended=1.0))
    assert await watch(folder, lambda view: view.id, "Stopping.", last) is False
    assert signal.getsignal(signal.SIGINT) is wanted
