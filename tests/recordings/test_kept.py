"""The last hours of a target: bounded, there for a room that was just opened, and for each run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from controlroom.cli.replay import found, moment
from controlroom.commands.exits import CommandError
from controlroom.model.board import PAST_SECONDS, Board
from controlroom.model.frame import BOOKS, GOLDEN, QUEUES, RUNS
from controlroom.model.run import Runs
from controlroom.model.samples import Failed, Report, Sample
from controlroom.recordings.errors import RecordingError
from controlroom.recordings.kept import RUN_FILE, Kept, kept_dir, trim
from controlroom.recordings.past import curves_of
from controlroom.recordings.player import Player
from controlroom.recordings.reader import Recording
from controlroom.settings import Settings
from tests.recordings.reports import PERIODS, T0, head, reports, shown
from tests.room import frames

HOURS = 7


def hours(seconds: float) -> Iterator[Report]:
    """A target that is asked once in five seconds; its lag says how late it is."""
    golden, books, queues = shown(GOLDEN), shown(BOOKS), shown(QUEUES)
    for turn in range(int(seconds / 5)):
        at = T0 + turn * 5
        yield Sample("golden", at, golden, 30.0)
        yield Sample("queues", at, replace(queues, lag=turn * 5))
        yield Sample("books", at, replace(books, books=replace(books.books, counted=turn)))


def kept(folder: Path, given: Iterator[Report], most: int = 64 << 20) -> None:
    """Keeps all of them."""
    sink = Kept(folder, head, 6, most)
    for report in given:
        sink.write(report)
    sink.close()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven hours."""
    folder = tmp_path_factory.mktemp("history")
    kept(folder, hours(HOURS * 3600))
    return folder


def test_an_hour_ago_is_there_in_a_room_that_was_just_opened(history: Path) -> None:
    now = T0 + HOURS * 3600
    board = Board("bands", "Bands", "local stack")
    board.apply(Sample("queues", now, replace(shown(QUEUES), lag=1)))
    for name, points in curves_of(history, "bands", now - PAST_SECONDS).items():
        board.fill_past(name, points)
    past = {curve.name: dict(curve.points) for curve in board.frame(now).past}
    hour_ago = (now - 3600) // 10 * 10
    assert past["lag"][hour_ago] == pytest.approx(HOURS * 3600 - 3600, abs=10)
    assert past["rps"][hour_ago] == pytest.approx(742.1)
    assert len(past["lag"]) == PAST_SECONDS // 10
    assert min(past["lag"]) <= now - PAST_SECONDS + 20


def test_where_nothing_changes_the_curve_goes_on_and_where_nobody_answers_it_does_not(
    tmp_path: Path,
) -> None:
    queues = shown(QUEUES)

    def idle() -> Iterator[Report]:
        for at in range(0, 200, 20):  # as seldom as the keeper asks
            yield Sample("queues", T0 + at, queues)
        yield Failed("queues", T0 + 200, "gone", "wait")
        yield Sample("queues", T0 + 260, queues)

    periods = {**PERIODS, "queues": 20 / 3}
    sink = Kept(tmp_path, lambda at: structs.replace(head(at), periods=periods), 6, 1 << 20)
    for report in idle():
        sink.write(report)
    sink.close()
    points = dict(curves_of(tmp_path, "bands", T0)["lag"])
    assert all(points[T0 + at] == queues.lag for at in range(0, 180, 2))
    assert points[T0 + 200] is None
    assert not any(T0 + 202 < at < T0 + 258 for at in points)


def test_books_of_an_hour_ago_are_there_too(history: Path) -> None:
    now = T0 + HOURS * 3600
    books = Player(Recording(history)).frame(now - 3600)[BOOKS].value
    assert books is not None
    assert books.books.counted == (HOURS - 1) * 720


def test_curves_of_another_scenario_are_not_mixed_in(history: Path, tmp_path: Path) -> None:
    assert curves_of(history, "worldcup", T0) == {}
    assert curves_of(tmp_path / "none", "bands", T0) == {}


def test_it_stays_within_its_bytes_and_keeps_the_newest(tmp_path: Path) -> None:
    most = 60_000
    sink = Kept(tmp_path, head, 6, most)
    last = T0
    for report in reports(1200, every=1.0):
        sink.write(report)
        sink.flush()
        last = report.at
        used = sum(one.stat().st_size for one in tmp_path.iterdir())
        assert used <= most + 20_000
    sink.close()
    recording = Recording(tmp_path)
    assert len(recording.files) > 1
    assert recording.first > T0 + 60
    assert last - recording.last < 6


def test_what_is_too_old_goes_and_the_newest_stays(tmp_path: Path) -> None:
    for age, name in ((9, "a"), (7, "b"), (5, "c"), (8, "d")):
        path = tmp_path / f"{name}.crec"
        path.write_bytes(b"x")
        os.utime(path, (T0 - age * 3600,) * 2)
    trim(tmp_path, 6, 1 << 20, T0)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["c.crec", "d.crec"]


def test_a_bad_file_in_the_folder_costs_no_other(tmp_path: Path) -> None:
    kept(tmp_path, reports(30))
    (tmp_path / "0.crec").write_bytes(b"\0" * 300)
    assert Recording(tmp_path).first == T0
    assert curves_of(tmp_path, "bands", T0)["lag"]


def test_one_writes_at_a_time(tmp_path: Path) -> None:
    first = Kept(tmp_path, head, 6, 1 << 20)
    with pytest.raises(BlockingIOError):
        Kept(tmp_path, head, 6, 1 << 20)
    first.close()
    Kept(tmp_path, head, 6, 1 << 20).close()


def test_a_replay_of_what_is_kept_is_not_stale_between_two_reports(tmp_path: Path) -> None:
    kept(tmp_path, reports(60))
    player = Player(Recording(tmp_path))
    assert player.recording.head.periods["log"] > PERIODS["log"]
    for second in range(10, 38):
        runs = player.frame(T0 + second)[RUNS]
        assert runs.health.state == "live"


def test_a_run_that_ends_gets_its_own_recording(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    folder = tmp_path / "runs" / "r-0043"
    folder.mkdir(parents=True)
    history = kept_dir(tmp_path, "local stack")
    sink = Kept(history, head, 6, 1 << 20, lambda run: folder if run == folder.name else None)
    for report in reports(180, every=1.0):
        sink.write(report)
    sink.close()
    assert (folder / RUN_FILE).stat().st_mode & 0o077 == 0
    recording = found("r-0043", settings)
    assert recording.first <= T0
    assert T0 + 100 < recording.last < T0 + 150
    runs = Player(recording).frame(T0 + 60)[RUNS].value
    assert runs is not None
    assert [one.state for one in runs.runs if one.id == "r-0043"] == ["finished"]


def test_a_run_that_goes_on_is_shown_from_what_is_kept(tmp_path: Path) -> None:
    from controlroom.runs.folder import RunFolder

    settings = Settings(state_dir=tmp_path)
    for number in (1, 2):
        (tmp_path / "runs" / f"r-000{number}").mkdir(parents=True)
    run = replace(frames.load_run(), id="r-0001", started=T0 + 30, ended=T0 + 40)
    RunFolder(tmp_path / "runs" / "r-0001").write_view(replace(run, state="finished"))
    kept(kept_dir(tmp_path, "local stack"), reports(60))
    assert found("r-0001", settings).last > T0 + 40
    with pytest.raises(RecordingError, match="r-0002 was not recorded"):
        found("r-0002", settings)
    assert found("", settings).first == T0
    with pytest.raises(RecordingError, match="Nothing was kept"):
        found("", Settings(state_dir=tmp_path / "other"))


def test_a_moment_is_a_time_of_day_or_so_long_before_the_end(tmp_path: Path) -> None:
    import time

    kept(tmp_path, reports(60))
    recording = Recording(tmp_path)
    assert moment("-30s", recording) == recording.last - 30
    clock = time.strftime("%H:%M:%S", time.localtime(T0 + 20))
    assert moment(clock, recording) == T0 + 20
    for wrong in ("noon", "-3"):
        with pytest.raises(CommandError, match="--at"):
            moment(wrong, recording)


def test_runs_of_others_are_left_alone(tmp_path: Path) -> None:
    sink = Kept(tmp_path, head, 6, 1 << 20, lambda run: None)
    run = frames.chaos_run()
    sink.write(Sample("runs", T0, Runs((run,))))
    sink.write(Sample("runs", T0 + 5, Runs((replace(run, state="finished", ended=T0 + 4),))))
    sink.write(Sample("runs", T0 + 90, Runs(())))
    sink.close()
    assert sorted(one.suffix for one in tmp_path.iterdir()) == ["", ".crec"]
