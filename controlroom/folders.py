"""Where the user's own files are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def config_dir(environ: Mapping[str, str]) -> Path:
    """The folder of the config file and of the user's own commands; it need not exist."""
    own = environ.get("CONTROLROOM_CONFIG_DIR")
    if own:
        return Path(own).expanduser()
    base = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "controlroom"
