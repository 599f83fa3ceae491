"""The window of ids: what repeats what, and how much is remembered."""

from __future__ import annotations

from services.consumer.dedup_window import Changes, DedupWindow, First
from services.shared.dedup import Dedup

BOUNDS = Dedup(seconds=60, most=3)


def test_the_first_of_an_id_counts_and_later_ones_repeat_it() -> None:
    window = DedupWindow(BOUNDS)
    assert window.first("a", 5, 1_000) is None
    assert window.first("a", 9, 2_000) == First(5, 1_000)
    assert window.first("a", 12, 61_000) == First(5, 1_000)
    assert window.first("b", 13, 61_000) is None


def test_after_its_time_an_id_is_new_again() -> None:
    window = DedupWindow(BOUNDS)
    window.first("a", 5, 1_000)
    assert window.first("a", 6, 61_001) is None
    assert window.first("a", 7, 62_000) == First(6, 61_001)


def test_no_more_ids_are_remembered_than_allowed() -> None:
    window = DedupWindow(BOUNDS)
    for offset, event_id in enumerate("abcd"):
        window.first(event_id, offset, 1_000)
    assert len(window) == BOUNDS.most
    assert window.first("b", 10, 1_000) == First(1, 1_000)
    assert window.first("a", 11, 1_000) is None


def test_records_that_are_read_again_are_judged_as_before() -> None:
    log = [("a", 0), ("b", 1), ("a", 2), ("c", 3), ("b", 4)]
    window = DedupWindow(BOUNDS)
    once = [window.first(event_id, offset, 1_000) for event_id, offset in log]
    assert [window.first(event_id, offset, 1_000) for event_id, offset in log] == once


def test_changes_make_the_same_window_elsewhere() -> None:
    window, kept = DedupWindow(BOUNDS), dict[str, First]()
    for offset in range(40):
        # now and then an old id comes again, also after it was forgotten
        window.first(f"id-{offset % 7 or offset}", offset, offset * 10_000)
        if offset % 4 == 0:
            apply(window.changes(), kept)
    apply(window.changes(), kept)
    assert len(kept) == len(window) <= BOUNDS.most
    again = DedupWindow(BOUNDS, kept.items())
    for event_id, first in kept.items():
        assert again.first(event_id, 100, 400_000) == window.first(event_id, 100, 400_000) == first


def apply(changes: Changes, kept: dict[str, First]) -> None:
    """As the script does it in Redis."""
    for event_id in changes.dropped:
        kept.pop(event_id, None)
    kept.update(changes.put)
