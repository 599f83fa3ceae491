"""What came of a torture, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controlroom.torture.compare import Comparison
from scenarios.scenario import QUEUE


@dataclass
class Report:
    """What came of it."""

    seed: int
    queue: str = QUEUE
    faults: int = 0
    not_struck: list[str] = field(default_factory=list)
    by_fault: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    verdict: Comparison | None = None
    books: dict[str, Any] = field(default_factory=dict)
    phases: list[dict[str, Any]] = field(default_factory=list)
    queues: dict[str, Comparison] = field(default_factory=dict)
    """Of several queues what each came to, and the counters."""
    splits: dict[str, int] = field(default_factory=dict)
    """Who was killed during a split of traffic -> how many of them came and went."""
    drained: float = 0.0
    """Seconds from the last fault's end until everything was stored and counted."""
    seconds: float = 0.0
    sent: int = 0
    open: int = 0

    @property
    def passed(self) -> bool:
        """Nothing lost, nothing twice, and nobody says otherwise."""
        return self.verdict is not None and self.verdict.clean and not self.troubles

    def to_json(self) -> dict[str, Any]:
        """The contract of `controlroom torture --json`."""
        verdict = self.verdict
        return {
            "seed": self.seed,
            "queue": self.queue,
            "passed": self.passed,
            "faults": self.faults,
            "acknowledged": verdict.acknowledged if verdict else 0,
            "lost": verdict.lost if verdict else None,
            "doubled": verdict.doubled if verdict else None,
            "unconfirmed": verdict.unconfirmed if verdict else None,
            "kafka": verdict.kafka if verdict and self.queue == QUEUE else None,
            "published": verdict.published if verdict else None,
            "undelivered": verdict.undelivered if verdict else None,
            "stored_again": verdict.again if verdict else None,
            "stored": verdict.stored if verdict else None,
            "rejected": verdict.rejected if verdict else None,
            "repeated": verdict.repeated if verdict else None,
            "broker_lost": verdict.broker_lost if verdict else None,
            "counted_wrong": list(verdict.counted_wrong) if verdict else [],
            "missing": list(verdict.missing) if verdict else [],
            "twice": list(verdict.twice) if verdict else [],
            "sent": self.sent,
            "not_acknowledged": self.open,
            "seconds": round(self.seconds, 1),
            "drained_seconds": round(self.drained, 1),
            "books": self.books,
            "phases": self.phases,
            "troubles": self.troubles,
            "not_struck": self.not_struck,
            "answers": self.answers,
            "by_fault": dict(sorted(self.by_fault.items())),
            "splits": self.splits,
            "queues": {name: _told(one) for name, one in self.queues.items()},
        }

    def text(self) -> str:
        """The same for a person: one figure a line, what is wrong last."""
        data = self.to_json()
        names = ("seed", "queue", "faults", "seconds", "drained_seconds", "sent", "acknowledged")
        more = ("unconfirmed", "not_acknowledged", "kafka", "stored", "rejected", "repeated")
        queue = ("published", "undelivered", "stored_again")
        shown = (*names, *more, *queue, "lost", "doubled", "broker_lost")
        lines = [
            f"{name.replace('_', ' '):16} {data[name]}"
            for name in shown
            if name not in ("kafka", *queue) or data[name]
        ]
        lines += [f"{name:16} {_figures(of)}" for name, of in data["queues"].items()]
        books = self.books.get("queues") or {"": self.books}
        lines += [f"{f'books {name}':16} {_figures(of)}" for name, of in books.items()]
        if self.splits:
            lines.append(f"{'splits':16} killed meanwhile: {_figures(self.splits)}")
        lines += [
            f"{'phase':16} {phase['name']} {phase['state']}: {phase['text']}"
            for phase in self.phases
        ]
        for name in ("counted_wrong", "missing", "twice", "not_struck", "troubles"):
            lines += [f"{name.replace('_', ' '):16} {each}" for each in data[name]]
        answers = ", ".join(f"{name}: {count}" for name, count in self.answers.items())
        lines.append(f"{'answers':16} {answers}")
        lines.append(f"{'verdict':16} {'passed' if self.passed else 'FAILED'}")
        return "\n".join(lines)


def _told(verdict: Comparison) -> dict[str, int]:
    """What is told of one queue of several; what is 0 for most only where it is not."""
    always = ("acknowledged", "stored", "lost", "doubled")
    names = (*always, "rejected", "repeated", "unconfirmed", "again", "published", "undelivered")
    return {name: n for name in names if (n := getattr(verdict, name)) or name in always}


def _figures(figures: Mapping[str, Any]) -> str:
    return " ".join(f"{name} {value}" for name, value in figures.items())
