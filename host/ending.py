"""A signal that ends a task in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class EndedBySignal(Exception):
    """A task was told to end, and has."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.code = 128 + number
        """Exit code that says so."""


@contextmanager
def cancelled_by(
    number: signal.Signals, again: Callable[[int, FrameType | None], object] | signal.Handlers
) -> Iterator[None]:
    """The signal cancels the task of the block; EndedBySignal comes out of it then. A second one
    meets `again`.

    An exception of a handler's own would come up in whatever the loop calls just then: in a
    callback of gRPC it holds up, or crashes, the tasks that end in order after it.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    met = False

    def cancel() -> None:
        nonlocal met
        met = True
        task.cancel()

    def handle(_number: int, _frame: FrameType | None) -> None:
        signal.signal(number, again)
        loop.call_soon_threadsafe(cancel)

    before = signal.signal(number, handle)
    try:
        yield
    except asyncio.CancelledError:
        if not met:
            raise
        raise EndedBySignal(number) from None
    finally:
        signal.signal(number, before)
