"""The worst bodies that are known, by door, and a small fuzz that looks for worse.

`python -m bench.worst [--cases 300] [--seed 1]` repeats small texts to bodies of 1 MiB, walks
through each as the door does, and prints those that take longest between two pauses, longest in
all, and most memory. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping

from bench.bodies import http_bodies
from scenarios.bodies import BodyError, Bounds, read_records, slices_of

MIB = 1 << 20
LARGE = 8 * MIB


def _list(item: bytes, size: int = LARGE) -> bytes:
    count = (size - 10) // (len(item) + 1)
    return b"[" + b",".join([item] * count) + b"]"


def _record(fields: bytes) -> bytes:
    return b'{"name":"x","more":' + fields + b"}"


def _tiny_fields() -> bytes:
    fields = ",".join(f'"{number:x}":{{}}' for number in range(2_900))
    return _list(f"{{{fields}}}".encode())


def _bad_lines() -> bytes:
    line = b"\x01" * 830 + b"\n"
    return b"{}\n" + line * 9_900


HTTP: Mapping[str, Callable[[], bytes]] = {
    "`1` a line, 2 MiB": lambda: b"1\n" * MIB,
    "`1` a line, 8 MiB": lambda: b"1\n" * (4 * MIB),
    "list of `{}`": lambda: _list(b"{}"),
    "records of 32 KiB full of `{}`": lambda: _list(_record(_list(b"{}", 30_000))),
    "records of 2,900 fields": _tiny_fields,
    "numbers next to the largest": lambda: _list(_record(_list(b"1e308", 30_000))),
    "numbers next to nothing": lambda: _list(_record(_list(b"4.9e-324", 30_000))),
    "numbers of 4,300 digits": lambda: _list(_record(_list(b"7" * 4_300, 30_000))),
    "nested 8 deep": lambda: _list(_record(_list(b"[[[[[1]]]]]", 30_000))),
    "nested without end": lambda: b"[" * LARGE,
    "one text of escapes": lambda: b'{"name":"' + b"\\u00e9" * (LARGE // 6 - 4) + b'"}',
    "records of escapes": lambda: _list(b'{"name":"' + b"\\u00e9" * 5_000 + b'"}'),
    "9,900 bad lines": _bad_lines,
    "10,000 records that are refused": lambda: _list(b'{"a":"' + b'\\"' * 395 + b'"}'),
    "10,000 events": lambda: http_bodies(10_000)[0],
    "blanks": lambda: b"[" + b" " * (LARGE - 10) + b"1]",
    "gzip of 1 GiB of blanks": lambda: gzip.compress(b" " * (1 << 30), 6),
    "gzip of 10,000 events": lambda: gzip.compress(http_bodies(10_000)[0]),
}
"""Name -> what makes it. A body whose name begins with gzip is sent as that."""

GRPC: Mapping[str, Callable[[], bytes]] = {
    "batch of empty events": lambda: b"\x0a\x00" * (2 * MIB - 8),
    "events of empty fields": lambda: (b"\x0a\x80\xf0\x01" + b"\x12\x00" * 15_360) * 130,
    "events of JSON `1e308`": lambda: _events(_record(_list(b"1e308", 30_000)), 64),
    "10,000 events that are refused": lambda: _events(b'{"a":"' + b'\\"' * 180 + b'"}', 10_000),
}
"""Requests of SendBatch."""


def _events(text: bytes, count: int) -> bytes:
    from services.pb import controlroom_pb2 as pb

    return pb.Batch(events=[pb.Event(json=text)] * count).SerializeToString()


_ATOMS = (
    "{}", "[]", "1", "-0", "1e308", "4.9e-324", "0.1", '""', '"\\u00e9"', '"\\ud83d\\ude00"',
    '"\\ud83d"', '"a"', "null", "tru", "9" * 40, "9" * 400, "\n", "\r\n", " " * 50, ",", ":",
    "[", "]", "{", "}", '"', "\\", "\x00", "\xe9", '{"a":1}', '{"lista":[]}', '{"lista":[1]}',
    '"k":', '{"a":{"b":[1]}}',
)  # fmt: skip


def _text(rng: random.Random) -> bytes:
    """A body of 1 MiB: a beginning, a piece that is repeated, an end."""
    few = [rng.choice(_ATOMS) for _ in range(rng.randint(1, 5))]
    piece = rng.choice(["", ",", "\n"]).join(few) + rng.choice([",", "\n", ""])
    raw = piece.encode("latin-1") or b" "
    begin = rng.choice([b"", b"[", b'{"lista":[', b"{}\n", b'{"a":', b"[["])
    return begin + raw * (MIB // len(raw)) + rng.choice([b"", b"1]", b"]}", b"}"])


def _walk(body: bytes) -> tuple[float, float, int]:
    """Milliseconds of the longest piece and of all, and KiB at the peak, as a door walks."""
    tracemalloc.start()
    begun = last = time.perf_counter()
    longest = 0.0
    try:
        for _ in slices_of(read_records(body, Bounds())):
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
    except BodyError:
        pass
    now = time.perf_counter()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return 1e3 * max(longest, now - last), 1e3 * (now - begun), peak >> 10


def main() -> int:
    """Look and print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.worst", description=__doc__)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    found = []
    for _ in range(args.cases):
        body = _text(rng)
        found.append((_walk(body), body[:60]))
    for at, what in enumerate(("ms of the longest piece", "ms in all", "KiB at the peak")):
        print(f"\n| {what} | the body begins |\n|---:|---|")
        for figures, begin in sorted(found, key=lambda each: -each[0][at])[:5]:
            print(f"| {figures[at]:,.1f} | `{json.dumps(begin.decode('latin-1'))}` |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
