"""Where the user's own files are."""

from __future__ import annotations

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
    if not folder.is_dir():
        return []
    from scenarios.added import make_package, modules

    make_package(package, folder)
    return [
        f"{path} is left out: {type(found).__name__}: {found}"
        for path, found in modules(folder, package)
        if isinstance(found, Exception)
    ]
