"""Templates with `{field}`, and the escaping that keeps filled ones splittable at `:`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scenarios.scenario import Value

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def placeholders(template: str) -> tuple[str, ...] | None:
    """The field names in a template, in order; None where a brace is not part of `{field}`."""
    bare = _PLACEHOLDER.sub("", template)
    return None if "{" in bare or "}" in bare else tuple(_PLACEHOLDER.findall(template))


def render(template: str, event: Mapping[str, Value]) -> str:
    """The template with the plain values of the event in it; unknown fields are left out."""
    return _PLACEHOLDER.sub(lambda found: str(event.get(found[1], "")), template)


def captured(template: str, filled: str) -> dict[str, str]:
    """The values with which a template was filled; empty where it cannot have been."""
    parts = _PLACEHOLDER.split(template)
    names = parts[1::2]
    if len(set(names)) < len(names):
        return {}
    literals = map(re.escape, parts[::2])
    pattern = "([^:]*)".join(literals)
    found = re.fullmatch(pattern, filled)
    return dict(zip(names, map(unescape, found.groups()), strict=True)) if found else {}


def escape(value: Value) -> str:
    """A value as part of a key or member: `%` and `:` are percent-escaped."""
    text = str(value)
    if "%" in text or ":" in text:
        text = text.replace("%", "%25").replace(":", "%3A")
    return text


def unescape(text: str) -> str:
    """The value that `escape` was given, as text."""
    return text.replace("%3A", ":").replace("%25", "%") if "%" in text else text


def split_member(member: str) -> tuple[str, ...]:
    """The values of a filled template such as `{name}:{album}`."""
    return tuple(unescape(part) for part in member.split(":"))
