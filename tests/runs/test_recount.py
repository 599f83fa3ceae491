"""A fault run counts documents anew, so that one that it deleted is lost; on real stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from controlroom.runs import fault, recovery
from controlroom.runs.fault import FaultRun
from controlroom.runs.recovery import RecoveryLook, RecoveryWatch
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.store import RunStore
from controlroom.targets.abilities import Endpoints, FaultStatus, TargetInfo
from tests.consumer.rig import Rig
from tests.consumer.rig import bands as bands
from tests.runs.conftest import result_of
from tests.runs.fakes import FakeTarget
from tests.runs.test_fault import asked, kill
from tests.wire.filled import EVENTS, Filled
from tests.wire.test_document_count import keep
from wire.ranges import WINDOW, Range


class Deleting(FakeTarget):
    """Deletes a stored document when a fault is injected, and has stores."""

    def __init__(self, filled: Filled) -> None:
        super().__init__()
        self._filled = filled
        self.gone: Range | None = None

    async def info(self) -> TargetInfo:
        """Which scenario it runs."""
        return TargetInfo("here", self._filled.rig.name)

    async def endpoints(self) -> Endpoints:
        """Where the stores are."""
        engines = self._filled.rig.engines
        found = {"kafka": engines.kafka, "redis": engines.redis, "mongo": engines.mongo}
        return Endpoints(found)

    async def close(self) -> None:
        """Nothing to let go of."""

    async def inject(self, manifest: Mapping[str, Any], run: str) -> FaultStatus:
        """As a disk that loses what it had acknowledged."""
        if self.gone is not None:
            await delete(self._filled, self.gone)
        return await super().inject(manifest, run)


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault, "POLL", 0.02)
    monkeypatch.setattr(recovery, "LOOKS", 1)


@pytest.fixture
async def filled(bands: Rig) -> Filled:
    """All of it stored, counted, and the count kept, as a consumer does it."""
    made = Filled(bands, (await bands.offsets.topic(bands.topic)).id)
    await bands.documents.ensure_indexes(bands.name)
    await made.handle(EVENTS)
    await keep(made)
    return made


async def delete(filled: Filled, wanted: Range) -> None:
    assert await filled.rig.documents.delete(filled.logs, wanted) == 1


def one(filled: Filled, offset: int) -> Range:
    return Range(filled.tp, offset - 1, offset)


async def recovered(store: RunStore, target: Deleting, owner: str = "") -> dict[str, Any]:
    """What a fault that is over at once leaves in its result."""
    folder = asked(store, kill())
    if owner:
        folder.write_owner(owner)
    view = folder.read_view()
    assert view is not None
    async with RecoveryWatch(target) as watch:
        await FaultRun(RunWriter(folder, view), kill(), target, watch).run()
    found: dict[str, Any] = result_of(folder)["recovery"]
    return found


async def test_a_document_that_is_deleted_after_it_was_counted_is_lost(
    store: RunStore, filled: Filled
) -> None:
    target = Deleting(filled)
    target.gone = one(filled, EVENTS - 3)
    found = await recovered(store, target)
    assert (found["lost"], found["doubled"], found["recounted"]) == (1, 0, True)
    assert found["before"]["lost"] == 0


async def test_what_was_deleted_before_is_not_lost_by_the_fault(
    store: RunStore, filled: Filled
) -> None:
    await delete(filled, one(filled, EVENTS - 3))
    found = await recovered(store, Deleting(filled))
    assert (found["lost"], found["recounted"]) == (0, True)
    assert found["before"]["lost"] == found["after"]["lost"] == 1


async def test_only_what_the_run_covers_is_asked_for(filled: Filled) -> None:
    await filled.handle(20 * WINDOW)
    await keep(filled)
    await delete(filled, one(filled, 41))
    async with RecoveryWatch(Deleting(filled)) as watch:
        await watch.remember()
        await watch.count_before()
        told = watch.told(RecoveryLook(), True, None, None)
    assert (told.before.lost, told.before.anew) == (0, True), "41 is far below what it covers"


async def test_a_count_that_takes_too_long_is_told(
    store: RunStore, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "AGAIN", 0.0)
    target = Deleting(filled)
    target.gone = one(filled, EVENTS - 3)
    found = await recovered(store, target)
    assert (found["back"], found["recounted"]) == (True, False)


async def test_an_experiment_counts_by_itself(store: RunStore, filled: Filled) -> None:
    owner = asked(store, kill())
    found = await recovered(store, Deleting(filled), owner.id)
    assert found["recounted"] is False
