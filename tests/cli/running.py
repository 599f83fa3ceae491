"""Running the command as a person does, shut off from that person's own files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def environment(home: Path, **more: str) -> dict[str, str]:
    """A clean environment: nothing of the developer's settings, stack or colours."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "PYTHONUTF8": "1",
        "CONTROLROOM_STATE_DIR": str(home / "state"),
        "CONTROLROOM_CONFIG_DIR": str(home / "config"),
        **more,
    }


def controlroom(
    home: Path, *words: str, environ: Mapping[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """One command; its output is text."""
    return subprocess.run(
        [sys.executable, "-m", "controlroom", *words],
        env=environment(home, **(environ or {})),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
