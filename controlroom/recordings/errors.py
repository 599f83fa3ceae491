"""What is wrong with a recording."""

from __future__ import annotations

from controlroom.targets.abilities import TargetError


class RecordingError(TargetError):
    """One sentence that names the file, one that says what to do."""
