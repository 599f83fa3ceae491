"""Frames of moments that are past: in any order, of a file that grows, of what was never kept."""

from __future__ import annotations

from pathlib import Path

from controlroom.model.frame import QUEUES, TALLIES
from controlroom.recordings.errors import RecordingError
from controlroom.recordings.moments import HOLE, Moments
from controlroom.recordings.reader import Recording
from tests.recordings.reports import T0, written


def test_a_moment_is_as_it_was_whatever_was_asked_before(tmp_path: Path) -> None:
    live = written(tmp_path / "a.crec", 90)
    moments = Moments(lambda: Recording(tmp_path / "a.crec"))
    asked = sorted(live)[20::40]
    for at in (*reversed(asked), *asked):
        found = moments.frame(at)
        assert found is not None
        assert found.now == at
        for key in (TALLIES, QUEUES):
            assert found[key].value == live[at][key].value


def test_what_was_not_kept_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    moments = Moments(lambda: Recording(folder))
    assert moments.frame(T0) is None, "nothing was ever kept"
    folder.mkdir()
    written(folder / "a.crec", 30)
    assert moments.frame(T0 + 10) is not None
    last = Recording(folder).last
    assert moments.frame(T0 - 1) is None
    assert moments.frame(last + HOLE + 1) is None
    (folder / "a.crec").unlink()
    gone = moments.frame(last + HOLE + 2)
    assert gone is None


def test_what_was_written_since_is_found(tmp_path: Path) -> None:
    path, opened = tmp_path / "a.crec", []

    def reading() -> Recording:
        opened.append(1)
        if not path.exists():
            raise RecordingError("there is none yet.")
        return Recording(path)

    moments = Moments(reading)
    written(path, 30)
    assert moments.frame(T0 + 20) is not None
    path.unlink()
    written(path, 90)
    later = moments.frame(T0 + 80)
    assert later is not None
    assert len(opened) == 2
    moments.frame(T0 + 20)
    assert len(opened) == 2, "what is known is not read anew"
