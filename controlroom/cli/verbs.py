"""The verbs: name -> module and one line of help. Nothing is imported before it is used."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import cast

from controlroom.cli.verb import Verb


@dataclass(frozen=True, slots=True)
class Entry:
    """One verb of the command line."""

    name: str
    line: str
    """What it does, one line."""

    def load(self) -> Verb:
        """Imports the verb's module."""
        return cast(Verb, importlib.import_module(f"controlroom.cli.{self.name}"))


VERBS = (
    Entry("launch", "open the room; brings the local stack up first"),
    Entry("up", "bring the local stack up and wait until it is ready"),
    Entry("down", "stop the local stack; what it stored stays"),
    Entry("status", "what runs: engines, deployments, pods"),
    Entry("doctor", "check this machine, with a fix for each fault"),
    Entry("info", "versions, paths and settings, and where each came from"),
    Entry("endpoints", "addresses of the ingress and of the stores"),
    Entry("books", "is everything that was acknowledged counted and stored?"),
    Entry("tallies", "the counters of the scenario"),
    Entry("logs", "stored events: the last ones, follow, total, purge"),
    Entry("metrics", "success rate, requests/s and latency per deployment"),
    Entry("scale", "set the number of replicas of a deployment"),
    Entry("run", "send load and say which bound ended it"),
    Entry("chaos", "list, preview, inject and stop faults"),
    Entry("deploy", "put an overlay on a cluster and wait until it is ready"),
    Entry("undeploy", "remove what deploy made, and nothing else"),
    Entry("lab", "real Kubernetes clusters on this machine"),
    Entry("torture", "break a scratch stack at random and look for every event"),
)
