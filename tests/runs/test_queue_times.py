"""How long events waited: by the phase in which they were produced, from all over a block."""

from __future__ import annotations

from controlroom.runs.queue_times import by_phase, spread
from wire.ranges import Range


def test_an_event_is_of_the_phase_in_which_it_was_produced() -> None:
    waits = [(float(at), 10.0 * at) for at in range(1, 101)] + [(500.0, 9.0)]
    found = by_phase(
        waits, {"baseline": (1.0, 11.0), "fault": (11.0, 101.0), "none": (200.0, 201.0)}
    )
    assert found["baseline"] == {"p50": 50.0, "p95": 100.0, "p99": 100.0, "events": 10}
    assert (found["fault"]["p50"], found["fault"]["events"]) == (550.0, 90)
    assert "none" not in found, "no event is no data"


def test_few_are_all_read_and_of_many_pieces_from_all_over() -> None:
    few = [Range("a", -1, 9), Range("b", 4, 5)]
    assert spread(few) == few
    many = spread([Range("a", -1, 99_999), Range("b", 0, 300_000)])
    read = sum(one.upto - one.after for one in many)
    assert 3000 < read <= 4100
    assert {one.tp for one in many} == {"a", "b"}
    assert max(one.upto for one in many if one.tp == "b") > 290_000
    short = spread([Range("a", 0, 10_000), Range("b", 0, 3)])
    assert short[-1] == Range("b", 0, 3), "no piece is longer than what there is"
