"""A WebAssembly module at work: bounded in memory and time, with nothing to reach.

The interface of a module is in docs/wasm.md.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from wasmtime import (
    Config,
    Engine,
    Func,
    FuncType,
    Linker,
    Memory,
    Module,
    Store,
    Trap,
    TrapCode,
    WasmtimeError,
    wat2wasm,
)

from services.producer_wasm.imports import WASI, Said, TooManyCallsError, link, offered
from services.shared.settings import SettingsError

SHIPPED = Path(__file__).parent / "producer.wasm"
"""Made of the sources in `module/` by `make wasm`."""
_MAGIC = b"\0asm"
_ROOM = 64 << 10
"""Bytes that a module is asked to have room for, so that it is seldom asked again."""
_LARGEST = 8 << 20
"""Bytes of a module."""
_TYPES = {
    "alloc": (("i32",), ("i32",)),
    "init": (("i32", "i32"), ("i64",)),
    "handle": (("i32", "i32"), ("i64",)),
}
_FIX = "give a module that docs/wasm.md describes, or none for the one that is shipped"
_length = struct.Struct("<I")


class Bounds(NamedTuple):
    """What a module may take."""

    memory: int = 16 << 20
    """Bytes."""
    fuel: int = 20_000_000
    """Instructions of one call, about 30 ms."""


class ModuleError(Exception):
    """A module failed at what it was handed; `reason` is `trap`, `fuel`, `calls` or `nonsense`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Verdict(NamedTuple):
    """What a module says of one request."""

    good: bool
    text: bytes
    """The record, or the errors as JSON."""


class Sandbox:
    """One module with one instance; the next call after a failure has a new one."""

    def __init__(self, file: Path, description: bytes, bounds: Bounds = Bounds()) -> None:  # noqa: B008
        """Raises SettingsError where the file is no module that can be used."""
        self._description = description
        self._bounds = bounds
        self._engine = Engine(_config())
        self._said = Said()
        linker = Linker(self._engine)
        link(linker, self._said)
        try:
            module = Module(self._engine, _read(file))
            _check(file, module)
            self._ready = linker.instantiate_pre(module)
            self._instance: _Instance | None = self._started()
        except (WasmtimeError, Trap) as error:
            raise SettingsError(f"{file} cannot be run: {_line(error)}", _FIX) from error
        except ModuleError as error:
            raise SettingsError(f"{file} cannot start: {error}", _FIX) from error

    def handle(self, requests: Sequence[bytes]) -> list[Verdict]:
        """One verdict for each request. Raises ModuleError; then none of them was judged."""
        given = b"".join([part for each in requests for part in (_length.pack(len(each)), each)])
        try:
            if self._instance is None:
                self._instance = self._started()
            return _verdicts(self._called("handle", given), len(requests))
        except ModuleError:
            # whatever state it was left in is not gone on with
            self._instance = None
            raise

    def _started(self) -> _Instance:
        try:
            self._instance = _Instance(self._engine, self._ready, self._bounds)
        except Exception as error:
            raise ModuleError("trap", f"does not start: {_line(error)}") from error
        refusal = self._called("init", self._description)
        if refusal:
            text = " ".join(refusal[:200].decode(errors="replace").split())
            raise ModuleError("nonsense", f"it {text}")
        return self._instance

    def _called(self, name: str, given: bytes) -> bytes:
        """What an export answers to some bytes."""
        assert self._instance is not None
        self._said.begin()
        try:
            return self._instance.call(name, given)
        except ModuleError:
            raise
        except TooManyCallsError as error:
            raise ModuleError("calls", str(error)) from error
        except Exception as error:
            # also what its calls of the host raise, such as one that points out of its memory
            out_of_fuel = isinstance(error, Trap) and error.trap_code is TrapCode.OUT_OF_FUEL
            if out_of_fuel:
                message = f"takes more than {self._bounds.fuel:,} instructions"
                raise ModuleError("fuel", message) from error
            raise ModuleError("trap", self._said.text or _line(error)) from error


class _Instance:
    """Memory and exports of one life of a module."""

    def __init__(self, engine: Engine, ready: Any, bounds: Bounds) -> None:
        self._store = Store(engine)
        self._store.set_limits(memory_size=bounds.memory, instances=1, memories=1, tables=4)
        self._store.set_fuel(bounds.fuel)
        self._fuel = bounds.fuel
        exports = ready.instantiate(self._store).exports(self._store)
        self._memory: Memory = exports["memory"]
        self._alloc: Func = exports["alloc"]
        self._calls: dict[str, Func] = {name: exports[name] for name in ("init", "handle")}
        self._room = (0, -1)
        """Where the module wants what it is handed, and the bytes that are there for it."""
        if "_initialize" in exports:
            exports["_initialize"](self._store)

    def call(self, name: str, given: bytes) -> bytes:
        """What the export answers; ModuleError where it points outside of its memory."""
        store, memory = self._store, self._memory
        store.set_fuel(self._fuel)
        at, room = self._room
        if room < len(given):
            room = max(len(given), _ROOM)
            at = self._alloc(store, room)
            self._room = (at, room)
        start = at & 0xFFFFFFFF
        if start + room > memory.data_len(store):
            raise ModuleError("nonsense", "has no place for the requests")
        # the memory may move whenever the module runs
        ctypes.memmove(self._base() + start, given, len(given))
        place = self._calls[name](store, at, len(given)) & 0xFFFFFFFFFFFFFFFF
        start, size = place >> 32, place & 0xFFFFFFFF
        if start + size > memory.data_len(store):
            raise ModuleError("nonsense", "answers from outside of its memory")
        return ctypes.string_at(self._base() + start, size)

    def _base(self) -> int:
        return ctypes.addressof(self._memory.data_ptr(self._store).contents)


def _config() -> Config:
    config = Config()
    config.consume_fuel = True
    config.parallel_compilation = False
    config.wasm_threads = False
    config.wasm_memory64 = False
    config.wasm_multi_memory = False
    return config


def _read(file: Path) -> bytes:
    """The module in a file, which may be the text form too."""
    try:
        with file.open("rb") as opened:
            found = opened.read(_LARGEST + 1)
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}", "set WASM_MODULE to a file") from error
    if len(found) > _LARGEST:
        raise SettingsError(f"{file} has more than {_LARGEST} bytes", "make the module smaller")
    return found if found.startswith(_MAGIC) else bytes(wat2wasm(found))


def _check(file: Path, module: Module) -> None:
    allowed = offered()
    for wanted in module.imports:
        if wanted.module != WASI or wanted.name not in allowed:
            raise SettingsError(
                f"{file} imports {wanted.module}.{wanted.name}, which a module may not",
                f"use no more than {', '.join(allowed)} of {WASI}",
            )
    exports = {export.name: export.type for export in module.exports}
    if "memory" not in exports:
        raise SettingsError(f"{file} exports no memory", _FIX)
    for name, (params, results) in _TYPES.items():
        kind = exports.get(name)
        found = (
            (tuple(map(str, kind.params)), tuple(map(str, kind.results)))
            if isinstance(kind, FuncType)
            else None
        )
        if found != (params, results):
            wanted_type = f"{name}({', '.join(params)}) -> {results[0]}"
            raise SettingsError(f"{file} exports no function {wanted_type}", _FIX)


def _verdicts(text: bytes, expected: int) -> list[Verdict]:
    found: list[Verdict] = []
    at, end = 0, len(text)
    while at + 5 <= end and len(found) < expected:
        (size,) = _length.unpack_from(text, at)
        start, at = at + 4, at + 4 + size
        if size < 1 or at > end or text[start] > 1:
            break
        found.append(Verdict(text[start] == 0, text[start + 1 : at]))
    if len(found) != expected or at != end:
        raise ModuleError("nonsense", f"answers no {expected} verdicts")
    return found


def _line(error: BaseException) -> str:
    """The last line of what wasmtime tells: the reason."""
    message = (error.message if isinstance(error, Trap) else str(error)).strip()
    return " ".join(message.splitlines()[-1].split()) if message else type(error).__name__
