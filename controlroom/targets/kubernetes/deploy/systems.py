"""An overlay with a scenario on top: what belongs to it, its name, and the image with its code."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scenarios.loading import names
from scenarios.scenario import Scenario
from wire import keys

KUSTOMIZATION = "kustomization.yaml"
PLACES = ("k8s", "k8s/cluster")
"""Where a scenario has what every target runs, and what only clusters have."""
SERVICES = "localhost/controlroom/services"
"""The image of the pipeline; that of a user's scenario has the scenario's name behind it."""


@contextlib.contextmanager
def with_scenario(overlay: Path, scenario: Scenario) -> Iterator[Path]:
    """A folder with a kustomization of both, while the block runs."""
    with tempfile.TemporaryDirectory(prefix="controlroom-") as made:
        # kustomize takes other folders by relative paths alone
        folder = Path(made).resolve()
        home = scenario.folder
        places = [home / place for place in PLACES] if home is not None else []
        added = [place for place in places if (place / KUSTOMIZATION).is_file()]
        whole = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [os.path.relpath(overlay.resolve(), folder)],
            "components": [os.path.relpath(place, folder) for place in added],
            "patches": _patches(scenario.name),
            "images": [] if scenario.name in names() else [_image(scenario.name)],
        }
        (folder / KUSTOMIZATION).write_text(json.dumps(whole))
        yield folder


def _image(name: str) -> dict[str, str]:
    return {"name": SERVICES, "newName": f"{SERVICES}-{name}"}


def _patches(name: str) -> list[dict[str, Any]]:
    """What says which scenario it is."""
    values = {
        "SCENARIO": name,
        "EVENTS_TOPIC": keys.events_topic(name),
        "CONSUMER_GROUP": keys.consumer_group(name),
    }
    endpoints = {f"/data/{key}": value for key, value in values.items()}
    return [
        _patch("ConfigMap", "endpoints", endpoints),
        _patch("KafkaTopic", r".+\.events", {"/metadata/name": keys.events_topic(name)}),
        _patch("KafkaTopic", r".+\.rejected", {"/metadata/name": keys.rejected_topic(name)}),
    ]


def _patch(kind: str, name: str, values: Mapping[str, str]) -> dict[str, Any]:
    changes = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    return {"target": {"kind": kind, "name": name}, "patch": json.dumps(changes)}
