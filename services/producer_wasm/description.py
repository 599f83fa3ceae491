"""What a module is told of a scenario at its start, and what its records are held to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from scenarios.scenario import Field, Scenario

_LIMIT = 10**18
"""Whole numbers beyond it are in no event."""


def description(scenario: Scenario) -> bytes:
    """The fields and rules of a scenario, one line each, words apart by tabs (docs/wasm.md)."""
    lines = [_field(field) for field in scenario.fields]
    lines += [("pattern", field.name, field.pattern) for field in scenario.fields if field.pattern]
    lines += [("different", rule.left, rule.right) for rule in scenario.rules]
    return "\n".join("\t".join(_word(word) for word in line) for line in lines).encode()


def _field(field: Field) -> tuple[str, ...]:
    names = [name.casefold() for name in (field.name, *field.aliases)]
    if field.kind == "text":
        return ("text", field.name, str(field.max_length), *names)
    bounds = ["" if bound is None else str(bound) for bound in (field.minimum, field.maximum)]
    return ("integer", field.name, *bounds, *names)


def _word(word: str) -> str:
    # an alias with such a sign in it is a name that nobody sends
    return word.replace("\t", " ").replace("\n", " ").replace("\r", " ")


def checker(scenario: Scenario) -> Callable[[bytes], Any]:
    """Reads the record of an event. Raises msgspec.DecodeError where it is none of the scenario's:
    other fields, other types, values out of bounds.
    """
    fields = [(f"field{place}", _type(field)) for place, field in enumerate(scenario.fields)]
    names = {f"field{place}": field.name for place, field in enumerate(scenario.fields)}
    record = msgspec.defstruct("Record", fields, rename=names, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(record).decode


def _type(field: Field) -> Any:
    if field.kind == "text":
        return Annotated[str, msgspec.Meta(min_length=1, max_length=field.max_length)]
    least = -_LIMIT if field.minimum is None else field.minimum
    most = _LIMIT if field.maximum is None else field.maximum
    return Annotated[int, msgspec.Meta(ge=least, le=most)]
