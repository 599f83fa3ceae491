"""A terminal driver that counts what it sends, for the header of a remote room."""

from __future__ import annotations

from controlroom.screens.driver import RoomDriver


class CountingDriver(RoomDriver):
    """The room's driver; only the number of bytes is kept."""

    sent = 0

    def write(self, data: str) -> None:
        """Counts, then writes."""
        self.sent += len(data) if data.isascii() else len(data.encode())
        super().write(data)

    def take_bytes(self) -> int:
        """Bytes since the call before."""
        sent, self.sent = self.sent, 0
        return sent
