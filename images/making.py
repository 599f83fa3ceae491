"""Makes images: every layer once, then the archives that share them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from host.install.progress import Progress
from host.paths import explained
from images.recipes import LAYERS, RECIPES, of_scenario, reference
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
    names: Collection[str],
    target: Path,
    workshop: Path,
    progress: Progress,
    scenario: Path | None = None,
) -> list[Made]:
    """Writes NAME.tar of each into `target`; `workshop` is an empty folder for the layers.

    `scenario` is the folder of a user's, of which the image of the services is made too.

    Raises StackError where the folder is none of a scenario, and where a program, a package or
    space is missing.
    """
    recipes, makers = dict(RECIPES), dict(LAYERS)
    if scenario is not None:
        own, recipe, maker = of_scenario(scenario)
        names = [*names, own]
        recipes[own], makers[recipe.layers[-1]] = recipe, maker
    layers: dict[str, Path] = {}
    wanted = {layer for name in names for layer in recipes[name].layers}
    for layer in (layer for layer in makers if layer in wanted):
        progress(f"layer {layer}")
        root = Root(workshop / layer)
        await makers[layer](root, progress)
        layers[layer] = await asyncio.to_thread(root.layer, workshop / f"{layer}.tar")
    made = []
    for name in names:
        recipe = recipes[name]
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
