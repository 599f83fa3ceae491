"""The report of a run: a document that says what was done, where, what came of it, and what is not
known."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from controlroom.experiments.measures import EVERY, GOLDEN_WINDOW
from controlroom.ledger.beside import Hit, beside, children, hits, load_beside
from controlroom.ledger.figures import MAIN, Figures, figures_of, written
from controlroom.ledger.figures import Table as FigureTable
from controlroom.ledger.plots import plots
from controlroom.ledger.record import Record, Told
from controlroom.reports import Document, Heading, Items, Paragraph, Part, Table
from controlroom.runs.pinning import baselines
from controlroom.runs.registry import kind_of
from controlroom.runs.store import RunStore
from host.durations import rounded

PHASES = {"": "all of it", "recovery": "recovery", "before": "before the fault",
          "during": "during the fault", "after": "after the fault"}  # fmt: skip
MOST_COLUMNS, MOST_ROWS = 8, 60
"""Of a table; of a long timeline the end."""


class Story:
    """A run with what went on beside it; read once."""

    def __init__(self, record: Record, store: RunStore) -> None:
        self.record = record
        others = children(record, store) if record.is_experiment else beside(record, store)
        self.hits: list[Hit] = hits(record, others)
        self.load = None if record.is_experiment else load_beside(others)
        self.figures: FigureTable = figures_of(record, self.hits, self.load)
        names = baselines(store.root)
        self.names = sorted(name for name, run in names.items() if run == record.id)

    def document(self, extra: Sequence[Part] = ()) -> Document:
        """The whole report; `extra` stands below the first words."""
        record = self.record
        return Document(
            f"{record.id}: {record.view.title}",
            (
                Paragraph(self.summary()),
                *extra,
                *_section("Verdicts" if self.record.is_experiment else "Result", self.verdicts()),
                *_section("Figures", figure_tables(self.figures)),
                *_section("Course", plots(record, self.hits, self.load)),
                *_section("What is not known", self.unknown()),
                *_section("Plan", self.plan()),
                *_section("Timeline", self.timeline()),
                *_section("Notes", [Items(self.notes())]),
                *_section("Where and by whom", self.where()),
            ),
        )

    def summary(self) -> str:
        """How it ended, when, how long it took."""
        view = self.record.view
        began = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(view.started))
        why = self.reason()
        ended = f" ({why})" if why else ""
        said = f"A run of kind {view.kind}, {view.state}{ended}. It began at {began} and lasted "
        said += f"{rounded(max(self.record.ended - view.started, 0))}."
        if self.names:
            said += f" It is the baseline {', '.join(self.names)}."
        return said + (f" {self.record.owner} began it." if self.record.owner else "")

    def reason(self) -> str:
        """Why it ended; empty where that is the state itself."""
        view = self.record.view
        why = kind_of(view.kind).ended_by.get(view.bound, view.bound)
        return "" if why == view.state else why

    def notes(self) -> list[str]:
        """What people said of it: when, who, what."""
        return [_note(one) for one in self.record.notes]

    def verdicts(self) -> list[Part]:
        """What its comparisons say, with their intervals, and the order of its faults."""
        every = [one for one in _list(self.record.result, "comparisons") if "sentence" in one]
        parts: list[Part] = []
        if every:
            parts.append(Items([str(one["sentence"]) for one in every]))
            rows = [_comparison(one) for one in every if one.get("rounds")]
            head = ("measure", "of", "ratio", "low", "high", "rounds")
            parts += [Table(head, rows, _interval_words(every))] if rows else []
            remarks = [str(one[name]) for one in every for name in ("drift", "order_effect")
                       if one.get(name)]  # fmt: skip
            parts += [Items(list(dict.fromkeys(remarks)))] if remarks else []
        ranking = _list(self.record.result, "ranking")
        if ranking:
            rows = [tuple(_cell(one.get(name)) for name in ("place", "arm", "score", "low", "high"))
                    for one in ranking]  # fmt: skip
            parts.append(Table(("place", "arm", "score s", "low", "high"), rows, "Harm"))
        if not parts:
            lines = result_lines(self.record)
            parts += [Items(lines)] if lines and not self.record.is_experiment else []
        return parts

    def unknown(self) -> list[Part]:
        """What cannot be told, and how fine what is told is."""
        record, rows = self.record, list(self.record.missing)
        for arm, phases in self.figures.items():
            for phase, figures in phases.items():
                names = [name for name, value in figures.items() if value is None]
                if names:
                    place = ", ".join(word for word in (arm, phase.replace("_", " ")) if word)
                    rows.append(f"{place or 'all of it'}: no data for {', '.join(names)}.")
        if not record.seconds and self.load is not None:
            rows.append(f"It measured no requests; the figures are those of the load {self.load.id}"
                        " that went on meanwhile.")  # fmt: skip
        elif not record.seconds and not record.is_experiment and record.view.load is None:
            rows.append("No load went on meanwhile, so what requests met is not known.")
        if record.seconds or self.load is not None:
            rows.append(f"Nothing shorter than {EVERY:g} s is seen in the course.")
        if record.is_experiment:
            rows.append(f"Golden metrics cover {GOLDEN_WINDOW} s each.")
        return [Items(rows)] if rows else []

    def plan(self) -> list[Part]:
        """What was asked."""
        record = self.record
        asked = record.plan.get("plan") if record.plan else None
        asked_for = dict(flat(asked if isinstance(asked, dict) else record.asked))
        hidden = ("command", "kind", "url")
        rows = [(name, value) for name, value in asked_for.items() if value and name not in hidden]
        order = record.plan.get("order")
        if isinstance(order, list):
            rows.append(("order of blocks", " ".join(map(str, order))))
            rows.append(("seed", str(record.plan.get("seed"))))
        return [Table(("field", "value"), rows)] if rows else []

    def timeline(self) -> list[Part]:
        """What the journal says, without what repeats in each block."""
        start = self.record.view.started
        rows = [
            (f"{one['at'] - start:.1f} s", str(one.get("event")), _facts(one))
            for one in self.record.journal
            if isinstance(one.get("at"), float) and one.get("event") not in ("phase", "asked")
        ]
        return [Table(("when", "what", "more"), rows[-MOST_ROWS:])] if rows else []

    def where(self) -> list[Part]:
        """Machine, versions, person, folder, command."""
        record = self.record
        about = record.about or record.plan
        machine, versions = _dict(about, "machine"), _dict(about, "versions")
        memory = machine.get("memory")
        rows = [
            ("command", record.command),
            ("folder", str(record.path)),
            ("scenario", record.scenario),
            ("by", _person(_dict(about, "who"))),
            ("versions", ", ".join(f"{name} {value}" for name, value in versions.items())),
            ("machine", str(machine.get("system") or "")),
            ("cores", _cell(machine.get("cores"))),
            ("memory", f"{memory / 2**30:.1f} GiB" if isinstance(memory, int | float) else ""),
            ("load average before", " ".join(f"{one:.2f}" for one in machine.get("load") or ())),
        ]  # fmt: skip
        known = [(name, value) for name, value in rows if value and value != "-"]
        return [Table(("fact", "value"), known)]


def figure_tables(table: FigureTable) -> list[Part]:
    """A table of the main figures, and one of all others, arm by arm and phase by phase."""
    parts: list[Part] = []
    names = dict.fromkeys(
        name for phases in table.values() for figures in phases.values() for name in figures
    )
    for group in _groups(list(names)):
        rows = []
        for arm, phases in table.items():
            for phase, figures in phases.items():
                if any(name in figures for name in group):
                    said = PHASES.get(phase, phase.replace("_", " "))
                    rows.append(_row(arm, said, figures, group, len(table) > 1 or bool(arm)))
        if rows:
            arms = len(table) > 1 or any(table)
            head = (*(("arm",) if arms else ()), "phase", *map(_name, group))
            parts.append(Table(head, rows))
    return parts


def _row(
    arm: str, phase: str, figures: Figures, group: Sequence[str], arms: bool
) -> tuple[str, ...]:
    cells = (written(name, figures[name]) if name in figures else "" for name in group)
    return (*((arm,) if arms else ()), phase, *cells)


def _groups(names: list[str]) -> list[list[str]]:
    """The main figures together, then the others by their first word, no table too wide."""
    main = [name for name in ("seconds", *MAIN, "lag_peak") if name in names]
    rest: dict[str, list[str]] = {}
    for name in names:
        if name not in main:
            rest.setdefault(name.rpartition(".")[0], []).append(name)
    found = [main] if main else []
    for group in rest.values():
        found += [group[n : n + MOST_COLUMNS] for n in range(0, len(group), MOST_COLUMNS)]
    return found


def _name(name: str) -> str:
    return name.replace("p999", "p99.9").replace("_", " ")


def _section(title: str, parts: Sequence[Part]) -> list[Part]:
    full = [one for one in parts if not (isinstance(one, Items) and not one.rows)]
    return [Heading(title), *full] if full else []


def _comparison(one: Told) -> tuple[str, ...]:
    pair = f"{one.get('first')} / {one.get('second')}"
    figures = (_cell(one.get(name)) for name in ("ratio", "low", "high", "rounds"))
    return (str(one.get("measure")), pair, *figures)


def _interval_words(every: Sequence[Told]) -> str:
    levels = {one["level"] for one in every if isinstance(one.get("level"), float)}
    sure = f"{100 * min(levels):.4g} % each, corrected for all questions" if levels else ""
    return f"Ratio of the first to the second, and its interval ({sure})" if sure else "Ratios"


def _note(one: Told) -> str:
    at = one.get("at")
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) if isinstance(at, float) else "?"
    return f"{when}, {_person(one)}: {one['text']}"


def _person(told: Mapping[str, Any]) -> str:
    if "user" not in told:
        return ""
    claimed = _dict(told, "claimed")
    other = claimed.get("SUDO_USER") or claimed.get("key")
    return f"{told['user']} (uid {told.get('uid')}{f', says {other}' if other else ''})"


def result_lines(record: Record) -> list[str]:
    """What its kind says of it; also where the file of the kind is gone or trips over it."""
    try:
        return kind_of(record.kind).report(record.view, record.result)
    except Exception as error:
        return [f"its figures cannot be told ({type(error).__name__}: {error})"]


def _facts(entry: Told) -> str:
    hidden = {"at", "event", "pid"}
    said = [
        f"{name} {value}"
        for name, value in entry.items()
        if name not in hidden and isinstance(value, str | int | float) and value != ""
    ]
    return ", ".join(said[:6])


def flat(told: Any, before: str = "") -> list[tuple[str, str]]:
    """(Name with dots, text) for each field of what was asked."""
    if isinstance(told, dict):
        return [pair for name, value in told.items() for pair in flat(value, f"{before}{name}.")]
    if isinstance(told, list) and any(isinstance(one, dict | list) for one in told):
        return [pair for n, value in enumerate(told, 1) for pair in flat(value, f"{before}{n}.")]
    if isinstance(told, list):
        return [(before[:-1], ", ".join(map(str, told)))]
    empty = told is None or told == "" or told is False
    return [(before[:-1], "" if empty else str(told))]


def _dict(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def _list(told: Mapping[str, Any], name: str) -> list[Told]:
    found = told.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return "-" if value is None else str(value)
