"""The questions of the briefs, word by word, and who answers each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from controlroom.answers import doors, faults, kafka, producers, splits, stores
from controlroom.answers.doors import Runs
from controlroom.answers.patterns import patterns
from controlroom.answers.saying import Piece, Said

Reads = Mapping[str, Sequence[float]]
"""Store -> the times of reads, ms, block by block."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, as its brief has it, and in English."""

    words: Said
    answer: Callable[[Runs, Reads], list[Piece]]


def _of(answer: Callable[[Runs], list[Piece]]) -> Callable[[Runs, Reads], list[Piece]]:
    """One that needs the runs only."""
    return lambda runs, _: answer(runs)


def _ask(spanish: str, english: str, answer: Callable[[Runs], list[Piece]]) -> Question:
    return Question(Said(spanish, english), _of(answer))


_PATTERNS = _ask(
    "Mencionar al menos tres patrones de conducta que fueron descubiertos",
    "Name at least three patterns of behaviour that were found",
    patterns,
)
QUESTIONS: Mapping[str, Sequence[Question]] = {
    "covid": (
        _ask(
            "¿Cómo funcionan las golden metrics, cómo pueden interpretarse las cuatro pruebas de "
            "faulty traffic?",
            "How do golden metrics work, and how are the four tests of faulty traffic to be read?",
            splits.four_tests,
        ),
        _PATTERNS,
        _ask("¿Qué sistema de mensajería es más rápido?", "Which messaging system is the fastest?",
             doors.fastest),
        _ask("¿Cuántos recursos utiliza cada sistema?", "How many resources does each system use?",
             doors.resources),
        _ask("¿Cuáles son las ventajas y desventajas de cada sistema?",
             "What are the advantages and disadvantages of each system?", doors.traits),
        _ask("¿Cuál es el mejor sistema?", "Which is the best system?", doors.best_of_all),
        Question(
            Said("¿Cuál de las dos bases de datos se desempeña mejor y por qué?",
                 "Which of the two databases does better, and why?"),
            stores.better,
        ),
        _ask("¿Cómo cada experimento se refleja en el gráfico de Linkerd, qué sucede?",
             "How does each experiment show in Linkerd's chart, what happens?", faults.shows),
        _ask("¿Cómo cada experimento es distinto?", "How do the experiments differ?",
             faults.differ),
        _ask("¿Cuál de todos los experimentos es el más dañino?",
             "Which of all experiments is the most harmful?", faults.harmful),
    ),
    "worldcup": (
        _ask("¿Cómo funciona Kafka?", "How does Kafka work?", kafka.works),
        _ask("¿Qué es el comportamiento de Kafka al procesar datos? ¿Es lento?",
             "How does Kafka behave when it processes data? Is it slow?", kafka.slow),
        _ask("¿Cómo se refleja cada experimento en el gráfico de Linkerd?, ¿Qué sucede?",
             "How does each experiment show in Linkerd's chart? What happens?", faults.shows),
        _ask("¿Cómo cada experimento es diferente?", "How do the experiments differ?",
             faults.differ),
        _ask("¿Qué experimento es el experimento más dañino?",
             "Which experiment is the most harmful?", faults.harmful),
        _PATTERNS,
    ),
    "bands": (
        _ask("¿Qué servicio se tardó menos? ¿Por qué?", "Which service took less time? Why?",
             producers.quickest),
        _ask("¿En qué casos utilizarías grpc y en qué casos utilizarías wasm?",
             "In which cases would you use gRPC, and in which WASM?", producers.when_which),
        _PATTERNS,
    ),
}  # fmt: skip
