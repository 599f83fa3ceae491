"""What a request cannot have, and how to fix it."""

from __future__ import annotations

from collections.abc import Mapping

from wire.problems import Problem


class RequestError(Exception):
    """The request is refused; answered with the code of `problem`, a sentence and its remedy."""

    def __init__(
        self, problem: Problem, message: str, fix: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.problem = problem
        self.fix = fix
        self.headers = dict(headers or {})
