"""The books over the real stores, with both document stores, and runs on disk."""

from __future__ import annotations

import json
from pathlib import Path

from controlroom.feeds.books import BooksSource
from controlroom.feeds.runs import RunsSource
from tests.feeds.world import World, vote
from tests.stores import engines_on_both

__all__ = ["engines_on_both"]


async def test_books_close_when_all_stores_agree(bands: World) -> None:
    source = BooksSource(bands.endpoints, bands.scenario)
    await source.open()
    await bands.produce([vote()] * 5, partition=1)
    books = (await source.read()).books
    assert (books.acknowledged, books.taken, books.in_flight, books.lost) == (5, 5, 5, 0)
    await bands.store([vote()] * 5, partition=1)
    books = (await source.read()).books
    assert (books.counted, books.stored, books.in_flight) == (5, 5, 0)
    assert books.closed
    await source.close()


async def test_a_document_that_is_missing_is_lost(bands: World) -> None:
    await bands.produce([vote()] * 4)
    await bands.count([vote()] * 4)
    source = BooksSource(bands.endpoints, bands.scenario)
    await source.open()
    books = (await source.read()).books
    await source.close()
    assert (books.counted, books.stored, books.lost) == (4, 0, 4)


async def test_runs_are_read_from_their_folder(tmp_path: Path) -> None:
    source = RunsSource(tmp_path / "runs")
    await source.open()
    assert (await source.read()).runs == ()
    folder = tmp_path / "runs" / "r-0001"
    folder.mkdir(parents=True)
    view = {
        "id": "r-0001", "kind": "load", "title": "load http", "state": "finished",
        "started": 1.0, "ends_at": 9.0, "ended": 5.0, "bound": "number",
        "load": None, "chaos": None,
    }  # fmt: skip
    (folder / "view.json").write_text(json.dumps(view))
    (run,) = (await source.read()).runs
    assert (run.id, run.state, run.bound) == ("r-0001", "finished", "number")
