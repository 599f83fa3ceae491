"""Overlays on the session's lab: deployed when first asked for, kept for the tests that follow."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.draining import drained
from tests.manifests.rendering import text_of
from tests.own_lab import OwnLab
from tests.own_stack import Result

IMAGE = re.compile(r"\bimage: localhost/controlroom/([\w-]+):")
DEPLOY_PATIENCE = "8m"
"""For a machine of two cores that does other work too."""
COMMAND_PATIENCE = 600.0


def make_images(names: Sequence[str], folder: Path) -> None:
    """NAME.tar of each in that folder."""
    words = [sys.executable, "-m", "images", "--to", str(folder), *names]
    done = subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_PATIENCE)
    assert done.returncode == 0, done.stderr


def load_image(lab: OwnLab, context: str, archive: Path) -> None:
    """Gives an image to the cluster of that context."""
    lab.lab("load-image", str(archive), "--cluster", context.removeprefix("lab-"))


@dataclass(frozen=True)
class Deployed:
    """An overlay that is ready on one cluster of the lab."""

    lab: OwnLab
    context: str
    overlay: str

    def run(self, *words: str, timeout: float = 120, check: bool = True) -> Result:
        """`controlroom WORDS --context CONTEXT`."""
        return self.lab.run(*words, "--context", self.context, timeout=timeout, check=check)

    def kubectl(self, *words: str, text: str | None = None) -> str:
        """What kubectl prints."""
        return self.lab.kubectl(self.context, *words, text=text)

    def get(self, *words: str) -> Any:
        """`kubectl get WORDS` as JSON."""
        return self.lab.get(self.context, *words)

    def books(self) -> dict[str, int]:
        """`controlroom books --json`, whatever its verdict."""
        found: dict[str, int] = self.run("books", "--json", check=False).json()
        return found

    async def drained(self) -> dict[str, int]:
        """The books once nothing is on its way."""
        return await drained(self.lab, "--context", self.context, patience=240, every=1)

    def give_image(self, name: str, folder: Path) -> None:
        """Makes one of our images in that folder and gives it to the cluster."""
        make_images([name], folder)
        load_image(self.lab, self.context, folder / f"{name}.tar")

    def endpoints(self) -> dict[str, str]:
        """Doors that work on this machine; forwarded ones have ended with the command."""
        found: dict[str, str] = self.run("endpoints", "--json").json()
        return found


@dataclass
class ClusterEnvironment:
    """What is deployed where. `folder` takes the image archives."""

    lab: OwnLab
    folder: Path
    _there: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Context -> the overlay, and the words of `deploy` behind it."""
    _loaded: set[tuple[str, str]] = field(default_factory=set)

    def deployed(self, context: str, overlay: str, *more: str) -> Deployed:
        """That overlay on that context, ready; another one that was there is removed first.

        `more` are words of `deploy`.
        """
        there, wanted = self._there.get(context), (overlay, *more)
        if there != wanted:
            if there is not None:
                self.undeploy(context)
            self.load_images(context, overlay)
            words = ("--context", context, "--overlay", overlay, "--timeout", DEPLOY_PATIENCE)
            self._there[context] = wanted
            said = self.lab.run("deploy", *words, *more, timeout=COMMAND_PATIENCE)
            print(said.err)
        return Deployed(self.lab, context, overlay)

    def undeploy(self, context: str) -> None:
        """Takes away what is on that context."""
        words = ("--context", context, "--overlay", self._there[context][0], "--volumes")
        self.lab.run("undeploy", *words, timeout=COMMAND_PATIENCE)
        del self._there[context]

    def clear(self) -> None:
        """Takes everything away."""
        for context in list(self._there):
            self.undeploy(context)

    def load_images(self, context: str, overlay: str) -> None:
        """Makes the images that the overlay names, and gives the cluster those that it lacks."""
        names = sorted(set(IMAGE.findall(text_of(overlay))))
        assert names, f"{overlay} names no image of ours"
        missing = [name for name in names if not self._file(name).exists()]
        if missing:
            make_images(missing, self.folder)
        for name in names:
            if (context, name) not in self._loaded:
                load_image(self.lab, context, self._file(name))
                self._loaded.add((context, name))

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.tar"
