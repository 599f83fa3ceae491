"""What a request cannot have, and how to mend it."""

from __future__ import annotations


class RequestError(Exception):
    """The request is wrong; answered as `status` with a sentence and its remedy."""

    def __init__(self, status: int, message: str, fix: str) -> None:
        super().__init__(message)
        self.status = status
        self.fix = fix
