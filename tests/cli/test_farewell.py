"""What a room says when it is left while runs go on."""

from __future__ import annotations

from dataclasses import replace

from controlroom.cli.farewell import farewell
from controlroom.model.run import RunView

LOAD = RunView("r-0007", "load", "500 requests", "running", 1.0, 1_000.0, None, "")


def test_what_goes_on_is_named_with_its_end_and_how_to_end_it() -> None:
    assert farewell([]) == ""
    one = " ".join(farewell([LOAD]).split())
    assert one.startswith("1 run goes on: r-0007, load, 500 requests, until ")
    assert "controlroom chaos stop --all" in one
    endless = replace(LOAD, ends_at=None)
    many = farewell([replace(endless, id=f"r-{n:04d}") for n in range(9)])
    assert "9 runs go on: r-0000, load, 500 requests; r-0001" in many
    assert "and 6 more." in " ".join(many.split())
    assert max(map(len, many.splitlines())) <= 80
