"""Sentences from kept blocks: figures of the run, in both languages, and no other ones."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest

from controlroom.answers import splits
from controlroom.answers.evidence import Evidence, digest, read_evidence
from controlroom.answers.figures import middle, number, told
from controlroom.answers.questions import QUESTIONS
from controlroom.answers.report import report
from controlroom.answers.saying import LANGS, Said
from controlroom.answers.steps import STEPS
from controlroom.answers.words import TEXTS
from controlroom.reports.html import as_html
from controlroom.reports.markdown import as_markdown
from tests.answers.making import ROOT, Made, doors, every, fault, harm, keep, phase, seconds

UNKNOWN = {"es": "No se puede decir", "en": "Cannot tell"}
RUNS: dict[str, dict[str, Evidence]] = {}
NOTHING = {"es": "Nada de lo medido", "en": "Nothing that was measured"}
READS = {"redis": [0.5, 0.6, 0.5, 0.6], "mongo": [2.0, 2.2, 2.1, 2.0]}


@pytest.fixture(scope="module", autouse=True)
def _made(tmp_path_factory: pytest.TempPathFactory) -> None:
    for scenario in QUESTIONS:
        RUNS[scenario] = every(tmp_path_factory.mktemp(scenario), scenario)


def sentences(scenario: str, question: str) -> list[Said]:
    """What is said to a question, in both languages."""
    runs = RUNS[scenario]
    (asked,) = [one for one in QUESTIONS[scenario] if question in one.words.es]
    return [piece for piece in asked.answer(runs, READS) if isinstance(piece, Said)]


def english(scenario: str, question: str) -> str:
    """The same, as one text."""
    return "\n".join(one.en for one in sentences(scenario, question))


@pytest.mark.parametrize("scenario", QUESTIONS)
def test_each_question_has_an_answer_in_both_languages(scenario: str) -> None:
    runs = RUNS[scenario]
    for question in QUESTIONS[scenario]:
        said = [one for one in question.answer(runs, READS) if isinstance(one, Said)]
        assert said
        assert all(one.es and one.en for one in said)
        assert not any("{" in text for one in said for text in one)


@pytest.mark.parametrize("scenario", QUESTIONS)
def test_without_a_run_nothing_is_told(scenario: str) -> None:
    for question in QUESTIONS[scenario]:
        said = [one for one in question.answer({}, {}) if isinstance(one, Said)]
        for lang in LANGS:
            text = " ".join(one.by(lang) for one in said)
            assert UNKNOWN[lang].lower() in text.lower() or NOTHING[lang] in text
            assert not re.search(r"\d[\d.]* (ms|%|s)\b", text)


@pytest.mark.parametrize("scenario", QUESTIONS)
def test_the_shipped_experiments_are_there(scenario: str) -> None:
    for step in STEPS[scenario]:
        assert (ROOT / f"scenarios/{scenario}/experiments/{step.experiment}.yaml").is_file()
        assert 1 <= step.quick <= step.full


def test_the_quickest_queue_is_told_with_figure_and_run() -> None:
    said = english("covid", "más rápido")
    assert "By latency p50, at 60 requests/s offered, pubsub is the best of all" in said
    assert "pubsub 4.04 ms [4" in said
    assert "(run r-doors-equal)" in said
    assert "pubsub against kafka, latency p50: pubsub is better by 66 to 67 %." in said


def test_what_is_equal_is_not_told_apart(tmp_path: Path) -> None:
    one = keep(tmp_path, "covid", "doors-equal", lambda arm, turn: doors("http", turn))
    asked = QUESTIONS["covid"][2].answer({"doors-equal": one}, {})
    said = "\n".join(piece.en for piece in asked if isinstance(piece, Said))
    assert "cannot tell which of grpc, pubsub, streams, kafka is the best" in said
    assert "no difference larger than" in said


def test_two_rounds_are_too_few_for_a_verdict(tmp_path: Path) -> None:
    one = keep(tmp_path, "covid", "doors-equal", doors, rounds=2)
    said = [p.es for p in QUESTIONS["covid"][2].answer({"doors-equal": one}, {}) if type(p) is Said]
    assert any("no se puede decir; hacen falta unos" in text for text in said)


def test_the_part_that_costs_a_producer_its_time_is_named() -> None:
    said = english("bands", "se tardó menos")
    assert "http is the best of all" in said
    assert "Because of the 4 ms that grpc takes more than http in the producer" in said
    assert "2.5 ms are of one part: reading, validation and answer" in said


def test_resources_are_told_where_they_were_measured(tmp_path: Path) -> None:
    assert "pubsub takes least CPU (0.302" in english("covid", "recursos")
    bare = keep(tmp_path / "bare", "covid", "doors-equal",
                lambda *_: {"phases": {"baseline": phase("baseline")}})  # fmt: skip
    (said,) = QUESTIONS["covid"][3].answer({"doors-equal": bare}, {})
    assert said == ("No se puede decir: el uso de CPU y memoria no se midió en r-doors-equal.",
                    "Cannot tell: CPU and memory was not measured in r-doors-equal.")  # fmt: skip


def test_a_loss_at_a_death_is_a_disadvantage() -> None:
    said = sentences("covid", "ventajas")
    (pubsub,) = [one.en for one in said if one.en.startswith("pubsub.")]
    assert "kills of its consumer (2 in all) lost 80 events" in pubsub.split("Disadvantages")[1]
    (grpc,) = [one.en for one in said if one.en.startswith("grpc.")]
    assert "lost 0 events" in grpc.split("Disadvantages")[0]


def test_the_store_that_is_quicker_is_told_for_writes_and_reads() -> None:
    said = english("covid", "dos bases")
    assert "writes: redis is 3 [3, 3] times as fast as mongo" in said
    assert "reads: redis is 3.79" in said


def test_the_four_tests_are_read_by_their_weights() -> None:
    said = english("covid", "golden metrics")
    assert "test-4 (grpc 50 %, faulty 50 %): success is 50 %" in said
    assert "as the weights predict (50 %)" in said
    assert "test-2 (grpc 33.3 %, redis 33.3 %, kafka 33.3 %): nothing fails" in said


@pytest.mark.parametrize("scenario", ["covid", "worldcup"])
def test_each_fault_has_its_fingerprint(scenario: str) -> None:
    said = english(scenario, "Linkerd")
    assert "success falls to 68 %" in said  # 1,000 requests, of which 320 failed
    assert re.search(
        r"network .*: lag reaches 900; that all was as before again was not seen", said
    )
    assert re.search(r"container-kill .*: 1 restarts", said)


def test_faults_that_change_other_signals_differ() -> None:
    said = english("worldcup", "es diferente")
    assert (
        "container-kill and network: only the first changes restarts; only the second changes lag"
        in said
    )


def test_the_most_harmful_is_told_only_where_no_interval_overlaps(tmp_path: Path) -> None:
    assert "pod-failure is the most harmful: as bad as 6.0" in english("worldcup", "más dañino")
    alike = keep(tmp_path / "alike", "worldcup", "faults", lambda arm, turn: {
        "phases": {"baseline": phase("baseline"), "fault": phase("fault")},
        "damage": harm(1.5 + turn) if arm != "none" else None}, 3)  # fmt: skip
    (question,) = [one for one in QUESTIONS["worldcup"] if "más dañino" in one.words.es]
    said = question.answer({"faults": alike}, {})[0]
    assert isinstance(said, Said)
    assert said.en.startswith("Cannot tell which is the most harmful")


def test_kafka_is_slow_where_more_than_a_second_waits() -> None:
    said = english("worldcup", "lento")
    assert "31 ms" in said
    assert "less than a second of work, so it is not slow at this load (run r-doors-equal)" in said
    assert "lag reaches 20,000" in said
    assert "Kafka's acknowledgement takes 3 ms" in said
    assert "900 [900, 900] events, drained in 4 s" in said


def test_the_report_holds_question_answer_and_runs_in_each_form() -> None:
    runs = RUNS["bands"]
    made = report("bands", runs, {}, "2026-11-28", ("es", "en"))
    for text in (as_markdown(made), as_html(made)):
        assert "¿Qué servicio se tardó menos? ¿Por qué?" in text
        assert "Which service took less time? Why?" in text
        assert "es el mejor de todos" in text
        assert "is the best of all" in text
        assert runs["doors-equal"].digest[:16] in text
    only = as_markdown(report("bands", runs, {}, "2026-11-28", ("es",)))
    assert "is the best of all" not in only


def test_texts_have_the_same_figures_in_both_languages() -> None:
    def fields(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    for key, (spanish, english_text) in TEXTS.items():
        assert fields(spanish) == fields(english_text), key


def test_no_figure_of_a_measurement_stands_in_a_text() -> None:
    known = {"50", "95", "99", "1", "2", "256", "5", "99.9", "0"}
    for key, texts in TEXTS.items():
        for text in texts:
            assert set(re.findall(r"\d+(?:\.\d+)?", re.sub(r"{\w+}", "", text))) <= known, key


def test_a_line_that_a_kill_cut_is_left_out(tmp_path: Path) -> None:
    one = keep(tmp_path, "bands", "doors-equal", doors)
    folder = tmp_path / one.run
    before = digest(folder)
    with (folder / "blocks.jsonl").open("a") as file:
        file.write('{"place": 99, "arm"')
    again = read_evidence(folder)
    assert again is not None
    assert len(again.blocks) == len(one.blocks)
    assert digest(folder) != before
    assert read_evidence(tmp_path / "none") is None


def test_figures_say_what_they_do_not_know() -> None:
    assert told(middle([])) == "?"
    assert told(middle([4.0]), "ms") == "4 ms [1]"
    assert number(None) == number(float("inf")) == "?"
    found = middle([0.0, 1.0, 2.0])
    assert found is not None
    assert found.low == 0.0


def test_faults_without_a_block_or_without_a_comparison_are_not_judged(tmp_path: Path) -> None:
    def one_only(arm: str, turn: int) -> Made:
        return {**fault(arm, turn), "whole": arm == "pod-failure"}

    one = keep(tmp_path, "worldcup", "faults", one_only, 1, seconds)
    cut = {**one.result, "ranking": one.result["ranking"][:1]}
    runs = {"faults": replace(one, result=cut)}
    said = [
        " ".join(piece.en for piece in question.answer(runs, {}) if isinstance(piece, Said))
        for question in QUESTIONS["worldcup"][2:5]
    ]
    assert all("Cannot tell" in text for text in said)
    assert "no block without a fault in r-faults" in said[0]
    assert "Cannot tell of none, pod-kill, container-kill, network: no block" in said[0]
    assert "most harmful" not in said[2]


def test_a_share_is_as_predicted_within_what_chance_makes(tmp_path: Path) -> None:
    def seen(success: float) -> bool:
        made = lambda *_: {"phases": {name: phase(name, success=success, good=90, bad=90)  # noqa: E731
                                      for name in ("baseline", "fault")}}  # fmt: skip
        one = keep(tmp_path / str(success), "covid", "splits", made, 1)
        return splits.tests_of(one)[3].as_predicted

    assert seen(0.55)
    assert not seen(0.65)
