"""Fixed frames of the room: calm, loaded, broken, empty; for both scenarios."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeVar

from controlroom.model.books import BooksSample, QueueTime
from controlroom.model.budget import Budget
from controlroom.model.fleet import Deployment, Engine, Fleet, FleetEvent, Pod
from controlroom.model.frame import (
    BOOKS,
    FLEET,
    GOLDEN,
    LOG,
    QUEUES,
    RUNS,
    TALLIES,
    Curve,
    Frame,
    Key,
    Panel,
    Rates,
)
from controlroom.model.golden import GoldenMetrics, GoldenRow
from controlroom.model.health import Health
from controlroom.model.lanes import METRICS
from controlroom.model.log import LogLine, LogView
from controlroom.model.queues import Queues
from controlroom.model.run import ChaosFigures, LoadFigures, Runs, RunView, TimeMark
from controlroom.model.tallies import Selection, Tallies, TallyChoice, TallyRow
from wire.queues.kafka.books import KafkaBooks

T = TypeVar("T")
NOW = 1_795_275_188.0
_LIVE = Health("live", NOW - 700)
_WAITING = (20, 14, 31, 0, 12, 44, 8, 19, 27, 30, 16, 21)
_BANDS = (
    (("Soda Stereo", "Signos"), 48213, 4.2, 212.0),
    (("Caifanes", "El Silencio"), 39870, 4.0, 171.0),
    (("Bunbury", "Flamingos"), 31042, 3.7, 140.0),
    (("Alux Nahual", "Conquista"), 22518, 4.6, 98.0),
    (("Maná", "Sueños Líquidos"), 17204, 3.1, 81.0),
    (("Café Tacvba", "Re"), 9611, 4.8, 40.0),
)


def live(value: T, age: float = 0.2, window: float | None = None) -> Panel[T]:
    """A panel whose source answers."""
    return Panel(value, NOW - age, window, _LIVE)


def bands(total: int = 168458) -> Tallies:
    """The table of the band vote."""
    rows = tuple(TallyRow(labels, count, average) for labels, count, average, _ in _BANDS)
    return Tallies(("Band", "Album"), rows, total, "votes", "Rank")


def worldcup() -> Tallies:
    """The bars of one match."""
    phases = ("Octavos", "Cuartos", "Semifinal", "Final")
    scores = (("3-3", 4120), ("2-1", 2210), ("4-2", 1804), ("3-2", 902), ("0-1", 12))
    matches = ("Argentina - Francia", "Croacia - Marruecos", "Brasil - Croacia")
    return Tallies(
        ("Score",),
        tuple(TallyRow((score,), count) for score, count in scores),
        18204,
        "predictions",
        drawn="bars",
        selections=(
            Selection(
                "Phase", tuple(TallyChoice(str(n), p) for n, p in enumerate(phases, 1)), "4"
            ),
            Selection("Match", tuple(TallyChoice(m.replace(" - ", ":"), m) for m in matches),
                      "Argentina:Francia"),
        ),
    )  # fmt: skip


def books(in_flight: int = 242, lost: int = 0, doubled: int = 0) -> BooksSample:
    """The books of the band vote."""
    stored = 168700 - in_flight - lost + doubled
    figures = KafkaBooks(
        "bands", 168700, stored, stored, 12, 0, in_flight, lost, doubled, kafka=168700
    )
    return BooksSample(figures, QueueTime(41.2, 120.0, 180.4, 2048))


def fleet(consumer_ready: int = 3) -> Fleet:
    """Four deployments with their pods and the engines."""
    rows = (
        ("producer-http", 2, 2, 0, 720.0, 0.31, 64, 1, 4),
        ("producer-grpc", 2, 2, 0, 720.0, 0.22, 71, 1, 4),
        ("consumer", 3, consumer_ready, 1, 9.0, 0.44, 58, 2, 5),
        ("reader", 1, 1, 0, 720.0, 0.01, 49, None, None),
    )
    deployments = tuple(
        Deployment(name, wanted, ready, restarts, age, cpu, mb << 20, low, high)
        for name, wanted, ready, restarts, age, cpu, mb, low, high in rows
    )
    pods = []
    for item in deployments:
        for n in range(item.replicas):
            up = n < item.ready
            age = item.age if item.age and n == item.replicas - 1 else 720.0
            pods.append(
                Pod(f"{item.name}-7f9c4-{n}x{n}", item.name, up, "Running",
                    item.restarts if n else 0, NOW - age, (item.cpu or 0) / item.replicas,
                    32 << 20, message="" if up else "Starting")
            )  # fmt: skip
    engines = tuple(
        Engine(name, "ready", 0, NOW - 740, cpu, mb << 20)
        for name, cpu, mb in (("kafka", 0.35, 610), ("redis", 0.04, 14), ("mongo", 0.2, 120),
                              ("prometheus", 0.05, 90), ("toxiproxy", 0.03, 18))
    )  # fmt: skip
    events = (
        FleetEvent(NOW - 12, "Pod", "consumer-7f9c4-2x2", "Killed", "by r-0043"),
        FleetEvent(NOW - 9, "Pod", "consumer-7f9c4-2x2", "Started", "ready after 2.1 s"),
    )
    return Fleet(deployments, tuple(pods), engines, events, NOW - 740)


def golden(outbound: float = 0.9998) -> GoldenMetrics:
    """Golden metrics; nobody asks the reader. `outbound`: success of the consumer's requests."""
    return GoldenMetrics(
        (
            GoldenRow("producer-http", "inbound", 0.9998, 412.0, 3.1, 8.9, 21.4),
            GoldenRow("producer-grpc", "inbound", 1.0, 330.1, 2.2, 6.0, 14.8),
            GoldenRow("consumer", "outbound", outbound, 18.4, 6.8, 19.5, 1044.0),
            GoldenRow("reader", "inbound", None, None, None, None, None),
        ),
        30.0,
    )


def log_view(count: int = 400, first: int = 1000, skipped_now: int = 118) -> LogView:
    """The ring of the tail."""
    lines = []
    for i in range(count):
        labels = _BANDS[(first + i) % len(_BANDS)][0]
        at = NOW - (count - i) * 0.004
        lines.append(
            LogLine((first + i) * 5 % 12, 14000 + first + i, at - 0.04, at,
                    f"voto {labels[0]} · {labels[1]} {(first + i) % 5 + 1}", ":".join(labels))
        )  # fmt: skip
    return LogView(tuple(lines), first, 9000, skipped_now, 168458)


def curves(loaded: bool) -> tuple[Curve, ...]:
    """Five minutes of four figures, with a kill two and a half minutes ago."""
    ticks = [NOW - 300 + i for i in range(301)]

    def dip(at: float, depth: float) -> float:
        return depth * math.exp(-(((at - (NOW - 148)) / 6) ** 2))

    def traffic(at: float) -> float | None:
        if not loaded or at < NOW - 225:
            return None if loaded else 4 + math.sin(at / 9)
        return 700 - dip(at, 300) + 40 * math.sin(at / 11)

    rps = tuple((at, traffic(at)) for at in ticks)
    success = tuple((at, None if r is None else 1 - dip(at, 0.026) * loaded) for at, r in rps)
    p95 = tuple((at, None if r is None else 9 + dip(at, 26) * loaded) for at, r in rps)
    lag = tuple((at, 40 + dip(at - 4, 1500) if loaded else 0.0) for at in ticks)
    return (
        Curve("rps", "/s", rps),
        Curve("success", "", success),
        Curve("p95", "ms", p95),
        Curve("lag", "", lag),
    )


def lanes(run: str) -> tuple[Curve, ...]:
    """Two minutes of a split in halves, of which one fails, and of the doors of the product."""
    ticks = [NOW - 120 + i for i in range(121)]
    figures = {
        ("http", run): (0.998, 51.0, 2.0, 5.0, 9.0),
        ("faulty", run): (0.0, 49.0, 1.0, 1.0, 1.0),
        ("producer-http", ""): (0.9998, 412.0, 3.1, 8.9, 21.4),
        ("producer-grpc", ""): (1.0, 330.1, 2.2, 6.0, 14.8),
    }
    return tuple(
        Curve(
            name,
            unit,
            tuple((at, each[place] * (1 - 0.1 * (1 + math.sin(at / 9)))) for at in ticks),
            *lane,
        )
        for place, (name, unit) in enumerate(METRICS.items())
        for lane, each in figures.items()
    )


def load_run(answered: int = 6312) -> RunView:
    """A load run with a known number."""
    figures = LoadFigures(answered, answered, 0, 10000, 20, 742.0, 4.1, 9.2, 21.3)
    return RunView(
        "r-0042", "load", "http+grpc 20 users", "running", NOW - 108, NOW + 72, None, "", figures
    )


def chaos_run() -> RunView:
    """A fault that lasts."""
    figures = ChaosFigures("PodChaos", "pod-failure", ("consumer-7f9c4-2x2",), "running", False)
    return RunView(
        "r-0043", "chaos", "pod-failure-consumer", "running", NOW - 12, NOW + 18, None, "",
        chaos=figures,
    )  # fmt: skip


def named(*panels: tuple[Key[object], Panel[object]]) -> dict[str, Panel[object]]:
    """Panels by the names of their keys, as a frame holds them."""
    return {key.name: panel for key, panel in panels}


def _frame(scenario: str, tallies: Tallies) -> Frame:
    return Frame(
        now=NOW,
        scenario=scenario,
        title=scenario.title(),
        target="local stack",
        panels=named(
            (TALLIES, live(tallies)),
            (BOOKS, live(books(0))),
            (GOLDEN, live(golden(), 1.2, 30.0)),
            (FLEET, live(fleet(), 0.6)),
            (QUEUES, live(Queues("votes", "store", 12, 3, 0, 168700, (0,) * 12))),
            (LOG, live(log_view(skipped_now=0))),
            (RUNS, live(Runs(()))),
        ),
        rates=Rates(4.1, {labels: rate / 180 for labels, _, _, rate in _BANDS}, 0.0),
        curves=curves(False),
        budget=Budget(0.999, 1.0, 0.0),
    )


def calm(scenario: str = "bands") -> Frame:
    """Little happens, all is well."""
    return _frame(scenario, bands() if scenario == "bands" else worldcup())


def loaded(scenario: str = "bands") -> Frame:
    """A load run and a fault at once."""
    frame = calm(scenario)
    panels = named(
        (BOOKS, live(books())),
        (GOLDEN, live(golden(0.9971), 1.2, 30.0)),
        (QUEUES, live(Queues("votes", "store", 12, 3, 242, 168700, _WAITING))),
        (LOG, live(log_view())),
        (RUNS, live(Runs((load_run(), chaos_run())))),
    )
    return replace(
        frame,
        panels={**frame.panels, **panels},
        rates=Rates(742.0, {labels: rate for labels, _, _, rate in _BANDS}, -310.0),
        budget=Budget(0.999, 0.99982, 0.4),
        curves=curves(True),
        marks=(
            TimeMark(NOW - 225, "load", "load"),
            TimeMark(NOW - 150, "fault", "kill"),
            TimeMark(NOW - 118, "recovered", "6.2 s"),
        ),
    )


def broken(scenario: str = "bands") -> Frame:
    """Redis refuses, Prometheus was never there, a consumer is down, the books do not close."""
    frame = loaded(scenario)
    away = Health(
        "reconnecting", NOW - 64, "connection refused", "Start it: controlroom up", NOW + 4
    )
    absent = Health("absent", NOW - 700, "no address given", "Set prometheus in the settings.")
    panels = named(
        (TALLIES, replace(frame[TALLIES], health=away, measured=NOW - 64)),
        (GOLDEN, Panel(health=absent)),
        (BOOKS, live(books(242, 7, 1))),
        (FLEET, live(fleet(1))),
    )
    return replace(frame, panels={**frame.panels, **panels})


def empty(scenario: str = "bands") -> Frame:
    """The first picture: nothing has answered yet."""
    return Frame(NOW, scenario, scenario.title(), "local stack")
