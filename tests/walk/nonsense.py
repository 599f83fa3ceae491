"""Nonsense of every protocol: bytes that are none, right ones of wrong types, answers cut short."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from typing import Any

from bson import encode

from tests.walk.door import Nonsense

JUNK = bytes(range(256)) * 2
"""No protocol of them."""


class Same:
    """Says the same whatever is asked; nothing closes the connection."""

    def __init__(self, words: bytes) -> None:
        self._words = words

    def answer(self, data: bytes) -> bytes:
        return self._words


class Resp:
    """One reply of Redis for every command."""

    def __init__(self, reply: bytes) -> None:
        self._reply = reply

    def answer(self, data: bytes) -> bytes:
        return self._reply * max(1, len(re.findall(rb"\*\d+\r\n\$", data)))


class KafkaFrames:
    """Lets the login through, and answers other requests with a frame of theirs that holds
    something else."""

    LOGIN = (17, 18, 36)

    def __init__(self, body: bytes) -> None:
        self._body = body

    def answer(self, data: bytes) -> bytes | None:
        if len(data) < 12:
            return None
        _, api, _, correlation = struct.unpack(">ihhi", data[:12])
        if api in self.LOGIN or not 0 <= api < 100:
            return None
        return struct.pack(">ii", len(self._body) + 4, correlation) + self._body


class MongoMessages:
    """Lets the login through, and answers other commands with this document."""

    LOGIN = (b"saslStart", b"saslContinue", b"hello", b"isMaster", b"ismaster", b"isdbgrid")

    def __init__(self, document: Mapping[str, Any], cut: int = 0) -> None:
        """`cut`: bytes of the document that are left out."""
        self._body = encode(dict(document))
        self._body = self._body[: len(self._body) - cut]

    def answer(self, data: bytes) -> bytes | None:
        if len(data) < 16 or any(word in data for word in self.LOGIN):
            return None
        asked = struct.unpack("<i", data[4:8])[0]
        message = struct.pack("<IB", 0, 0) + self._body
        return struct.pack("<iiii", len(message) + 16, 1, asked, 2013) + message


def http(body: bytes, kind: str = "application/json", code: str = "200 OK", more: int = 0) -> bytes:
    """An answer over HTTP; `more`: bytes that its length promises and that never come."""
    head = f"HTTP/1.1 {code}\r\nContent-Type: {kind}\r\nContent-Length: {len(body) + more}\r\n\r\n"
    return head.encode() + body


def _said(value: object) -> Nonsense:
    words = http(json.dumps(value).encode())
    return lambda: Same(words)


def same(words: bytes) -> Nonsense:
    """Says this to everything."""
    return lambda: Same(words)


def _resp(reply: bytes) -> Nonsense:
    return lambda: Resp(reply)


def _frames(body: bytes) -> Nonsense:
    return lambda: KafkaFrames(body)


def _messages(document: Mapping[str, Any], cut: int = 0) -> Nonsense:
    return lambda: MongoMessages(document, cut)


_WEB: dict[str, Nonsense] = {
    "junk": same(JUNK),
    "a page": same(http(b"<html>Sign in</html>", "text/html")),
    "cut JSON": same(http(b'{"status": "success", "data": {"res')),
    "cut HTTP": same(http(b'{"status"', more=500)),
    "bytes": same(http(b"\xff\xfe\x00")),
    "401": same(http(b"no", "text/plain", "401 Unauthorized")),
    "500": same(http(b"{}", code="500 Internal Server Error")),
    "a list": _said([1, 2]),
    "null": _said(None),
    "a number": _said(7),
    "an object": _said({}),
}

NONSENSE: dict[str, dict[str, Nonsense]] = {
    "redis": {
        "junk": same(JUNK),
        "numbers": _resp(b":42\r\n"),
        "texts": _resp(b"$3\r\nabc\r\n"),
        "empty lists": _resp(b"*0\r\n"),
        "nothing": _resp(b"$-1\r\n"),
        "errors": _resp(b"-ERR no such thing\r\n"),
        "refuses": _resp(b"-NOAUTH Authentication required.\r\n"),
        "loads": _resp(b"-LOADING Redis is loading the dataset in memory\r\n"),
        "no text": _resp(b"$2\r\n\xff\xfe\r\n"),
        "closes": same(b""),
    },
    "mongo": {
        "junk": same(JUNK),
        "closes": same(b""),
        "no cursor": _messages({"ok": 1.0}),
        "a cursor that is none": _messages({"ok": 1.0, "cursor": "abc", "n": "abc"}),
        "a batch that is none": _messages({"ok": 1.0, "cursor": {"id": 0, "firstBatch": 7}}),
        "documents that are none": _messages(
            {"ok": 1.0, "n": 7, "cursor": {"id": 0, "ns": "a.b", "firstBatch": [{"x": 1}]}}
        ),
        "an error": _messages({"ok": 0.0, "code": 1, "errmsg": "no such thing"}),
        "refuses": _messages({"ok": 0.0, "code": 13, "errmsg": "not authorized"}),
        "cut": _messages({"ok": 1.0, "n": 12345}, cut=7),
    },
    "kafka": {
        "junk": same(JUNK),
        "closes": same(b""),
        "nothing": _frames(b""),
        "zeros": _frames(bytes(200)),
        "ones": _frames(b"\xff" * 200),
        "cut": _frames(b"\x00\x00\x00\x00\x00\x00\x00\x05"),
    },
    "prometheus": {
        **_WEB,
        "no result": _said({"status": "success", "data": {}}),
        "a result that is none": _said({"status": "success", "data": {"result": 7}}),
        "texts": _said({"status": "success", "data": {"result": ["abc"]}}),
        "no labels": _said({"status": "success", "data": {"result": [{"value": [0, "1"]}]}}),
        "no figures": _said(
            {"status": "success", "data": {"result": [{"metric": {}, "value": [0, "abc"]}]}}
        ),
        "no values": _said({"status": "success", "data": {"result": [{"metric": {}}]}}),
    },
    "daemon": {
        **_WEB,
        "wrong types": _said({"deployments": 7, "pods": "abc", "engines": None}),
        "wrong parts": _said({"deployments": [7], "pods": [[]], "engines": ["abc"]}),
    },
}
"""Engine -> a name of each nonsense that is said in its stead."""
