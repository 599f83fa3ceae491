"""Modules that do wrong, each in its own way, made of the smallest that does right."""

from __future__ import annotations

from pathlib import Path

from host.project import PROJECT

ECHO = PROJECT / "services" / "producer_wasm" / "examples" / "echo.wat"
MARK = b"!"
"""A request with this sign in it is what a module does wrong at."""
_FUNCTION = '  (func (export "handle")'
_BEGIN = "        (local.set $length (i32.load (local.get $at)))\n"
_CALL = "(call $wrong (i32.add (local.get $at) (i32.const 4)) (local.get $length))"
_SEEN = """
    (loop $look
      (if (i32.lt_u (local.get $place) (local.get $size))
        (then
          (if (i32.eq (i32.load8_u (i32.add (local.get $at) (local.get $place))) (i32.const 33))
            (then {wrong}))
          (local.set $place (i32.add (local.get $place) (i32.const 1)))
          (br $look))))"""
WRITE = (
    '  (import "wasi_snapshot_preview1" "fd_write"'
    " (func $write (param i32 i32 i32 i32) (result i32)))\n"
)
"""An import that is allowed."""
WRONG = {
    "trap": "unreachable",
    "fuel": "(loop $ever (br $ever))",
    "grows": "(loop $ever (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1))"
    " (then unreachable)) (br $ever))",
    "calls": "(loop $ever (drop (call $write (i32.const 1) (i32.const 0) (i32.const 0)"
    " (i32.const 16))) (br $ever))",
    "writes": "(drop (call $write (i32.const 1) (i32.const -9) (i32.const 1) (i32.const -4)))",
    "nonsense": "(global.set $answers (i32.const -16))",
    "short": "(global.set $answers (i32.add (global.get $answers) (i32.const 1)))",
    "deep": "(call $wrong (local.get $at) (local.get $size))",
}
"""What a module does at a marked request."""
REASON = {"grows": "trap", "writes": "trap", "short": "nonsense", "deep": "trap"}
"""How that is counted where it is not by its name."""


def wrong(kind: str) -> str:
    """The text of a module that does that, at marked requests only."""
    text = ECHO.read_text()
    looks = (
        "  (func $wrong (param $at i32) (param $size i32)\n    (local $place i32)"
        + _SEEN.format(wrong=WRONG[kind])
        + ")\n"
    )
    assert _BEGIN in text
    text = text.replace(_BEGIN, f"{_BEGIN}        {_CALL}\n")
    text = text.replace(_FUNCTION, f"{looks}{_FUNCTION}")
    return text.replace("(module\n", f"(module\n{WRITE}", 1)


def written(kind: str, folder: Path) -> Path:
    """The module as a file."""
    file = folder / f"{kind}.wat"
    file.write_text(wrong(kind))
    return file
