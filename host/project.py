"""Where the project's files are: its packages, k8s/, chaos/, requirements/."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
