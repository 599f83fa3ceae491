"""What the event loop of a service says of errors that nobody asked for."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging

import pytest
import uvloop

from services.shared.start import unheard

NOWHERE = "name.invalid"
"""By RFC 6761 no resolver finds it."""


async def _given_up_while_looking_up() -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(unheard)
    connecting = asyncio.ensure_future(loop.create_connection(asyncio.Protocol, NOWHERE, 1))
    await asyncio.sleep(0)
    connecting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await connecting
    # the look-up that was left behind is over once another one, asked for later, is
    with contextlib.suppress(OSError):
        await loop.getaddrinfo(NOWHERE, 2)
    gc.collect()


async def _forgotten() -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(unheard)
    loop.create_future().set_exception(OSError("of somebody else"))
    gc.collect()


def test_a_look_up_that_nobody_waits_for_any_more_is_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, "asyncio"):
        uvloop.run(_given_up_while_looking_up())
    assert caplog.messages == []


def test_any_other_error_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "asyncio"):
        uvloop.run(_forgotten())
    assert any("of somebody else" in message for message in caplog.messages)
