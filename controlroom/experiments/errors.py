"""What is wrong with an experiment."""

from __future__ import annotations

from collections.abc import Sequence


class ExperimentError(Exception):
    """A sentence, the path of the field in its file, and how to mend it."""

    def __init__(self, message: str, path: Sequence[str | int], fix: str) -> None:
        super().__init__(message)
        self.path = path
        self.fix = fix

    @property
    def field(self) -> str:
        """The path for people: `arms[0].path`."""
        text = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in self.path)
        return text.lstrip(".")
