"""Books as a recording has them: their figures, and which queue's rule they go by."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import msgspec

from controlroom.model.books import Books, BooksSample, QueueTime
from wire.books import SideBySide
from wire.queues.registry import queue_kind

_RULE = "rule"


def plain(sample: BooksSample) -> dict[str, Any]:
    """Without any class."""
    return {**msgspec.to_builtins(sample), "books": _ruled(sample.books)}


def sample_of(told: Mapping[str, Any]) -> BooksSample:
    """The same sample again. Raises ValueError where it is none, ScenarioError for a queue that is
    not known here."""
    time = told.get("queue_time")
    return BooksSample(
        _books(told["books"]),
        msgspec.convert(time, QueueTime) if time else None,
        told.get("limit", ""),
        told.get("seconds_left"),
    )


def _ruled(books: Books) -> dict[str, Any]:
    own: dict[str, Any] = msgspec.to_builtins(books)
    if isinstance(books, SideBySide):
        return {**own, "queues": {name: _ruled(each) for name, each in books.queues.items()}}
    return {_RULE: type(books).__module__.rpartition(".")[0].rpartition(".")[2], **own}


def _books(told: Mapping[str, Any]) -> Books:
    own = dict(told)
    if "queues" in own:
        queues = {name: _books(each) for name, each in own.pop("queues").items()}
        return SideBySide(queues=queues, **own)
    kind = _class(own.pop(_RULE))
    known = {each.name for each in fields(kind)}
    return kind(**{name: value for name, value in own.items() if name in known})


def _class(rule: str) -> type[Books]:
    """The class with the rule of a queue, which lies in the folder of its kind."""
    package = type(queue_kind(rule)).__module__
    module = importlib.import_module(f"{package}.books")
    return next(
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Books) and one.__module__ == module.__name__
    )
