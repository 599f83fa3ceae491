"""Kinds of faults: each is a file, and one is added without touching the product."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.runs.manifest import bounded, chaos_spec
from host.errors import StackError
from stack.faults import reading
from stack.faults.registry import FOLDERS, kind_of, kinds
from stack.local_stack import LocalStack
from tests.stack.test_faults import TINY, phase
from tests.stack.test_selection import manifest
from tests.waiting import until

MARKING = '''
from pathlib import Path

from stack.faults.fields import COMMON
from stack.faults.kind import Kind
from stack.faults.model import FaultAct, Injection


class Marking(FaultAct, Injection):
    """A file that is there for as long as the fault is."""

    action = "mark"

    def __init__(self, path):
        self.path = Path(path)

    def plan(self, key, matched, hit, ground):
        return self

    def effect(self, amount):
        return f"{amount}: {self.path.name} is there."

    async def inject(self):
        self.path.write_text("on")

    async def recover(self):
        self.path.unlink(missing_ok=True)


class MarkChaos(Kind):
    name = "MarkChaos"

    def read(self, spec, namespace):
        spec.only(*COMMON, "path")
        return Marking(spec.at("path").text())


KIND = MarkChaos()
'''


async def test_a_kind_is_added_by_a_file(
    world: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    chaos = manifest("MarkChaos", mode="all", selector=TINY, duration="2s", path=str(mark))
    with pytest.raises(StackError, match="MarkChaos: it is not known here"):
        world.faults.preview(chaos)
    folder = tmp_path / "faults"
    folder.mkdir()
    (folder / "marking.py").write_text(MARKING)
    monkeypatch.setenv(FOLDERS, str(folder))
    spec = bounded(chaos_spec(chaos, "mark.yaml"), 60)
    assert (spec.title, spec.duration) == ("MarkChaos test", 2.0)
    assert world.faults.preview(chaos).effect == "2 pods: mark is there."
    assert not mark.exists()
    status = await world.faults.inject(spec.manifest, "r-1")
    assert mark.exists()
    assert (status.kind, status.action, status.phase) == ("MarkChaos", "mark", "running")
    await until(lambda: phase(world, status.id) == "finished", "it ends by itself")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("KIND = 3", "holds no KIND"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        (MARKING.replace('"MarkChaos"', '"PodChaos"'), "tells PodChaos once more"),
    ],
)
def test_a_file_that_is_no_kind_is_named(
    text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.py").write_text(text)
    monkeypatch.setenv(FOLDERS, str(tmp_path))
    with pytest.raises(StackError, match=reason) as caught:
        kinds()
    assert "one.py" in caught.value.message
    assert FOLDERS in caught.value.fix


def test_each_kind_is_carried_out_or_refused_by_name() -> None:
    carried_out = {name for name, kind in kinds().items() if not kind.not_here}
    assert carried_out == {
        "PodChaos",
        "NetworkChaos",
        "StressChaos",
        "HTTPChaos",
        "Schedule",
        "Workflow",
        "TrafficSplit",
    }
    for name in kinds().keys() - carried_out:
        with pytest.raises(StackError, match=f"does not do {name}") as caught:
            reading.fault(manifest(name, mode="all", selector={}), "here")
        assert (caught.value.kind, caught.value.fix) == ("refused", kind_of(name).instead)
