"""What lines are looked for: a text, `/a regular expression/`, either with `!` before it."""

from __future__ import annotations

import re

LONGEST = 4_000
"""Characters of a line that are looked at, so that no expression takes for ever."""


class NeedleError(ValueError):
    """The expression cannot be read; the text says why."""


class Needle:
    """Without regard to case. An empty one fits every line."""

    def __init__(self, text: str) -> None:
        """Raises NeedleError for a regular expression that is none."""
        self.text = text
        self.negated = text.startswith("!")
        body = text[1:] if self.negated else text
        if len(body) > 2 and body.startswith("/") and body.endswith("/"):
            try:
                self._found = re.compile(body[1:-1], re.IGNORECASE)
            except re.error as error:
                raise NeedleError(f"{body} is no regular expression: {error}") from error
        else:
            self._found = re.compile(re.escape(body), re.IGNORECASE)
        self._all = not body

    def fits(self, line: str) -> bool:
        """Whether the line is one of those that are looked for."""
        return self._all or bool(self._found.search(line, 0, LONGEST)) != self.negated

    def spots(self, line: str) -> list[tuple[int, int]]:
        """Where in the line it was found: start and end of each place."""
        if self._all or self.negated:
            return []
        found = (spot.span() for spot in self._found.finditer(line, 0, LONGEST))
        return [(start, end) for start, end in found if end > start]
