"""Fixed runs for the pages of runs: loads, faults, an experiment that goes on or is over."""

from __future__ import annotations

import math
from dataclasses import replace

from controlroom.model.frame import RUNS, Frame
from controlroom.model.run import ChaosFigures, LoadFigures, Runs, RunView
from controlroom.model.story import Block, Plan, RunStory, Second, Stretch, Verdict
from tests.room import frames
from tests.room.frames import NOW

ID = "r-0062"
ORDER = ("none", "killed", "killed", "none", "none", "killed")
PHASES = {"warm_up": 1.0, "baseline": 3.0, "fault": 2.0, "recovery": 7.0}
LASTS = 18.0
"""Seconds of a block with all that is beside its phases."""
PLAN = Plan(
    "A killed consumer against none", ("none", "killed"), ORDER, PHASES, "fault",
    ("success", "p95"), "100 requests/s on schedule",
)  # fmt: skip
SENTENCES = (
    "none against killed, success rate: no difference larger than 1 %",
    "none against killed, p95: none is faster by 31 to 44 %",
)
COMMAND = "controlroom experiment run pod-kill-consumer --yes --seed 7"


def story(over: bool) -> RunStory:
    """After all six blocks, or in the fault phase of the fourth."""
    blocks = len(ORDER) if over else 4
    since = began(over)
    phases: list[Stretch] = []
    faults: list[Stretch] = []
    seconds: list[Second] = []
    for place in range(blocks):
        arm, at = ORDER[place], since + place * LASTS
        for name, length in PHASES.items():
            until: float | None = at + length
            if not over and place == blocks - 1 and name == "fault":
                until = None
            phases.append(Stretch(name, at, until, place, arm))
            if until is None:
                break
            at = until
        if arm == "killed":
            hit = phases[-2].since
            faults.append(Stretch("pod-kill-consumer", hit, hit + 3.0, place, arm))
        end = NOW if phases[-1].until is None else at
        seconds += _seconds(since + place * LASTS, end, arm)
    done = tuple(_block(place) for place in range(blocks if over else blocks - 1))
    found = [Verdict("no difference", SENTENCES[0]), Verdict("faster", SENTENCES[1])]
    if not over:
        words = "none against killed, p95: cannot tell: needs about 10 more blocks"
        found = [Verdict("cannot tell", words)]
    events = ((since, "block 0, none"), (since, "phase 0, none, warm_up"), (since + 22, "inject"))
    return RunStory(
        ID, COMMAND, tuple(seconds), tuple(phases), tuple(faults), done, PLAN, tuple(found),
        ("  killed           back 2 s after injection, lag peak 412",), events,
    )  # fmt: skip


def began(over: bool) -> float:
    """When the experiment began."""
    return NOW - 6 * LASTS - 5 if over else NOW - 3 * LASTS - 5


def _seconds(since: float, until: float, arm: str) -> list[Second]:
    found = []
    for n in range(1, int(until - since) + 1):
        hit = arm == "killed" and 4 <= n < 8
        wave = math.sin(n * 1.3 + since)
        found.append(
            Second(
                since + n, 100 - (6 if hit else 0) + wave, 0.94 if hit else 1.0,
                8.0 + wave + (14 if hit else 0), 20 + (380 if hit else 0), 99.0 + wave,
                0.97 if hit else 1.0, 9.5 + wave, 0, 0,
            )
        )  # fmt: skip
    return found


def _block(place: int) -> Block:
    killed = ORDER[place] == "killed"
    hit = {
        "success": 0.985 - place / 1000 if killed else 1.0, "throughput": 98.0 + place / 10,
        "p50": 4.1, "p95": (14.0 if killed else 8.2) + place / 10, "p99": 22.0 + place,
        "p999": 40.0,
    }  # fmt: skip
    return Block(place, ORDER[place], True, {"baseline": hit, "fault": hit}, {"lost": 0})


def experiment(over: bool) -> RunView:
    """The experiment, as the list shows it."""
    since = began(over)
    figures: dict[str, object] = {
        "block": 6 if over else 4,
        "of": 6,
        "arm": "killed",
        "phase": "fault",
    }
    if over:
        figures.update(verdict=SENTENCES[1], verdict_kind="faster")
    else:
        figures.update({"success": 0.985, "p95": 21.2, "lag": 400})
    return RunView(
        ID, "experiment", "pod-kill-consumer: A killed consumer against none",
        "finished" if over else "running", since, since + 6 * LASTS, NOW - 5 if over else None,
        "all blocks" if over else "", figures=figures,
    )  # fmt: skip


def load(number: int, back: float, **changes: object) -> RunView:
    """A load that ended `back` seconds ago."""
    figures = LoadFigures(
        10_000 + number, 10_000, number % 3, 10_000, 10, 410.0 + number, 3.1, 8.4 + number, 21.0
    )
    made = RunView(
        f"r-{number:04d}", "load", f"10000 requests by {number} users over http", "finished",
        NOW - back - 25, NOW - back + 155, NOW - back, "number", figures,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def fault(number: int, back: float, recovered: bool = True, owner: str = "") -> RunView:
    """A fault that ended `back` seconds ago."""
    chaos = ChaosFigures("PodChaos", "pod-kill", ("consumer-7f9c",), "finished", recovered)
    return RunView(
        f"r-{number:04d}", "chaos", "pod-kill-consumer", "finished" if recovered else "failed",
        NOW - back - 4, None, NOW - back, "fault over" if recovered else "not back", None, chaos,
        owner=owner,
    )  # fmt: skip


def runs(over: bool = True) -> Runs:
    """Runs of every kind and state, with the experiment's parts."""
    ended = (
        load(61, 130, owner=ID), fault(60, 140, owner=ID), load(12, 300),
        load(11, 900, state="stopped", bound="stopped"), fault(10, 1000), fault(9, 1200, False),
        load(8, 5000, state="lost", bound="the run's process died"),
        load(7, 9000, state="failed", bound="nothing answers"), load(6, 90_000),
    )  # fmt: skip
    return Runs((experiment(over), *ended[:4]), earlier=ended[4:])


def frame(over: bool = True, told: bool = True) -> Frame:
    """The room with these runs, and the experiment's story where it is looked at."""
    found = runs(over)
    if told:
        found = replace(
            found, stories={ID: story(over), "r-0012": of_load(12), "r-0006": of_load(6)}
        )
    return frames.calm().having(RUNS, frames.live(found))


def of_load(number: int) -> RunStory:
    """Half a minute of a load."""
    view = next(one for one in runs().runs + runs().earlier if one.id == f"r-{number:04d}")
    seconds = tuple(
        Second(view.started + n, 400 + 10 * math.sin(n) + number, 1.0, 8 + number + math.cos(n))
        for n in range(25)
    )
    return RunStory(
        view.id, f"controlroom run -n 10000 -c {number}", seconds, lines=("p95 8.4 ms",)
    )
