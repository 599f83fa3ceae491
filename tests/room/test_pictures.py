"""How the room looks. Each picture is compared with the one that was approved by eye."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.room import frames, pages
from tests.room.rooms import room_of
from tests.room.test_split import splitting

SIZES = {"small": (80, 24), "usual": (120, 40), "large": (200, 60)}
Compare = Callable[..., bool]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scenario", ["bands", "worldcup"])
@pytest.mark.parametrize("state", ["calm", "loaded", "broken", "empty"])
def test_the_room(snap_compare: Compare, state: str, scenario: str, size: str) -> None:
    frame = getattr(frames, state)(scenario)
    assert snap_compare(room_of(frame), terminal_size=SIZES[size])


@pytest.mark.parametrize("keys", ["2", "4"])
def test_the_other_pages_of_a_small_terminal(snap_compare: Compare, keys: str) -> None:
    assert snap_compare(room_of(frames.loaded()), press=[keys], terminal_size=(80, 24))


@pytest.mark.parametrize(
    "press",
    [["l"], ["c"], ["c", "enter"], ["s"], ["exclamation_mark"], ["P"], ["question_mark"]],
    ids=lambda keys: "-".join(keys),
)
def test_the_dialogs(snap_compare: Compare, press: list[str]) -> None:
    assert snap_compare(room_of(frames.calm()), press=press, terminal_size=(80, 24))


def test_a_room_of_ascii(snap_compare: Compare) -> None:
    assert snap_compare(room_of(frames.loaded(), ascii_only=True), terminal_size=(120, 40))


def test_a_room_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert snap_compare(room_of(frames.broken()), terminal_size=(120, 40))


def test_a_room_to_look_at_only(snap_compare: Compare) -> None:
    frame = replace(frames.loaded(), read_only=True)
    assert snap_compare(room_of(frame, read_only=True), terminal_size=(120, 40))


def test_curves_of_each_branch_in_a_room_of_ascii_without_colour(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    frame = replace(splitting(frames.loaded()), lanes=frames.lanes("r-0042"))
    room = room_of(frame, ascii_only=True)
    assert snap_compare(room, press=["5", "b", "z"], terminal_size=SIZES["small"])


def test_curves_of_each_branch(snap_compare: Compare) -> None:
    frame = replace(splitting(frames.loaded()), lanes=frames.lanes("r-0042"))
    assert snap_compare(room_of(frame), press=["5", "b"], terminal_size=SIZES["large"])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("empty", [False, True], ids=["full", "empty"])
def test_a_map(snap_compare: Compare, empty: bool, size: str) -> None:
    press = [] if size == "usual" else ["z"]
    frame = pages.frame("map", empty)
    assert snap_compare(room_of(frame), press=press, terminal_size=SIZES[size])


def test_a_map_of_a_region(snap_compare: Compare) -> None:
    room = room_of(pages.frame("map"))
    assert snap_compare(room, press=["z", "enter"], terminal_size=SIZES["usual"])


def test_a_map_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    room = room_of(pages.frame("map"))
    assert snap_compare(room, press=["z"], terminal_size=SIZES["small"])


@pytest.mark.parametrize("empty", [False, True], ids=["full", "empty"])
@pytest.mark.parametrize("view", ["top", "gender", "ages", "latest", "stored"])
def test_a_page(snap_compare: Compare, view: str, empty: bool) -> None:
    frame = pages.frame(view, empty)
    assert snap_compare(room_of(frame), terminal_size=SIZES["small"])
