"""The OpenAPI document of a service, made of its scenario and of the routes that it really has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from scenarios.fields import NUMBER_TEXT
from scenarios.scenario import Field, HttpRoutes, Scenario
from services.shared.ids import KEY_NAME
from wire import problems
from wire.problems import Problem
from wire.queues.registry import queue_kind

Json = dict[str, Any]
_PART = re.compile(r"\{(\w+)\}")
"""A parameter of a path."""
_ERROR: Json = {"$ref": "#/components/schemas/Error"}
_INGEST_PROBLEMS = (
    problems.NO_RECORDS,
    problems.TOO_DEEP,
    problems.BAD_ID,
    problems.FOREIGN_ORIGIN,
    problems.TOO_SLOW,
    problems.TOO_LARGE,
    problems.TOO_MANY_RECORDS,
    problems.BAD_ENCODING,
    problems.WRONG_TYPE,
    problems.FOREIGN_HOST,
    problems.INVALID,
    problems.KEY_REUSED,
    problems.HEADERS_TOO_LARGE,
    problems.FAILED,
    problems.UNAVAILABLE,
    problems.TOO_MANY_CONNECTIONS,
    problems.TOO_MANY_BYTES,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One route: what it is for, what it takes, what it answers."""

    method: str
    path: str
    summary: str
    answers: Mapping[int, Json] = field(default_factory=dict)
    """Status -> schema of the JSON body; an empty schema for none."""
    problems: Sequence[Problem] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    """Parameter of the query, or of the path -> what it means."""
    body: Json | None = None
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header of the request -> what it means."""


def openapi(title: str, scenario: Scenario, operations: Iterable[Operation]) -> Json:
    """The document of one service."""
    paths: Json = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{title}: {scenario.title}", "version": "1"},
        "paths": paths,
        "components": {"schemas": _schemas(scenario)},
    }


def encoded(document: Json) -> bytes:
    """The document as it is served and shipped."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def ingest_operations(routes: HttpRoutes, queue: str) -> list[Operation]:
    """The routes of a producer to the queue of that name."""
    acknowledged = queue_kind(queue).acknowledged
    replies = dict.fromkeys(routes.paths, routes.reply) | dict(routes.replies)
    return [
        Operation(
            "POST",
            path,
            "One event, a list, an object with a list under `lista`, or JSON lines. 2xx:"
            f" {acknowledged} A single event is answered by this route's own reply.",
            {
                201: {"anyOf": [{"const": reply}, {"$ref": "#/components/schemas/Receipt"}]},
                207: {"$ref": "#/components/schemas/Receipt"},
            },
            _INGEST_PROBLEMS,
            headers={
                KEY_NAME: "names the request: sent again under the same key, it counts once",
                "x-event-id": "the same, by another name",
                "content-encoding": "gzip, where the body is compressed",
            },
            body={"$ref": "#/components/schemas/Body"},
        )
        for path, reply in replies.items()
    ]


def _operation(operation: Operation) -> Json:
    made: Json = {
        "summary": operation.summary,
        "operationId": _name(operation),
        "responses": {
            str(status): _answer("done" if status < 300 else "not changed", schema, operation.kind)
            for status, schema in operation.answers.items()
        }
        | _failures(operation.problems),
    }
    parts = {name: operation.query.get(name, "") for name in _PART.findall(operation.path)}
    query = {name: text for name, text in operation.query.items() if name not in parts}
    parameters = [
        {"name": name, "in": place, "description": text, "schema": {"type": "string"}}
        | ({"required": True} if place == "path" else {})
        for place, named in (("path", parts), ("query", query), ("header", operation.headers))
        for name, text in named.items()
    ]
    if parameters:
        made["parameters"] = parameters
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body}}
        made["requestBody"] = {"required": True, "content": content}
    return made


def _name(operation: Operation) -> str:
    words = re.sub(r"\W+", "_", operation.path).strip("_") or "root"
    return f"{operation.method.lower()}_{words}"


def _answer(text: str, schema: Json, kind: str = "application/json") -> Json:
    return {"description": text} | ({"content": {kind: {"schema": schema}}} if schema else {})


def _failures(possible: Sequence[Problem]) -> Json:
    by_status: dict[int, list[Problem]] = {}
    for problem in possible:
        by_status.setdefault(problem.status, []).append(problem)
    return {
        str(status): _answer(" ".join(f"`{p.code}`: {p.sentence}" for p in group), _ERROR)
        for status, group in sorted(by_status.items())
    }


def _schemas(scenario: Scenario) -> Json:
    event = {"$ref": "#/components/schemas/Event"}
    events = {"type": "array", "items": event}
    return {
        "Event": {
            "type": "object",
            "required": [each.name for each in scenario.fields if each.default is None],
            "properties": {each.name: _field(each) for each in scenario.fields},
        },
        "Body": {
            "anyOf": [
                event,
                events,
                {"type": "object", "properties": {"lista": events}, "required": ["lista"]},
            ]
        },
        "FieldError": {
            "type": "object",
            "required": ["field", "message"],
            "properties": {
                "index": {"type": "integer", "description": "place of the record, from 0"},
                "field": {"type": "string", "description": "empty for the record as a whole"},
                "message": {"type": "string"},
            },
        },
        "Receipt": _receipt(["accepted", "rejected", "errors"], {}),
        "Error": _receipt(
            ["error", "code"],
            {
                "error": {"type": "string"},
                "code": {"enum": [problem.code for problem in problems.PROBLEMS]},
                "fix": {"type": "string"},
            },
        ),
    }


def _receipt(required: list[str], more: Json) -> Json:
    counts = {name: {"type": "integer", "minimum": 0} for name in ("accepted", "rejected")}
    errors = {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}}
    return {
        "type": "object",
        "required": required,
        "properties": {**more, **counts, "errors": errors},
    }


def _field(each: Field) -> Json:
    about: Json = {"description": each.label}
    if each.aliases:
        about["description"] += f" (also {', '.join(each.aliases)})"
    if each.default is not None:
        about["default"] = each.default
    if each.kind == "text":
        made: Json = {"type": "string", "minLength": 1, "maxLength": each.max_length}
        return about | made | ({"pattern": f"^({each.pattern})$"} if each.pattern else {})
    span = {"minimum": each.minimum, "maximum": each.maximum}
    number = {"type": "integer"} | {key: value for key, value in span.items() if value is not None}
    if each.labels:
        about["description"] += ": " + ", ".join(f"{k} = {v}" for k, v in each.labels.items())
    return about | {"anyOf": [number, {"type": "string", "pattern": f"^{NUMBER_TEXT}$"}]}
