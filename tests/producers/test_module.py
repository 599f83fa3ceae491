"""The module of the WASM producer, and modules that do wrong, in the sandbox of the worker."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from wasmtime import wat2wasm

from scenarios.bodies import parse_records
from scenarios.events import EventCodec, FieldError
from scenarios.loading import load
from scenarios.scenario import Scenario
from services.producer_wasm.description import checker, description
from services.producer_wasm.judging import Judge, Outcome
from services.producer_wasm.sandbox import SHIPPED, Bounds, ModuleError, Sandbox
from services.shared.settings import SettingsError
from tests.producers.modules import ECHO, REASON, WRONG, written, wrong
from wire.record import encode_event

pytestmark = pytest.mark.long

SCENARIO = load("bands")
GOOD: dict[str, Any] = {"name": "Soda Stereo", "album": "Signos", "year": 1986, "rank": 4}
TEXTS: tuple[Any, ...] = (
    "Café Tacvba", " padded\t", "", "  ", "\x1c", "a\x00b", "a\u2028b", "\u202eevil", "x" * 120,
    "x" * 121, "é" * 121, 'say "hi" \\ bye', "日本", "😀", 5, 1.5, None, True, [], {},
    [[1, {"a": 2}]],
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (
    0, 5, -1, 101, 1900, 2100, 2101, 10**17, 10**18, 10**30, -(10**40), 3.0, 2.5, -0.0, 1e15, 1e16,
    1e22, 1.5e-7, 1e300, 123456.789, "7", " 7 ", "+7", "-7", "007", "7.0", "7.5", "7e0", "70e-1",
    "1e400", "", "seven", "0x7", "1_0", "7.", ".7", "9" * 19, "x" * 50, "a\nb", True, False, None,
    [], {},
)  # fmt: skip
SHAPES: tuple[Any, ...] = (
    {"NAME": "a", "Album": "b", "YEAR": "1990", "rank": 1},
    {"artist": "a", "band": "z", "album": "b", "year": 1990, "rank": 1},
    {"band": "a", "album": "b", "year": 1990, "rank": 1, "more": {"x": [1, 2, {"y": None}]}},
    {"name": "a", "Name": "z", "album": "b", "year": 1990, "rank": 1},
    {"artiſt": "a", "album": "b", "year": 1990, "ranK": 1},
    {}, {"name": "a"}, [], [GOOD], "text", 7, 1.5, True, None,
)  # fmt: skip


def sandbox(file: Path = SHIPPED, **bounds: int) -> Sandbox:
    """A module that was told of the scenario."""
    return Sandbox(file, description(SCENARIO), Bounds(**bounds))


def judge(file: Path = SHIPPED, **bounds: int) -> Judge:
    """The same with its answers checked."""
    return Judge(sandbox(file, **bounds), SCENARIO, CollectorRegistry())


def records() -> list[Any]:
    """Records of every kind."""
    wide = [{**GOOD, "name": text} for text in TEXTS]
    wide += [{**GOOD, field: number} for field in ("year", "rank") for number in NUMBERS]
    wide += [{**GOOD, "album": text, "year": n} for text, n in zip(TEXTS, NUMBERS, strict=False)]
    return [*wide, *SHAPES]


def by_codec(record: object, scenario: Scenario = SCENARIO) -> Outcome:
    """What the producers in Python make of it."""
    outcome = EventCodec(scenario).validate(record)
    return encode_event(outcome) if isinstance(outcome, dict) else outcome


def test_the_shipped_module_judges_as_the_other_producers_do() -> None:
    texts = [json.dumps(record, ensure_ascii=False).encode() for record in records()]
    expected = [by_codec(read(text)) for text in texts]
    outcomes = judge().outcomes(texts)
    different = [
        (text, found, wanted)
        for text, found, wanted in zip(texts, outcomes, expected, strict=True)
        if found != wanted
    ]
    assert not different
    assert sum(isinstance(outcome, bytes) for outcome in outcomes) > 20


def read(text: bytes) -> Any:
    """The record in a text, read as a door reads it."""
    return parse_records(text)[0] if text.startswith(b"{") else json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b'{"name"', b'{"name":}', b'{"name":"a",}', b'{"name":"\x01"}', b'{"a":01}',
        b'{"a":1.}e', b'{"a":"\\u12"}', b'{"a":"\\ud800"}', b'{"a":tru}', b'{"a":[1,]}', b"\xff",
        b'{"a":1} x', b"[" * 1000, b'{"a":' + b"[" * 1000, b'{"a":-}', b'{"a":1e999}', b"nul",
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused_as_a_whole(text: bytes) -> None:
    (outcome,) = judge().outcomes([text])
    assert isinstance(outcome, list)
    assert [error.field for error in outcome] == [""]


def test_escapes_and_duplicate_fields_are_read_as_elsewhere() -> None:
    text = (
        rb'{"name":"\u00e9\ud83d\ude00\n\/x","name":"\u0041\"","album":"b","year":1e3,"rank":"4.0"}'
    )
    expected = by_codec(json.loads(text))
    assert judge().outcomes([text]) == [expected]
    assert isinstance(expected, list), "the year is out of bounds"
    good = text.replace(b"1e3", b"2e3")
    assert judge().outcomes([good]) == [b'{"name":"A\\"","album":"b","year":2000,"rank":4}']


def test_rules_between_fields_are_kept() -> None:
    told = b"text\tleft\t9\tleft\ntext\tright\t9\tright\ndifferent\tleft\tright"
    module = Sandbox(SHIPPED, told)
    same, other = module.handle([b'{"left":"a","right":" a"}', b'{"left":"a","right":"b"}'])
    assert (same.good, other) == (False, (True, b'{"left":"a","right":"b"}'))
    assert json.loads(same.text) == [{"field": "right", "message": "must differ from left"}]


PATTERNS = (
    "[0-9]{1,3}-[0-9]{1,3}", "a*b+c?", "(ab|c)*d", "x{2}", "[^a-c-]+", "a.c", "", "a|", r"\+\[\]-",
    "(?:a|b){0,2}c", "(a*)*b", "[.*+]+", "[a\\]-]",
)  # fmt: skip
"""What the module knows of regular expressions."""


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_match_as_they_do_elsewhere(pattern: str) -> None:
    module = Sandbox(SHIPPED, f"text\tscore\t40\tscore\npattern\tscore\t{pattern}".encode())
    signs = "ab", "c-", "1", "23-4", "x", "d", ".", "+[]-", "é"
    texts = [a + b + c for a, b, c in itertools.product(signs, ("", *signs), ("", *signs))]
    found = module.handle([json.dumps({"score": text}).encode() for text in texts])
    expected = re.compile(pattern)
    assert [one.good for one in found] == [bool(expected.fullmatch(text)) for text in texts]


def test_a_pattern_takes_no_time_beyond_all_bounds() -> None:
    module = Sandbox(SHIPPED, b"text\tname\t4000\tname\npattern\tname\t(a|a)*(a*)*b")
    (verdict,) = module.handle([json.dumps({"name": "a" * 120}).encode()])
    assert not verdict.good


@pytest.mark.parametrize(
    "pattern", [r"\d", "^a$", "(?=a)", "a**", "a{2", "a{3,2}", "[z-a]", "(a", "a)", "[[:x:]]", "*"]
)
def test_a_pattern_that_it_does_not_know_is_told_at_its_start(pattern: str) -> None:
    with pytest.raises(SettingsError, match="knows no rule"):
        Sandbox(SHIPPED, f"text\tscore\t9\tscore\npattern\tscore\t{pattern}".encode())


def test_the_other_scenario_is_judged_by_the_same_module() -> None:
    scenario = load("worldcup")
    good = {"team1": "Guatemala", "team2": "Argentina", "score": "2-5", "phase": "1"}
    changed = ({"score": "2:5"}, {"team2": "Guatemala"}, {"phase": 5}, {"TEAM1": "x"}, {"score": 2})
    texts = [json.dumps({**good, **change}).encode() for change in ({}, *changed)]
    module = Judge(Sandbox(SHIPPED, description(scenario)), scenario, CollectorRegistry())
    assert module.outcomes(texts) == [by_codec(read(text), scenario) for text in texts]


def test_a_module_says_at_its_start_that_it_cannot_keep_a_rule() -> None:
    with pytest.raises(SettingsError, match="knows no rule") as caught:
        Sandbox(SHIPPED, b"text\tscore\t9\tscore\nrainbow\tscore")
    assert "rainbow score" in str(caught.value)


def test_the_second_example_takes_records_as_they_are() -> None:
    many = [json.dumps({**GOOD, "rank": n % 100}).encode() for n in range(2_000)]
    found = judge(ECHO).outcomes(many)
    assert found == many


@pytest.mark.parametrize("kind", WRONG)
def test_a_module_that_does_wrong_costs_that_call_only(kind: str, tmp_path: Path) -> None:
    good = json.dumps(GOOD).encode()
    marked = good.replace(b"Signos", b"Signos!")
    registry = CollectorRegistry()
    module = Judge(sandbox(written(kind, tmp_path)), SCENARIO, registry)
    for _ in range(3):
        with pytest.raises(ModuleError) as caught:
            module.outcomes([good, marked, good])
        assert caught.value.reason == REASON.get(kind, kind)
        assert str(caught.value)
        assert module.outcomes([good, good]) == [good, good]
    labels = {"reason": REASON.get(kind, kind)}
    assert registry.get_sample_value("controlroom_module_failures_total", labels) == 3
    assert registry.get_sample_value("controlroom_module_records_sum") == 15


def test_memory_is_bounded_from_the_start_on(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        sandbox(ECHO, memory=32 << 10)
    large = [json.dumps({**GOOD, "name": "x" * 100}).encode()] * 2_000
    assert len(judge(ECHO, memory=2 << 20).outcomes(large)) == 2_000
    with pytest.raises(ModuleError) as caught:
        judge(ECHO, memory=256 << 10).outcomes(large)
    assert caught.value.reason == "trap"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"\x00{}", "no record"),
        (b'\x00{"name":"a","album":"b","year":1990,"rank":1000}', "no record"),
        (b'\x00{"name":"a","album":"b","year":1990,"rank":1,"more":1}', "no record"),
        (b"\x00\xff", "no record"),
        (b"\x01", "refuses"),
        (b"\x01[]", "refuses"),
        (b'\x01[{"field":"other","message":"is"}]', "refuses"),
        (b'\x01[{"field":"name"}]', "refuses"),
        (b"\x02", "verdicts"),
        (b"", "verdicts"),
    ],
)
def test_answers_are_held_to_the_scenario(answer: bytes, told: str, tmp_path: Path) -> None:
    size = len(answer).to_bytes(4, "little")
    data = "".join(f"\\{byte:02x}" for byte in size + answer)
    file = tmp_path / "module.wat"
    place = (1024 << 32) + len(size + answer)
    file.write_text(
        f"""(module (memory (export "memory") 2) (data (i32.const 1024) "{data}")
        (func (export "alloc") (param i32) (result i32) (i32.const 2048))
        (func (export "init") (param i32 i32) (result i64) (i64.const 0))
        (func (export "handle") (param i32 i32) (result i64) (i64.const {place})))"""
    )
    with pytest.raises(ModuleError, match=told) as caught:
        judge(file).outcomes([b"{}"])
    assert caught.value.reason == "nonsense"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(module", "cannot be run"),
        ("(module)", "exports no memory"),
        ('(module (memory (export "memory") 1))', "exports no function alloc"),
        (
            '(module (import "env" "open" (func)) (memory (export "memory") 1))',
            "imports env.open, which a module may not",
        ),
        (
            '(module (import "wasi_snapshot_preview1" "path_open" (func))'
            ' (memory (export "memory") 1))',
            "imports wasi_snapshot_preview1.path_open",
        ),
        (ECHO.read_text().replace("(i64.const 0))", "unreachable)", 1), "cannot start"),
        (ECHO.read_text().replace("(i64.const 0))", "(loop $e (br $e)) (i64.const 0))", 1),
         "cannot start: takes more than"),
        (ECHO.read_text().replace('"memory") 1', '"memory") 999', 1), "cannot start"),
        (wrong("trap").replace("  (global $answers", '  (func (export "_initialize")'
         " (loop $e (drop (call $write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))"
         " (br $e)))\n  (global $answers", 1), "cannot start"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_told_at_the_start(
    text: str, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.wat"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"own\.wat") as caught:
        sandbox(file)
    assert told in str(caught.value)
    assert caught.value.fix


def test_a_module_may_be_a_binary_or_a_text(tmp_path: Path) -> None:
    binary = tmp_path / "own.wasm"
    binary.write_bytes(wat2wasm(ECHO.read_text()))
    assert judge(binary).outcomes([json.dumps(GOOD).encode()])
    with pytest.raises(SettingsError, match="No such file"):
        sandbox(tmp_path / "nowhere.wasm")
    binary.write_bytes(bytes(9 << 20))
    with pytest.raises(SettingsError, match="more than"):
        sandbox(binary)


def test_what_a_module_writes_tells_why_it_failed(tmp_path: Path) -> None:
    file = tmp_path / "own.wat"
    says = (
        "(i32.store (i32.const 16) (i32.const 32)) (i32.store (i32.const 20) (i32.const 4))"
        "(drop (call $write (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 24)))unreachable"
    )
    text = wrong("trap").replace(
        "unreachable))\n          (local.set", f"{says}))\n          (local.set"
    )
    file.write_text(
        text.replace("  (global $answers", '  (data (i32.const 32) "oops")\n  (global $answers')
    )
    with pytest.raises(ModuleError, match="oops"):
        judge(file).outcomes([json.dumps({**GOOD, "name": "!"}).encode()])


def test_the_checker_takes_what_the_codec_makes() -> None:
    check = checker(SCENARIO)
    made = [by_codec(record) for record in records()]
    values = [value for value in made if isinstance(value, bytes)]
    assert len(values) > 20
    for value in values:
        check(value)


def test_errors_have_the_fields_of_the_scenario() -> None:
    (outcome,) = judge().outcomes([b'{"name":"","rank":"x"}'])
    assert outcome == [
        FieldError("name", "must not be empty"),
        FieldError("album", "is missing"),
        FieldError("year", "is missing"),
        FieldError("rank", "must be a whole number from 0 to 100, is 'x'"),
    ]


def test_every_pair_of_wrong_values_is_told_at_once() -> None:
    pairs = list(itertools.product(TEXTS, NUMBERS))[::7]
    texts = [
        json.dumps({**GOOD, "name": text, "rank": number}, ensure_ascii=False).encode()
        for text, number in pairs
    ]
    assert judge().outcomes(texts[:200]) == [by_codec(read(text)) for text in texts[:200]]
