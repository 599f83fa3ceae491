"""A run can be read whatever a death or a power cut has left of its files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controlroom.ledger.comparing import comparison
from controlroom.ledger.exporting import seconds_as_csv, told
from controlroom.ledger.junit import as_junit
from controlroom.ledger.listing import Wanted, listed
from controlroom.ledger.ranking import document_of, ranked
from controlroom.ledger.record import Record, record_of
from controlroom.ledger.story import Story, result_lines
from controlroom.reports.html import as_html
from controlroom.reports.markdown import as_markdown
from controlroom.reports.text import as_text
from controlroom.runs.folder import RunFolder
from controlroom.runs.pinning import add_note
from controlroom.runs.store import RunStore
from controlroom.verdicts import Weights
from tests.ledger.runs import cut, experiment_run, fault_run, load_run

pytestmark = pytest.mark.long

EVERY = 11
"""Bytes between two cuts within a line: all of them spoil it in the same way."""


def everything(store: RunStore, folder: RunFolder) -> None:
    """All that anybody asks of a run."""
    story = Story(record_of(folder), store)
    document = story.document()
    as_text(document), as_markdown(document), as_html(document)
    as_junit(story, [])
    told(story), seconds_as_csv(story.record), result_lines(story.record)
    comparison([[story], [story]])
    document_of(ranked([story], Weights()))


def content(record: Record) -> str:
    """What was read of it: where two cuts leave the same, looking once is enough."""
    return repr((record, record.seconds, record.blocks, record.latencies().total))


def lengths(path: Path) -> list[int]:
    """Where a file is cut: at, before and after each end of a line, and every few bytes."""
    text = path.read_bytes()
    edges = {place + step for place, sign in enumerate(text) if sign == 10 for step in (-1, 0, 1)}
    return sorted({*edges, *range(0, len(text), EVERY)} & {*range(len(text))})


@pytest.mark.parametrize(
    "make",
    [
        lambda store: load_run(store, seconds=3),
        lambda store: (load_run(store), fault_run(store))[1],
        lambda store: experiment_run(store, rounds=1),
    ],
    ids=["load", "fault", "experiment"],
)
def test_every_file_may_end_anywhere(
    store: RunStore, make: Callable[[RunStore], RunFolder]
) -> None:
    folder = make(store)
    add_note(folder.path, "seen")
    everything(store, folder)
    seen = {content(record_of(folder))}
    for path in sorted(one for one in folder.path.rglob("*") if one.is_file()):
        for length in lengths(path):
            whole = cut(path, length)
            # another store has nothing in its memory
            rows, _ = listed(RunStore(store.root), Wanted())
            assert folder.id in [row.view.id for row in rows]
            record = record_of(folder)
            if (found := content(record)) not in seen:
                seen.add(found)
                everything(RunStore(store.root), folder)
            path.write_bytes(whole)
    assert len(seen) > 5
