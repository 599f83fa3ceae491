"""The terminal driver of the room: Textual's own, that leaves the terminal to the shell and comes
back to it whole."""

from __future__ import annotations

import asyncio
import os
import signal

from textual.drivers.linux_driver import LinuxDriver

from controlroom import terminal
from controlroom.screens.plain import plain


class RoomDriver(LinuxDriver):
    """Stops at SIGTSTP, and paints everything again at SIGCONT."""

    _stopped = False

    def write(self, data: str) -> None:
        """Draws in ASCII where the room does; also what Textual draws by itself."""
        super().write(plain(data) if getattr(self._app, "ascii_only", False) else data)

    def start_application_mode(self) -> None:
        """Signals are taken between two steps of the loop, not between two of its instructions."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
        loop.add_signal_handler(signal.SIGCONT, self._sigcont_application)

    def switch_mouse(self) -> bool:
        """Takes the mouse, or leaves it to the terminal, whose own selection works then; whether
        the room has it now."""
        if self._mouse:
            self._disable_mouse_support()
        self._mouse = not self._mouse
        self._enable_mouse_support()
        return self._mouse

    def suspend_job(self) -> bool:
        """Stops this process and those that the shell stops with it; False where nobody could
        make it go on again."""
        if not terminal.has_job_control():
            return False
        os.killpg(0, signal.SIGTSTP)
        return True

    def _sigtstp_application(self, *_: object) -> None:
        """Gives the terminal back and stops."""
        self.suspend_application_mode()
        self._stopped = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _sigcont_application(self, *_: object) -> None:
        """Takes the terminal again. After a plain SIGSTOP the shell has changed it too."""
        if not self._stopped:
            self.suspend_application_mode()
        self._stopped = False
        self.resume_application_mode()
        self._app.call_later(self._app.screen.refresh, layout=True)
