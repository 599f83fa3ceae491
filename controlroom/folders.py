"""Where the user's own files are."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def config_dir(environ: Mapping[str, str]) -> Path:
    """The folder of the config file and of the user's own commands and panes; it need not exist."""
    own = environ.get("CONTROLROOM_CONFIG_DIR")
    if own:
        return Path(own).expanduser()
    base = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "controlroom"


def imported(kind: str, package: str, environ: Mapping[str, str]) -> list[str]:
    """Imports the files of the folder `kind` there as modules of `package`; a sentence for each
    that cannot be used."""
    folder = config_dir(environ) / kind
    try:
        names = sorted(
            # what begins with _ is imported by the others
            name
            for name in os.listdir(folder)
            if name.endswith(".py") and name[0] != "_"
        )
    except OSError:
        return []
    import importlib
    from types import ModuleType

    module = ModuleType(package)
    module.__path__ = [str(folder)]
    sys.modules[package] = module
    wrong = []
    for name in names:
        try:
            importlib.import_module(f"{package}.{name.removesuffix('.py')}")
        except Exception as error:
            wrong.append(f"{folder / name} is left out: {type(error).__name__}: {error}")
    return wrong
