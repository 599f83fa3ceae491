"""A recording makes the frames that the room had, also where it was cut off or is damaged."""

from __future__ import annotations

import gzip
import json
import random
import threading
from dataclasses import fields, replace
from pathlib import Path

import pytest
from msgspec import structs

from controlroom.model.books import BooksSample
from controlroom.model.frame import LOG, OF_TARGET, RUNS
from controlroom.model.samples import Report, Sample
from controlroom.recordings.errors import RecordingError
from controlroom.recordings.file import RecordingFile
from controlroom.recordings.format import SOURCES, decode_value, encode_value
from controlroom.recordings.player import Player
from controlroom.recordings.reader import Recording
from controlroom.recordings.recorder import Recorder, begun
from tests.recordings.reports import T0, head, reports, written
from tests.room import frames
from wire.books import Books, SideBySide
from wire.queues.direct.books import DirectBooks
from wire.queues.kafka.books import KafkaBooks


def test_every_frame_is_that_which_was_made_live(tmp_path: Path) -> None:
    live = written(tmp_path / "a.crec", 120)
    player = Player(Recording(tmp_path / "a.crec"))
    assert len(player.recording.blocks) > 2
    for at, frame in live.items():
        assert player.frame(at) == frame, at - T0
    assert player.unread == 0


def test_frames_are_the_same_in_any_order(tmp_path: Path) -> None:
    live = written(tmp_path / "a.crec", 90)
    player = Player(Recording(tmp_path / "a.crec"))
    moments = random.Random(3).sample(sorted(live), 20)
    for at in moments:
        assert player.frame(at) == live[at], at - T0


def test_a_block_tells_what_was_known_when_it_begins(tmp_path: Path) -> None:
    live = written(tmp_path / "a.crec", 120)
    recording = Recording(tmp_path / "a.crec")
    at = max(live)
    # as a run's own recording has it: nothing of what was before
    player = Player(recording.between(recording.blocks[-1].first + 1, at))
    late, whole = player.frame(at), live[at]
    for key in (*OF_TARGET, RUNS):
        if key != LOG:
            assert late[key] == whole[key], key.name
    logs = late[LOG].value, whole[LOG].value
    assert logs[0] is not None
    assert logs[1] is not None
    assert logs[0].first + len(logs[0].lines) == logs[1].first + len(logs[1].lines)
    assert (logs[0].skipped, logs[0].total) == (logs[1].skipped, logs[1].total)
    assert late.marks == whole.marks


def test_it_is_lines_of_json_for_other_programs(tmp_path: Path) -> None:
    written(tmp_path / "a.crec", 40)
    first, *lines = gzip.decompress((tmp_path / "a.crec").read_bytes()).splitlines()
    assert json.loads(first)["recording"] == 1
    assert {json.loads(line)["source"] for line in lines} == SOURCES


def test_a_file_that_was_cut_off_tells_what_is_left(tmp_path: Path) -> None:
    live = written(tmp_path / "a.crec", 60)
    whole = (tmp_path / "a.crec").read_bytes()
    chance = random.Random(5)
    cut = tmp_path / "cut.crec"
    told = 0
    for size in sorted(chance.sample(range(4000, len(whole)), 8)):
        cut.write_bytes(whole[:size])
        player = Player(Recording(cut))
        last = player.recording.last
        assert T0 <= last <= T0 + 60
        at = max((moment for moment in live if moment < last - 1), default=None)
        if at is not None:
            assert player.frame(at) == live[at]
            told += 1
    assert told > 3


def test_one_that_is_being_written_can_be_read(tmp_path: Path) -> None:
    file = RecordingFile(tmp_path / "a.crec", head())
    given = list(reports(10))
    for report in given:
        file.write(report)
    file.flush()
    recording = Recording(tmp_path / "a.crec")
    assert recording.blocks[-1].last == given[-1].at
    file.close()


def test_a_damaged_block_costs_no_other(tmp_path: Path) -> None:
    live = written(tmp_path / "a.crec", 120)
    data = bytearray((tmp_path / "a.crec").read_bytes())
    second = Recording(tmp_path / "a.crec").blocks[1]
    data[second.start + second.size // 2] ^= 0xFF
    (tmp_path / "a.crec").write_bytes(data)
    player = Player(Recording(tmp_path / "a.crec"))
    at = max(moment for moment in live if moment < second.first)
    assert player.frame(at) == live[at]
    late, whole = player.frame(max(live)), live[max(live)]
    for key in (*OF_TARGET, RUNS):
        if key != LOG:
            assert replace(late[key], health=whole[key].health) == whole[key], key.name


@pytest.mark.parametrize(
    "data",
    [b"", b"hello\n" * 99, gzip.compress(b'{"recording":1}\n', mtime=0)],
    ids=["empty", "text", "gzip"],
)
def test_what_is_no_recording_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.crec"
    path.write_bytes(data)
    with pytest.raises(RecordingError, match="is no recording") as raised:
        Recording(path)
    assert str(path) in str(raised.value)
    assert raised.value.fix


def test_a_later_form_and_a_missing_file_are_named(tmp_path: Path) -> None:
    RecordingFile(tmp_path / "a.crec", structs.replace(head(), recording=2, by="9.9")).close()
    with pytest.raises(RecordingError, match="form 2") as raised:
        Recording(tmp_path / "a.crec")
    assert "9.9" in raised.value.fix
    with pytest.raises(RecordingError, match="No such file"):
        Recording(tmp_path / "none.crec")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(RecordingError, match="holds no recording"):
        Recording(tmp_path / "nothing")


def test_books_of_every_rule_are_read_again() -> None:
    figures = {one.name: n for n, one in enumerate(fields(Books)) if one.name != "scenario"}
    kafka = KafkaBooks(scenario="bands", **figures)
    both = SideBySide.of({"kafka": kafka, "direct": DirectBooks(scenario="bands", **figures)})
    for books in (kafka, both, frames.books()):
        sample = books if isinstance(books, BooksSample) else BooksSample(books)
        assert decode_value("books", encode_value(sample)) == sample


def test_a_disk_that_stands_still_holds_nobody_up() -> None:
    held = threading.Event()

    class Stuck:
        full = False

        def write(self, report: Report) -> None:
            held.wait(30)

        def flush(self) -> None: ...

        def close(self) -> None: ...

    recorder = Recorder(Stuck())
    for report in reports(10):
        recorder.put(report)
    recorder.close(patience=0.01)
    held.set()
    assert recorder.trouble is None


def test_a_recording_ends_at_its_size_and_a_full_disk_is_told(tmp_path: Path) -> None:
    recorder = begun(tmp_path / "a.crec", head(), most=4000)
    for report in reports(300):
        recorder.put(report)
    recorder.close(30)
    assert recorder.full
    assert recorder.file.size < 200_000
    assert Recording(tmp_path / "a.crec").last > T0

    class Full:
        full = False

        def write(self, report: Report) -> None:
            raise OSError(28, "No space left on device")

        def flush(self) -> None: ...

        def close(self) -> None: ...

    other = Recorder(Full())
    other.put(Sample("golden", T0, None))
    other.close(30)
    assert other.trouble is not None
    assert "No space" in str(other.trouble)


def test_a_recording_that_is_there_is_left_alone(tmp_path: Path) -> None:
    first = begun(tmp_path / "a.crec", head())
    second = begun(tmp_path / "a.crec", head())
    assert (first.file.path.name, second.file.path.name) == ("a.crec", "a-2.crec")
    first.close()
    second.close()
