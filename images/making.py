"""Makes images: every layer once, then the archives that share them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from host.install.progress import Progress
from host.paths import explained
from images.recipes import LAYERS, RECIPES, reference
from images.root import Root
from lab.archive import write_archive


@dataclass(frozen=True, slots=True)
class Made:
    """One image that was written."""

    name: str
    """The whole reference, `localhost/controlroom/NAME:VERSION`."""
    digest: str
    """Of its manifest: `sha256:` and 64 hexadecimal digits."""
    file: Path
    bytes: int


async def make(
    names: Collection[str], target: Path, workshop: Path, progress: Progress
) -> list[Made]:
    """Writes NAME.tar of each into `target`; `workshop` is an empty folder for the layers.

    Raises StackError where a program, a package or space is missing.
    """
    layers: dict[str, Path] = {}
    for layer in _layers_of(names):
        progress(f"layer {layer}")
        root = Root(workshop / layer)
        await LAYERS[layer](root, progress)
        layers[layer] = await asyncio.to_thread(root.layer, workshop / f"{layer}.tar")
    made = []
    for name in names:
        recipe = RECIPES[name]
        file = target / f"{name}.tar"
        parts = [layers[layer] for layer in recipe.layers]
        try:
            digest = await asyncio.to_thread(
                write_archive, file, reference(name), parts, recipe.config()
            )
        except OSError as error:
            raise explained(error, file) from error
        made.append(Made(reference(name), digest, file, file.stat().st_size))
    return made


def _layers_of(names: Collection[str]) -> Iterator[str]:
    wanted = {layer for name in names for layer in RECIPES[name].layers}
    return (layer for layer in LAYERS if layer in wanted)
