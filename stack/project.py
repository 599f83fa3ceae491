"""Where the project's files are: its packages, k8s/, chaos/, requirements/.

That is the clone, or in an installed package the folder that holds the same things.
"""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
