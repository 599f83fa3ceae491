"""What a module may import: a few calls of WASI preview 1 that a language's start-up code wants.

None of them reaches anything: there are no arguments, no variables, no files, no clock and no
random numbers. What a module writes is kept for the log line that tells of its failure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from wasmtime import Caller, FuncType, Linker, Memory, ValType

WASI = "wasi_snapshot_preview1"
_I32, _I64 = ValType.i32, ValType.i64
_SUCCESS, _BAD_FILE = 0, 8
_MOST_CALLS = 100
"""Calls of the host while a module handles one batch; fuel does not count what they cost."""
_KEPT = 400
"""Bytes of what a module writes."""


class TooManyCallsError(Exception):
    """A module does not leave the host alone."""


class Said:
    """What a module has written since it was last asked, and how often it called."""

    def __init__(self) -> None:
        self._text = b""
        self._calls = 0

    def begin(self) -> None:
        """The module is called anew."""
        self._text, self._calls = b"", 0

    def count(self) -> None:
        """One call of the host. Raises TooManyCallsError."""
        self._calls += 1
        if self._calls > _MOST_CALLS:
            raise TooManyCallsError(f"calls the host more than {_MOST_CALLS} times")

    def write(self, text: bytes) -> None:
        """Keeps the beginning."""
        self._text += text[: _KEPT - len(self._text)]

    @property
    def text(self) -> str:
        """One line."""
        return " ".join(self._text.decode(errors="replace").split())


def offered() -> tuple[str, ...]:
    """Names of the functions that a module may import."""
    return tuple(_functions(Said()))


def link(linker: Linker, said: Said) -> None:
    """Defines them all."""
    for name, (kind, function) in _functions(said).items():
        linker.define_func(WASI, name, kind, _counted(function, said), access_caller=True)


def _counted(function: Callable[..., Any], said: Said) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        said.count()
        return function(*given)

    return call


Functions = dict[str, tuple[FuncType, Callable[..., Any]]]


def _functions(said: Said) -> Functions:
    def fd_write(caller: Caller, fd: int, vectors: int, count: int, written: int) -> int:
        memory = _memory(caller)
        total = 0
        for place in range(min(count, 16)):
            at = (vectors & 0xFFFFFFFF) + 8 * place
            start, size = (
                int.from_bytes(memory.read(caller, at + step, at + step + 4), "little")
                for step in (0, 4)
            )
            said.write(bytes(memory.read(caller, start, start + min(size, _KEPT))))
            total += size
        memory.write(caller, total.to_bytes(4, "little"), written & 0xFFFFFFFF)
        return _SUCCESS

    def nothing(caller: Caller, count: int, size: int) -> int:
        memory = _memory(caller)
        for at in (count, size):
            memory.write(caller, bytes(4), at & 0xFFFFFFFF)
        return _SUCCESS

    def proc_exit(caller: Caller, code: int) -> None:
        raise SystemError(f"ends itself with {code}")

    def filled(caller: Caller, at: int, size: int) -> int:
        return _SUCCESS

    def bad_file(caller: Caller, *given: int) -> int:
        return _BAD_FILE

    def kind(*params: ValType) -> FuncType:
        return FuncType(list(params), [_I32()])

    return {
        "fd_write": (kind(_I32(), _I32(), _I32(), _I32()), fd_write),
        "fd_close": (kind(_I32()), bad_file),
        "fd_seek": (kind(_I32(), _I64(), _I32(), _I32()), bad_file),
        "fd_fdstat_get": (kind(_I32(), _I32()), bad_file),
        "environ_sizes_get": (kind(_I32(), _I32()), nothing),
        "environ_get": (kind(_I32(), _I32()), filled),
        "args_sizes_get": (kind(_I32(), _I32()), nothing),
        "args_get": (kind(_I32(), _I32()), filled),
        "proc_exit": (FuncType([_I32()], []), proc_exit),
    }


def _memory(caller: Caller) -> Memory:
    return cast(Memory, caller["memory"])
