"""An error as it is answered: a code, a sentence, and headers that go with it."""

from __future__ import annotations

from typing import Any

import msgspec

from wire.problems import Problem

RETRY_AFTER = "1"
"""Seconds after which a client may try again where nothing better is known."""

_encode = msgspec.json.Encoder().encode


def problem_body(problem: Problem, message: str = "", **more: Any) -> bytes:
    """`{"error": sentence, "code": code, ...}` as JSON."""
    return _encode({"error": message or problem.sentence, "code": problem.code, **more})
